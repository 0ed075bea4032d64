use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// NATS transport. Source: `NATS_*`, `POMBO_NATS_JETSTREAM`.
#[derive(Debug, Clone)]
pub struct NatsConfig {
    /// `nats://user:password@host:4222`; several between commas.
    pub uri: SecretString,
    /// In front of the subjects of global events.
    pub prefix: Option<String>,
    /// Whether JetStream keeps the events.
    pub jetstream: bool,
    /// The events of all instances that are sent; `None` without `NATS_GLOBAL_ENABLED`.
    pub global: Option<EventFlags>,
}

impl NatsConfig {
    /// `None` when `NATS_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.flag(&env::NATS_ENABLED) {
            return None;
        }
        let Some(uri) = reader.optional_secret(&env::NATS_URI) else {
            reader.refuse(
                &env::NATS_URI,
                "the address of the servers, since NATS_ENABLED is `true`",
            );
            return None;
        };
        Some(Self {
            uri,
            prefix: reader.optional_text(&env::NATS_PREFIX_KEY),
            jetstream: reader.flag(&env::POMBO_NATS_JETSTREAM),
            global: reader
                .flag(&env::NATS_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::NATS)),
        })
    }
}
