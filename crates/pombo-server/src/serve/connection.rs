//! The accept loop, and one task per connection.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pombo_domain::port::PeerAddress;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::stall::StallGuard;

/// Bounds that hold before anybody is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A request's head must arrive within this time.
    pub head: Duration,
    /// A write must not be pending longer than this.
    pub stall: Duration,
    /// A TLS handshake must end within this time.
    pub handshake: Duration,
    /// Longest path and query, in bytes.
    pub uri: usize,
    /// Largest head, in bytes; at least 8 KiB.
    pub head_bytes: usize,
    /// Most headers of a request.
    pub headers: usize,
    /// How long requests may take to end when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(20),
            stall: Duration::from_secs(18),
            handshake: Duration::from_secs(10),
            uri: 16 * 1024,
            head_bytes: 64 * 1024,
            headers: 128,
            drain: Duration::from_secs(4),
        }
    }
}

/// Serves until `stop` ends, then lets requests in flight end within `limits.drain`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let (connections, ending) = (TaskTracker::new(), CancellationToken::new());
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to come back instead of spinning.
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if let Err(error) = prepare(&stream) {
            debug!("cannot prepare a connection: {error}");
            continue;
        }
        let stream = StallGuard::new(stream, limits.stall);
        let (router, ending, tls) = (router.clone(), ending.clone(), tls.clone());
        connections.spawn(async move {
            match tls {
                None => connection(stream, peer, router, limits, ending).await,
                Some(tls) => match tokio::time::timeout(limits.handshake, tls.accept(stream)).await
                {
                    Ok(Ok(stream)) => connection(stream, peer, router, limits, ending).await,
                    Ok(Err(error)) => debug!("TLS handshake failed: {error}"),
                    Err(_) => debug!("TLS handshake took too long"),
                },
            }
        });
    }
    drop(listener);
    ending.cancel();
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait())
        .await
        .is_err()
    {
        warn!("some requests did not end in time");
    }
}

fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

async fn connection<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    ending: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, request, peer, limits).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ending.cancelled() => {
            // The request in flight is answered, then the connection ends.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!("connection ended: {error}");
    }
}

async fn answer(
    router: Router,
    request: Request<hyper::body::Incoming>,
    peer: SocketAddr,
    limits: Limits,
) -> Response {
    let length = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if length > limits.uri {
        return too_long();
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddress(peer));
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn too_long() -> Response {
    let body = r#"{"status":414,"error":"URI Too Long","response":{"message":["The request target is too long"]}}"#;
    (
        StatusCode::URI_TOO_LONG,
        [(
            http::header::CONTENT_TYPE,
            "application/json; charset=utf-8",
        )],
        body,
    )
        .into_response()
}
