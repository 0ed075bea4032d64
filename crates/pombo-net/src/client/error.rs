use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use url::Url;

use super::config::OutboundConfig;
use super::resolver::UnknownHost;
use crate::policy::{OutboundPolicy, Refused};

/// Why a request got no answer.
///
/// The texts are meant to be stored and shown: of the URL they name at most scheme, host and port, never user, password,
/// path or query, and never a header. For the same reason causes are kept as text, the innermost one: the library's
/// own errors carry the URL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OutboundError {
    /// The URL, or the target of a redirect, cannot be used.
    #[error("invalid URL: {reason}")]
    InvalidUrl {
        /// What is wrong, without the URL.
        reason: &'static str,
    },
    /// The host is, or resolves only to, addresses that the policy refuses.
    #[error("address {address} ({range}) is refused by the outbound policy `{policy}`")]
    Refused {
        /// The address as resolved or as written in the URL.
        address: IpAddr,
        /// What kind of address it is.
        range: &'static str,
        /// The policy in force.
        policy: OutboundPolicy,
    },
    /// The name has no address, or nobody could say.
    #[error("host `{host}` cannot be resolved: {cause}")]
    Dns {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// Nobody accepted the connection.
    #[error("connecting to {origin} failed: {cause}")]
    Connect {
        /// Scheme, host and port.
        origin: String,
        /// What the operating system said.
        cause: String,
    },
    /// It took too long to connect or to answer completely.
    #[error("{origin} did not answer within {limit:?}")]
    Timeout {
        /// Scheme, host and port.
        origin: String,
        /// The time that was allowed.
        limit: Duration,
    },
    /// The handshake failed, for example because of an unknown or expired certificate.
    #[error("TLS with {origin} failed: {cause}")]
    Tls {
        /// Scheme, host and port.
        origin: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The last allowed redirect was answered with another one.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// How many were followed.
        limit: usize,
    },
    /// The answer is longer than the caller wants.
    #[error("the answer is larger than {limit} bytes")]
    BodyTooLarge {
        /// The allowed size.
        limit: u64,
    },
    /// Everything else, mostly a connection that broke or an answer that is not HTTP.
    #[error("request to {origin} failed: {cause}")]
    Other {
        /// Scheme, host and port; `the HTTP client` when it could not be set up.
        origin: String,
        /// The innermost cause.
        cause: String,
    },
}

impl OutboundError {
    /// Whether the same request may succeed later without anybody changing the URL or our configuration.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::TooManyRedirects { .. }
            | Self::Other { .. } => true,
            Self::InvalidUrl { .. } | Self::Refused { .. } | Self::BodyTooLarge { .. } => false,
        }
    }

    /// Sorts an error that came before the head of the answer.
    pub(super) fn from_http(error: reqwest::Error, url: &Url, config: &OutboundConfig) -> Self {
        for cause in chain(&error) {
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return refused.clone().into();
            }
            if let Some(UnknownHost { host, cause }) = cause.downcast_ref() {
                return Self::Dns {
                    host: host.clone(),
                    cause: cause.clone(),
                };
            }
        }
        // Only the time for connecting is watched over by the library; the whole request is by `Deadline`.
        if error.is_timeout() {
            return Self::Timeout {
                origin: origin(url),
                limit: config.connect_timeout,
            };
        }
        let (origin, cause) = (origin(url), innermost(&error));
        if chain(&error).any(|cause| cause.is::<rustls::Error>()) {
            Self::Tls { origin, cause }
        } else if error.is_connect() {
            Self::Connect { origin, cause }
        } else {
            Self::Other { origin, cause }
        }
    }

    /// An error while the body arrived.
    pub(super) fn from_body(error: reqwest::Error, url: &Url) -> Self {
        Self::Other {
            origin: origin(url),
            cause: innermost(&error),
        }
    }

    /// The client could not be built.
    pub(super) fn setup(error: &(dyn Error + 'static)) -> Self {
        Self::Other {
            origin: "the HTTP client".to_owned(),
            cause: innermost(error),
        }
    }
}

impl From<Refused> for OutboundError {
    fn from(refused: Refused) -> Self {
        let Refused {
            address,
            range,
            policy,
        } = refused;
        Self::Refused {
            address,
            range,
            policy,
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| cause_of(error))
}

/// `io::Error::source` leaves out the error that it wraps and goes on with that error's source.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
