use std::time::Duration;

/// The Pusher transport. Source: `PUSHER_*`. The apps themselves are options of the subscriptions.
#[derive(Debug, Clone)]
pub struct PusherConfig {
    /// `host` or `host:port` of a compatible server, instead of `api-{cluster}.pusher.com` (`POMBO_PUSHER_HOST`).
    pub host: Option<String>,
    /// How long one attempt may take. Default 30 s.
    pub timeout: Duration,
}

impl Default for PusherConfig {
    fn default() -> Self {
        Self {
            host: None,
            timeout: Duration::from_secs(30),
        }
    }
}
