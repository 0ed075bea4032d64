use std::{
    fs::File,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use super::{addresses::AddressList, env, reader::Reader, variable::Variable};

/// Where and how the server listens. Source: `SERVER_*`, `SSL_CONF_*`.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// The certificate, when the server is to speak HTTPS itself.
    pub tls: Option<TlsFiles>,
    /// The address under which others reach the server, as written: `http://localhost:8080`.
    pub url: Option<String>,
    /// Whether there is a `/manager`.
    pub manager: bool,
    /// Proxies whose `X-Forwarded-*` headers are believed. Nobody by default.
    pub trusted_proxies: AddressList,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// The sender's name in SQS messages and group ids.
    pub name: String,
}

/// The files of the certificate. They were readable when the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The private key, PEM.
    pub private_key: PathBuf,
    /// The certificate with its chain, PEM.
    pub certificate_chain: PathBuf,
}

impl ServerConfig {
    /// What to bind.
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            listen: reader.address(&env::POMBO_LISTEN),
            port: u16::try_from(reader.integer(&env::SERVER_PORT)).unwrap_or_default(),
            tls: TlsFiles::read(reader),
            url: reader.optional_text(&env::SERVER_URL),
            manager: !reader.flag(&env::SERVER_DISABLE_MANAGER),
            trusted_proxies: reader
                .optional_addresses(&env::POMBO_TRUSTED_PROXIES)
                .unwrap_or_default(),
            body_limit: usize::try_from(reader.integer(&env::POMBO_BODY_LIMIT))
                .unwrap_or(usize::MAX),
            request_timeout: reader.duration(&env::POMBO_REQUEST_TIMEOUT),
            name: reader.text(&env::SERVER_NAME),
        }
    }
}

impl TlsFiles {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.word(&env::SERVER_TYPE) != Some("https") {
            return None;
        }
        let private_key = readable(reader, &env::SSL_CONF_PRIVKEY);
        let certificate_chain = readable(reader, &env::SSL_CONF_FULLCHAIN);
        Some(Self {
            private_key: private_key?,
            certificate_chain: certificate_chain?,
        })
    }
}

fn readable(reader: &mut Reader<'_>, variable: &Variable) -> Option<PathBuf> {
    let Some(path) = reader.optional_path(variable) else {
        reader.refuse(variable, "a PEM file, since SERVER_TYPE is `https`");
        return None;
    };
    let opened = File::open(&path).and_then(|file| file.metadata());
    match opened {
        Ok(metadata) if metadata.is_file() => return Some(path),
        Ok(_) => reader.refuse(variable, "a PEM file, and this is none"),
        Err(error) => reader.refuse(variable, format!("a PEM file that can be read ({error})")),
    }
    None
}
