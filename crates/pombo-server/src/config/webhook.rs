use std::time::Duration;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// Webhooks. Source: `WEBHOOK_*`.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// The webhook for the events of all instances.
    pub global: Option<GlobalWebhook>,
    /// Where error answers of the API are posted.
    pub errors: Option<ErrorWebhook>,
    /// How long a receiver may take.
    pub request_timeout: Duration,
    /// When a delivery is tried again.
    pub retry: WebhookRetry,
}

/// The webhook for the events of all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalWebhook {
    /// Where to, as written. It may hold a token: not for logs.
    pub url: String,
    /// Whether the event's name is appended.
    pub by_events: bool,
    /// Which events.
    pub events: EventFlags,
}

/// Where error answers of the API are posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorWebhook {
    /// Where to, as written. It may hold a token: not for logs.
    pub url: String,
}

/// When a delivery is tried again; `None` where nothing was set.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookRetry {
    /// How often at most, the first try included.
    pub max_attempts: Option<u32>,
    /// The time before the second try.
    pub initial_delay: Option<Duration>,
    /// Whether the time doubles.
    pub exponential: Option<bool>,
    /// The longest time between two tries.
    pub max_delay: Option<Duration>,
    /// How much chance varies the time, from 0 to 1.
    pub jitter: Option<f64>,
    /// Answers after which a delivery is not tried again.
    pub non_retryable: Vec<u16>,
}

impl WebhookConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let global_url = reader.optional_text(&env::WEBHOOK_GLOBAL_URL);
        let errors_url = reader.optional_text(&env::WEBHOOK_EVENTS_ERRORS_WEBHOOK);
        Self {
            global: global_url
                .filter(|_| reader.flag(&env::WEBHOOK_GLOBAL_ENABLED))
                .map(|url| GlobalWebhook {
                    url,
                    by_events: reader.flag(&env::WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS),
                    events: reader.event_flags(event_flags::WEBHOOK),
                }),
            errors: errors_url
                .filter(|_| reader.flag(&env::WEBHOOK_EVENTS_ERRORS))
                .map(|url| ErrorWebhook { url }),
            request_timeout: Duration::from_millis(
                reader.integer(&env::WEBHOOK_REQUEST_TIMEOUT_MS),
            ),
            retry: WebhookRetry::read(reader),
        }
    }
}

impl WebhookRetry {
    /// Whether nothing about the times was set, so that our own schedule (72 hours) applies instead of the original's.
    pub fn is_unset(&self) -> bool {
        self.max_attempts.is_none()
            && self.initial_delay.is_none()
            && self.exponential.is_none()
            && self.max_delay.is_none()
            && self.jitter.is_none()
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let attempts = reader.optional_integer(&env::WEBHOOK_RETRY_MAX_ATTEMPTS);
        Self {
            max_attempts: attempts.and_then(|attempts| u32::try_from(attempts).ok()),
            initial_delay: reader
                .optional_integer(&env::WEBHOOK_RETRY_INITIAL_DELAY_SECONDS)
                .map(Duration::from_secs),
            exponential: reader.optional_flag(&env::WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF),
            max_delay: reader
                .optional_integer(&env::WEBHOOK_RETRY_MAX_DELAY_SECONDS)
                .map(Duration::from_secs),
            jitter: reader.optional_fraction(&env::WEBHOOK_RETRY_JITTER_FACTOR),
            non_retryable: reader.status_codes(&env::WEBHOOK_RETRY_NON_RETRYABLE_STATUS_CODES),
        }
    }
}
