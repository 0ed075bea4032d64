use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// RabbitMQ transport. Source: `RABBITMQ_*`.
#[derive(Debug, Clone)]
pub struct RabbitmqConfig {
    /// `amqp://user:password@host:5672/vhost`
    pub uri: SecretString,
    /// Exchange for every event.
    pub exchange: String,
    /// The largest frame, in bytes.
    pub frame_max: u32,
    /// In front of the names of global queues.
    pub prefix: Option<String>,
    /// The events of all instances that are sent; `None` without `RABBITMQ_GLOBAL_ENABLED`.
    pub global: Option<EventFlags>,
}

impl RabbitmqConfig {
    /// `None` when `RABBITMQ_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.flag(&env::RABBITMQ_ENABLED) {
            return None;
        }
        let Some(uri) = reader.optional_secret(&env::RABBITMQ_URI) else {
            reader.refuse(
                &env::RABBITMQ_URI,
                "the broker's address, since RABBITMQ_ENABLED is `true`",
            );
            return None;
        };
        Some(Self {
            uri,
            exchange: reader.text(&env::RABBITMQ_EXCHANGE_NAME),
            frame_max: u32::try_from(reader.integer(&env::RABBITMQ_FRAME_MAX)).unwrap_or(u32::MAX),
            prefix: reader.optional_text(&env::RABBITMQ_PREFIX_KEY),
            global: reader
                .flag(&env::RABBITMQ_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::RABBITMQ)),
        })
    }
}
