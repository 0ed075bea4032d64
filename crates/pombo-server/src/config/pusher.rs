use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// Pusher transport. Source: `PUSHER_*`.
#[derive(Debug, Clone)]
pub struct PusherConfig {
    /// A compatible server, as `host` or `host:port`.
    pub host: Option<String>,
    /// The app for the events of all instances; `None` without `PUSHER_GLOBAL_ENABLED`.
    pub global: Option<PusherApp>,
}

/// The app for the events of all instances.
#[derive(Debug, Clone)]
pub struct PusherApp {
    /// Its id.
    pub app_id: String,
    /// Its key.
    pub key: String,
    /// Its secret.
    pub secret: SecretString,
    /// Its cluster.
    pub cluster: String,
    /// Whether TLS is used.
    pub tls: bool,
    /// Which events.
    pub events: EventFlags,
}

impl PusherConfig {
    /// `None` when `PUSHER_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.flag(&env::PUSHER_ENABLED) {
            return None;
        }
        Some(Self {
            host: Self::host(reader),
            global: reader
                .flag(&env::PUSHER_GLOBAL_ENABLED)
                .then(|| PusherApp::read(reader)),
        })
    }

    fn host(reader: &mut Reader<'_>) -> Option<String> {
        let host = reader.optional_text(&env::POMBO_PUSHER_HOST)?;
        let plain = |one: char| one.is_ascii_alphanumeric() || "-._:[]".contains(one);
        if !host.chars().all(plain) {
            reader.refuse(&env::POMBO_PUSHER_HOST, "`host` or `host:port`");
        }
        Some(host)
    }
}

impl PusherApp {
    fn read(reader: &mut Reader<'_>) -> Self {
        const EXPECTED: &str = "a text, since PUSHER_GLOBAL_ENABLED is `true`";
        for variable in [
            &env::PUSHER_GLOBAL_APP_ID,
            &env::PUSHER_GLOBAL_KEY,
            &env::PUSHER_GLOBAL_SECRET,
            &env::PUSHER_GLOBAL_CLUSTER,
        ] {
            if reader.text_of(variable).is_none() {
                reader.refuse(variable, EXPECTED);
            }
        }
        Self {
            app_id: reader
                .optional_text(&env::PUSHER_GLOBAL_APP_ID)
                .unwrap_or_default(),
            key: reader
                .optional_text(&env::PUSHER_GLOBAL_KEY)
                .unwrap_or_default(),
            secret: reader
                .optional_secret(&env::PUSHER_GLOBAL_SECRET)
                .unwrap_or_default(),
            cluster: reader
                .optional_text(&env::PUSHER_GLOBAL_CLUSTER)
                .unwrap_or_default(),
            tls: reader.flag(&env::PUSHER_GLOBAL_USE_TLS),
            events: reader.event_flags(event_flags::PUSHER),
        }
    }
}
