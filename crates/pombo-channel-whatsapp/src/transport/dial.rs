//! One TCP connection, through a proxy where there is one.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pombo_domain::channel::ChannelError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};

use super::route::{Route, Speech};
use super::target::Target;

/// For reaching the proxy, and for what it does then, together.
const PATIENCE: Duration = Duration::from_secs(15);
/// For an answer to somebody who saves a proxy.
const TRIAL: Duration = Duration::from_secs(8);
/// The longest answer to `CONNECT` that is read.
const HEAD: usize = 16 * 1024;

/// Bytes both ways.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
pub(crate) type BoxedStream = Box<dyn Stream>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The proxy is not there, is none, or does not take the login.
    #[error("proxy: {0}")]
    Proxy(String),
    /// The other end was not reached; the proxy, if there is one, did its part.
    #[error("{0}")]
    Far(String),
}

/// Connects; names are resolved by the proxy when there is one.
pub(crate) async fn dial(
    target: &Target,
    route: Option<&Route>,
    tls: &Arc<ClientConfig>,
) -> Result<BoxedStream, DialError> {
    let dialled = timeout(PATIENCE, async {
        let Some(route) = route else {
            let stream = TcpStream::connect((target.host(), target.port()))
                .await
                .map_err(|error| DialError::Far(error.to_string()))?;
            return Ok(Box::new(quick(stream)) as BoxedStream);
        };
        let stream = TcpStream::connect((route.host.as_str(), route.port))
            .await
            .map_err(|error| DialError::Proxy(error.to_string()))?;
        through(quick(stream), target, route, tls).await
    });
    dialled
        .await
        .unwrap_or_else(|_| Err(DialError::Far("no answer in time".to_owned())))
}

/// Whether a proxy is there, is one, and takes the login. What is behind it does not matter.
pub(crate) async fn probe(
    target: &Target,
    route: &Route,
    tls: &Arc<ClientConfig>,
) -> Result<(), ChannelError> {
    match timeout(TRIAL, dial(target, Some(route), tls)).await {
        Ok(Ok(_) | Err(DialError::Far(_))) => Ok(()),
        Ok(Err(error @ DialError::Proxy(_))) => Err(ChannelError::Invalid(error.to_string())),
        Err(_) => Err(ChannelError::Invalid("proxy: no answer in time".to_owned())),
    }
}

fn quick(stream: TcpStream) -> TcpStream {
    // Small frames that somebody waits for.
    stream.set_nodelay(true).ok();
    stream
}

async fn through(
    stream: TcpStream,
    target: &Target,
    route: &Route,
    tls: &Arc<ClientConfig>,
) -> Result<BoxedStream, DialError> {
    let to = (target.host(), target.port());
    match route.speech {
        Speech::Http => connect(Box::new(stream), target, route).await,
        Speech::Https => {
            let name = ServerName::try_from(route.host.clone())
                .map_err(|_| DialError::Proxy("its name is no name for TLS".to_owned()))?;
            let stream = TlsConnector::from(Arc::clone(tls))
                .connect(name, stream)
                .await
                .map_err(|error| DialError::Proxy(error.to_string()))?;
            connect(Box::new(stream), target, route).await
        }
        Speech::Socks5 => {
            let opened = match &route.login {
                Some((user, password)) => {
                    Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
                }
                None => Socks5Stream::connect_with_socket(stream, to).await,
            };
            opened
                .map(|stream| Box::new(stream.into_inner()) as BoxedStream)
                .map_err(socks)
        }
        Speech::Socks4 => {
            let opened = match &route.login {
                Some((user, _)) => {
                    Socks4Stream::connect_with_userid_and_socket(stream, to, user).await
                }
                None => Socks4Stream::connect_with_socket(stream, to).await,
            };
            opened
                .map(|stream| Box::new(stream.into_inner()) as BoxedStream)
                .map_err(socks)
        }
    }
}

fn socks(error: tokio_socks::Error) -> DialError {
    use tokio_socks::Error;
    match error {
        Error::GeneralSocksServerFailure
        | Error::ConnectionNotAllowedByRuleset
        | Error::NetworkUnreachable
        | Error::HostUnreachable
        | Error::ConnectionRefused
        | Error::TtlExpired => DialError::Far(error.to_string()),
        _ => DialError::Proxy(error.to_string()),
    }
}

/// HTTP `CONNECT`.
async fn connect(
    mut stream: BoxedStream,
    target: &Target,
    route: &Route,
) -> Result<BoxedStream, DialError> {
    let proxy = |error: std::io::Error| DialError::Proxy(error.to_string());
    let host = if target.host().contains(':') {
        format!("[{}]", target.host())
    } else {
        target.host().to_owned()
    };
    let port = target.port();
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some((user, password)) = &route.login {
        let login = STANDARD.encode(format!("{user}:{password}"));
        request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(proxy)?;
    stream.flush().await.map_err(proxy)?;
    // One byte at a time: what follows the head belongs to the other end.
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD {
            return Err(DialError::Proxy("its answer does not end".to_owned()));
        }
        head.push(stream.read_u8().await.map_err(proxy)?);
    }
    match status(&head) {
        Some(200..=299) => Ok(stream),
        Some(code @ 500..=599) => Err(DialError::Far(format!("the proxy answered {code}"))),
        Some(407) => Err(DialError::Proxy("it does not take the login".to_owned())),
        Some(code) => Err(DialError::Proxy(format!("it answered {code}"))),
        None => Err(DialError::Proxy("it does not speak HTTP".to_owned())),
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head).ok()?.lines().next()?;
    let mut words = line.split(' ');
    words.next()?.strip_prefix("HTTP/1.")?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_answer_is_read() {
        assert_eq!(status(b"HTTP/1.0 200 OK\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.1 407\r\n\r\n"), Some(407));
        assert_eq!(status(b"SSH-2.0-x\r\n\r\n"), None);
        assert_eq!(status(&[0xff, b' ', b'2']), None);
    }
}
