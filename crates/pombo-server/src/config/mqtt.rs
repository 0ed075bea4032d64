use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// MQTT transport. Source: `POMBO_MQTT_*`.
#[derive(Debug, Clone)]
pub struct MqttConfig {
    /// `mqtt://user:password@host:1883`
    pub url: SecretString,
    /// The beginning of every topic.
    pub prefix: String,
    /// The events of all instances that are sent; `None` without `POMBO_MQTT_GLOBAL_ENABLED`.
    pub global: Option<EventFlags>,
}

impl MqttConfig {
    /// `None` when `POMBO_MQTT_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.flag(&env::POMBO_MQTT_ENABLED) {
            return None;
        }
        let Some(url) = reader.optional_secret(&env::POMBO_MQTT_URL) else {
            reader.refuse(
                &env::POMBO_MQTT_URL,
                "the broker's address, since POMBO_MQTT_ENABLED is `true`",
            );
            return None;
        };
        Some(Self {
            url,
            prefix: reader.text(&env::POMBO_MQTT_PREFIX),
            global: reader
                .flag(&env::POMBO_MQTT_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::MQTT)),
        })
    }
}
