//! What all channels of this kind have in common. The server reads the environment and fills this in.

use std::time::Duration;

use pombo_domain::proxy::Proxy;

/// How our clients show themselves to WhatsApp. Source: `CONFIG_SESSION_PHONE_*`, `QRCODE_LIMIT`, `PROXY_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappConfig {
    /// Name in the phone's list of linked devices.
    pub client: String,
    /// Which browser we say we are: `Chrome`, `Firefox`, `Edge`, `Safari`, `Opera`, `Desktop`.
    pub browser: String,
    /// Version of WhatsApp Web to speak; `None`: the present one.
    pub version: Option<(u32, u32, u32)>,
    /// How many QR codes one attempt to link shows before it gives up.
    pub qr_limit: u32,
    /// Proxy of instances that have none of their own.
    pub proxy: Option<Proxy>,
    /// How often an open connection has to answer a ping.
    pub watch: Duration,
    /// A simulator's address, `ws://127.0.0.1:port/path`. Only a build with the feature `sandbox` takes one, and such a
    /// build takes nothing else.
    pub simulator: Option<String>,
}

impl Default for WhatsappConfig {
    fn default() -> Self {
        Self {
            client: "Evolution API".to_owned(),
            browser: "Chrome".to_owned(),
            version: None,
            qr_limit: 30,
            proxy: None,
            watch: Duration::from_secs(30),
            simulator: None,
        }
    }
}
