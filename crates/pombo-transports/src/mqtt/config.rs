use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rumqttc::Transport;
use rumqttc::v5::MqttOptions;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Time between two signs of life.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Seconds that connecting may take.
const CONNECT_TIMEOUT: u64 = 10;

/// The MQTT transport. Source: `POMBO_MQTT_*`.
#[derive(Debug, Clone)]
pub struct MqttConfig {
    /// `mqtt://user:password@host:1883`; `mqtts` for TLS, on port 8883 unless another is given.
    pub url: SecretString,
    /// The beginning of every topic.
    pub prefix: String,
}

/// Why MQTT cannot be used. The texts do not repeat the address: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum MqttConfigError {
    /// `POMBO_MQTT_URL` cannot be read.
    #[error("the address of MQTT cannot be read: expected mqtt://user:password@host:1883")]
    Url,
    /// TLS without a way to check the broker.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl MqttConfig {
    pub(super) fn options(&self) -> Result<MqttOptions, MqttConfigError> {
        let url = Url::parse(self.url.expose_secret()).map_err(|_| MqttConfigError::Url)?;
        let (transport, port) = match url.scheme() {
            "mqtt" | "tcp" => (Transport::Tcp, 1883),
            "mqtts" | "ssl" => (Transport::tls_with_config(tls()?.into()), 8883),
            _ => return Err(MqttConfigError::Url),
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or(MqttConfigError::Url)?;
        let client = format!("pombo-{:016x}", fastrand::u64(..));
        let mut options = MqttOptions::new(client, host, url.port().unwrap_or(port));
        options
            .set_transport(transport)
            .set_keep_alive(KEEP_ALIVE)
            .set_connection_timeout(CONNECT_TIMEOUT)
            .set_clean_start(true);
        if !url.username().is_empty() {
            options.set_credentials(
                decoded(url.username())?,
                decoded(url.password().unwrap_or_default())?,
            );
        }
        Ok(options)
    }
}

fn decoded(text: &str) -> Result<String, MqttConfigError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| MqttConfigError::Url)
}

/// Trusts what the system trusts.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
