//! What the rules need to know. The server reads the environment and fills this in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::subscription::{Subscription, TransportKind};
use secrecy::SecretString;

/// Everything the rules are configured with.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The global API key. Source: `AUTHENTICATION_API_KEY`.
    pub api_key: SecretString,
    /// Put the instance's token into the envelope's `apikey`. Source: `AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES`.
    pub expose_token: bool,
    /// Only instances of this name are loaded. Source: `DATABASE_CONNECTION_CLIENT_NAME`.
    pub client_name: String,
    /// How envelopes look.
    pub envelope: EnvelopeStyle,
    /// What is stored beside the events.
    pub save: SaveSwitches,
    /// Every event also goes to the receivers of everything. Source: `WEBSOCKET_GLOBAL_EVENTS`.
    pub websocket_global: bool,
    /// How long events are kept. Source: `POMBO_EVENT_RETENTION`.
    pub retention: Duration,
    /// At most so many events are kept. Source: `POMBO_EVENT_MAX_ROWS`.
    pub max_events: u64,
    /// A new instance that never opened is deleted after this time. Source: `DEL_INSTANCE`.
    pub delete_unopened_after: Option<Duration>,
    /// Per transport the subscription that gets the events of every instance. Source: `WEBHOOK_GLOBAL_*` and its like.
    pub global: BTreeMap<TransportKind, Arc<Subscription>>,
    /// When a failed delivery is tried again.
    pub retry: RetrySchedule,
    /// What a message that the account sends has as its sender's name. Source: `POMBO_OWN_PUSH_NAME`.
    pub own_name: String,
    /// The dark colour of QR codes, `#rrggbb`. Source: `QRCODE_COLOR`.
    pub qr_color: String,
}

/// What is stored. Source: `DATABASE_SAVE_*`.
#[derive(Debug, Clone, Copy)]
pub struct SaveSwitches {
    /// Messages.
    pub messages: bool,
    /// Status changes of messages.
    pub message_updates: bool,
    /// Contacts.
    pub contacts: bool,
    /// Chats.
    pub chats: bool,
    /// What the phone tells of the past.
    pub history: bool,
    /// Labels.
    pub labels: bool,
    /// Which numbers are on WhatsApp; how long that is believed.
    pub numbers: Option<Duration>,
    /// Whether a message that the API deleted for everyone stays, marked as deleted.
    pub keep_revoked: bool,
}

impl Default for SaveSwitches {
    fn default() -> Self {
        Self {
            messages: true,
            message_updates: true,
            contacts: true,
            chats: true,
            history: true,
            labels: true,
            numbers: Some(Duration::from_secs(7 * 86_400)),
            keep_revoked: true,
        }
    }
}

/// A delivery that has failed, as far as the schedule cares.
#[derive(Debug, Clone, Copy)]
pub struct FailedDelivery {
    /// Attempts so far, at least 1.
    pub attempts: u32,
    /// How old the event is.
    pub age: Duration,
    /// The receiver asked for this much patience.
    pub asked: Option<Duration>,
}

type Delays = dyn Fn(FailedDelivery) -> Option<Duration> + Send + Sync;

/// Says how long to wait after a failed delivery, or that it was the last try.
#[derive(Clone)]
pub struct RetrySchedule(Arc<Delays>);

impl RetrySchedule {
    /// A schedule from a function.
    pub fn new(delay: impl Fn(FailedDelivery) -> Option<Duration> + Send + Sync + 'static) -> Self {
        Self(Arc::new(delay))
    }

    /// How long to wait; `None` when it is over.
    #[must_use]
    pub fn after(&self, failed: FailedDelivery) -> Option<Duration> {
        (self.0)(failed)
    }
}

impl fmt::Debug for RetrySchedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RetrySchedule")
    }
}

impl GatewayConfig {
    /// The defaults with this key: what tests and the plainest server use.
    #[must_use]
    pub fn with_api_key(api_key: SecretString) -> Self {
        Self {
            api_key,
            expose_token: false,
            client_name: "evolution".to_owned(),
            envelope: EnvelopeStyle::default(),
            save: SaveSwitches::default(),
            websocket_global: false,
            retention: Duration::from_secs(72 * 3600),
            max_events: 5_000_000,
            delete_unopened_after: None,
            global: BTreeMap::new(),
            // Compatible.
            own_name: "Você".to_owned(),
            qr_color: "#198754".to_owned(),
            retry: RetrySchedule::new(|failed| {
                let delay =
                    Duration::from_secs(5) * 2u32.saturating_pow((failed.attempts - 1).min(9));
                (failed.age < Duration::from_secs(72 * 3600))
                    .then(|| delay.max(failed.asked.unwrap_or_default()))
            }),
        }
    }
}
