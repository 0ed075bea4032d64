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
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: SecretString,
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// A compatible server instead of Amazon's.
    pub endpoint: Option<String>,
    /// Larger messages are given up, in bytes.
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
        if !reader.flag(&env::SQS_ENABLED) {
            return None;
        }
        for variable in [
            &env::SQS_ACCESS_KEY_ID,
            &env::SQS_SECRET_ACCESS_KEY,
            &env::SQS_ACCOUNT_ID,
            &env::SQS_REGION,
        ] {
            if reader.text_of(variable).is_none() {
                reader.refuse(variable, "a text, since SQS_ENABLED is `true`");
            }
        }
        Some(Self {
            access_key_id: reader
                .optional_text(&env::SQS_ACCESS_KEY_ID)
                .unwrap_or_default(),
            secret_access_key: reader
                .optional_secret(&env::SQS_SECRET_ACCESS_KEY)
                .unwrap_or_default(),
            account_id: reader
                .optional_text(&env::SQS_ACCOUNT_ID)
                .unwrap_or_default(),
            region: reader.optional_text(&env::SQS_REGION).unwrap_or_default(),
            endpoint: reader.optional_text(&env::POMBO_SQS_ENDPOINT),
            max_payload: reader.integer(&env::SQS_MAX_PAYLOAD_SIZE),
            single_queue: reader.flag(&env::SQS_GLOBAL_FORCE_SINGLE_QUEUE),
            global_prefix: reader.text(&env::SQS_GLOBAL_PREFIX_NAME),
            global: reader
                .flag(&env::SQS_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::SQS)),
        })
    }
}
