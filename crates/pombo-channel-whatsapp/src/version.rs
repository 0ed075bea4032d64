//! Which version of WhatsApp Web we say we are.

use std::time::Duration;

use pombo_net::{HeaderMap, HeaderValue, OutboundClient, OutboundConfig, OutboundError};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::{debug, warn};
use wacore::store::Device;
use wacore::version::parse_sw_js;

use crate::transport::Target;

type Version = (u32, u32, u32);

/// Where the present version is written.
const SOURCE: &str = "https://web.whatsapp.com/sw.js";
/// How long one may wait for it: connecting must not depend on it.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// How long we do without after it could not be read.
const WITHOUT: Duration = Duration::from_secs(600);
/// How much of the file is read.
const MOST: usize = 4 * 1024 * 1024;

/// The version, asked for once for all instances.
pub(crate) struct Versions {
    fixed: Option<Version>,
    /// Whether the source may be asked.
    asks: bool,
    known: Mutex<Option<Known>>,
}

struct Known {
    version: Version,
    until: Instant,
}

impl Versions {
    pub(crate) fn new(configured: Option<Version>, target: &Target) -> Self {
        Self {
            fixed: configured,
            asks: target.is_whatsapp(),
            known: Mutex::new(None),
        }
    }

    /// The version to connect with. Answers after some seconds at most, whatever the source does.
    pub(crate) async fn current(&self) -> Version {
        if let Some(version) = self.fixed {
            return version;
        }
        if !self.asks {
            return built_in();
        }
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.until > Instant::now()) {
            return known.version;
        }
        let (version, good) = match fetch().await {
            Ok(Some(version)) => {
                debug!(
                    "WhatsApp Web is at {}.{}.{}",
                    version.0, version.1, version.2
                );
                (version.max(built_in()), FRESH)
            }
            Ok(None) => {
                warn!("{SOURCE} does not name a version; using the built-in one");
                (built_in(), WITHOUT)
            }
            Err(error) => {
                warn!(
                    "cannot ask for the version of WhatsApp Web, using the built-in one: {error}"
                );
                (built_in(), WITHOUT)
            }
        };
        *known = Some(Known {
            version,
            until: Instant::now() + good,
        });
        version
    }

    /// The network refused the present version. Whether another one can be tried.
    pub(crate) async fn refused(&self) -> bool {
        let before = self.current().await;
        if self.fixed.is_none() && self.asks {
            *self.known.lock().await = None;
        }
        self.current().await != before
    }
}

/// The version that the library was made for.
fn built_in() -> Version {
    let device = Device::new();
    (
        device.app_version_primary,
        device.app_version_secondary,
        device.app_version_tertiary,
    )
}

async fn fetch() -> Result<Option<Version>, OutboundError> {
    let client = OutboundClient::new(OutboundConfig {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        max_response_bytes: MOST,
        ..OutboundConfig::default()
    })?;
    let mut headers = HeaderMap::new();
    headers.insert("sec-fetch-site", HeaderValue::from_static("none"));
    headers.insert(
        "user-agent",
        HeaderValue::from_static(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        ),
    );
    let answer = client.get(SOURCE, headers, None).await?;
    Ok(parse_sw_js(&String::from_utf8_lossy(&answer.body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_configured_version_is_used_and_never_replaced() {
        let versions = Versions {
            fixed: Some((2, 3000, 7)),
            asks: true,
            known: Mutex::new(None),
        };
        assert_eq!(versions.current().await, (2, 3000, 7));
        assert!(!versions.refused().await);
    }

    #[tokio::test]
    async fn a_simulator_takes_the_built_in_version() {
        let versions = Versions {
            fixed: None,
            asks: false,
            known: Mutex::new(None),
        };
        assert_eq!(versions.current().await, built_in());
        assert!(built_in().2 > 1_000_000_000);
    }
}
