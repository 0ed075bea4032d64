use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// Amazon SQS transport. Source: `SQS_*`.
#[derive(Debug, Clone)]
pub struct SqsConfig {
    /// The access key's id.
    pub access_key_id: Option<String>,
    /// The access key.
    pub secret_access_key: Option<SecretString>,
    /// The account.
    pub account_id: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Larger messages go to S3, in bytes.
    pub max_payload: u64,
    /// Whether one queue takes all events.
    pub single_queue: bool,
    /// In front of the names of global queues.
    pub global_prefix: String,
    /// The events of all instances that are sent; `None` without `SQS_GLOBAL_ENABLED`.
    pub global: Option<EventFlags>,
}

impl SqsConfig {
    /// `None` when `SQS_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.flag(&env::SQS_ENABLED).then(|| Self {
            access_key_id: reader.optional_text(&env::SQS_ACCESS_KEY_ID),
            secret_access_key: reader.optional_secret(&env::SQS_SECRET_ACCESS_KEY),
            account_id: reader.optional_text(&env::SQS_ACCOUNT_ID),
            region: reader.optional_text(&env::SQS_REGION),
            max_payload: reader.integer(&env::SQS_MAX_PAYLOAD_SIZE),
            single_queue: reader.flag(&env::SQS_GLOBAL_FORCE_SINGLE_QUEUE),
            global_prefix: reader.text(&env::SQS_GLOBAL_PREFIX_NAME),
            global: reader
                .flag(&env::SQS_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::SQS)),
        })
    }
}
