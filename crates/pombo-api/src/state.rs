//! What the routes need to know. The server fills it in.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use pombo_core::Gateway;
use pombo_domain::port::LiveFeed;
pub use pombo_domain::port::PeerAddress;
use pombo_domain::subscription::TransportKind;
use secrecy::SecretString;

use crate::error::ErrorReport;
use crate::layer::{CorsPolicy, HttpCounters};

/// Everything behind the routes.
pub struct ApiState {
    /// The running program.
    pub gateway: Arc<Gateway>,
    /// The native WebSocket; `None` when it is switched off.
    pub feed: Option<Arc<dyn LiveFeed>>,
    /// How the routes behave.
    pub config: ApiConfig,
    /// The text of `/metrics`; `None` when it is switched off.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    /// Told of every error answer, for `WEBHOOK_EVENTS_ERRORS`. Must not block.
    pub error_hook: Option<ErrorHook>,
    /// What the routes counted, for the metrics.
    pub counters: Arc<HttpCounters>,
}

/// Told of every error answer.
pub type ErrorHook = Arc<dyn Fn(&ErrorReport) + Send + Sync>;

/// A set of addresses.
#[derive(Clone)]
pub struct AddressRule(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl AddressRule {
    /// A set from a function. It is asked for addresses in their own family: never `::ffff:10.0.0.1`.
    pub fn new(contains: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(contains))
    }

    /// The empty set.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(|_| false)
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        (self.0)(address.to_canonical())
    }
}

impl fmt::Debug for AddressRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AddressRule")
    }
}

/// How the routes behave.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Public address of the server. Source: `SERVER_URL`.
    pub server_url: Option<String>,
    /// Shown by `GET /`; left out when not known.
    pub whatsapp_web_version: Option<String>,
    /// What `verify-creds` and the create answer say about Meta.
    pub meta: MetaConfig,
    /// Transports that are switched on. Per-instance webhooks always are.
    pub transports: BTreeSet<TransportKind>,
    /// `POST /webhook/evolution` asks for a key. Source: `POMBO_EVOLUTION_WEBHOOK_AUTH`.
    pub inbound_key_required: bool,
    /// Largest body in bytes. Source: `POMBO_BODY_LIMIT`.
    pub body_limit: usize,
    /// How long a request may take, `delay` aside. Source: `POMBO_REQUEST_TIMEOUT`.
    pub request_timeout: Duration,
    /// Whose `X-Forwarded-*` count. Source: `POMBO_TRUSTED_PROXIES`.
    pub trusted_proxies: AddressRule,
    /// Who needs no key on the native WebSocket. Source: `WEBSOCKET_ALLOWED_HOSTS`.
    pub websocket_exempt: AddressRule,
    /// Largest message of a WebSocket client in bytes.
    pub websocket_message_limit: usize,
    /// Which pages of other origins may call.
    pub cors: CorsPolicy,
    /// Who may read `/metrics`.
    pub metrics_access: MetricsAccess,
}

/// Meta's side, as far as the routes show it. Source: `WA_BUSINESS_*`, `FACEBOOK_*`.
#[derive(Debug, Clone, Default)]
pub struct MetaConfig {
    /// `WA_BUSINESS_TOKEN_WEBHOOK`
    pub webhook_token: String,
    /// `FACEBOOK_APP_ID`
    pub app_id: Option<String>,
    /// `FACEBOOK_CONFIG_ID`
    pub config_id: Option<String>,
    /// `FACEBOOK_USER_TOKEN`
    pub user_token: Option<String>,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Default)]
pub struct MetricsAccess {
    /// Only these addresses; `None` is everybody. Source: `METRICS_ALLOWED_IPS`.
    pub addresses: Option<AddressRule>,
    /// Only with Basic authentication. Source: `METRICS_AUTH_REQUIRED`.
    pub basic: Option<MetricsLogin>,
}

/// The login for `/metrics`; unset values let nobody in.
#[derive(Debug, Clone, Default)]
pub struct MetricsLogin {
    /// `METRICS_USER`
    pub user: Option<String>,
    /// `METRICS_PASSWORD`
    pub password: Option<SecretString>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            server_url: None,
            whatsapp_web_version: None,
            meta: MetaConfig {
                webhook_token: "evolution".to_owned(),
                ..MetaConfig::default()
            },
            transports: BTreeSet::from([TransportKind::Webhook, TransportKind::Websocket]),
            inbound_key_required: false,
            body_limit: 136 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            trusted_proxies: AddressRule::nobody(),
            websocket_exempt: AddressRule::nobody(),
            websocket_message_limit: 1_000_000,
            cors: CorsPolicy::any(),
            metrics_access: MetricsAccess::default(),
        }
    }
}

impl ApiConfig {
    pub(crate) fn is_on(&self, transport: TransportKind) -> bool {
        transport == TransportKind::Webhook || self.transports.contains(&transport)
    }
}

/// The state as handlers get it.
#[derive(Clone)]
pub(crate) struct Api(Arc<ApiState>);

impl Api {
    pub(crate) fn new(state: ApiState) -> Self {
        Self(Arc::new(state))
    }
}

impl Deref for Api {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.0
    }
}

impl FromRef<Api> for Arc<Gateway> {
    fn from_ref(api: &Api) -> Self {
        Arc::clone(&api.gateway)
    }
}
