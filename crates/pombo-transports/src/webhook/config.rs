use std::time::Duration;

/// The webhook transport. Source: `WEBHOOK_*`.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// How long one attempt may take. Default 30 s (`WEBHOOK_REQUEST_TIMEOUT_MS`).
    pub timeout: Duration,
    /// Status codes after which another try would end the same. Default 400, 401, 403, 404, 422
    /// (`WEBHOOK_RETRY_NON_RETRYABLE_STATUS_CODES`).
    pub non_retryable: Vec<u16>,
    /// Default `Pombo/<version>`.
    pub user_agent: String,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            non_retryable: vec![400, 401, 403, 404, 422],
            user_agent: concat!("Pombo/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
