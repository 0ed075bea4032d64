use std::time::Duration;

/// The native WebSocket.
#[derive(Debug, Clone)]
pub struct WebSocketConfig {
    /// How often the client is pinged. Default 25 s.
    pub ping_interval: Duration,
    /// How long it may stay silent after a ping. Default 20 s.
    pub ping_timeout: Duration,
    /// Frames that wait for one client; with more it has fallen behind. Default 1024.
    pub queue_frames: usize,
    /// Bytes that wait for one client; with more it has fallen behind. Default 8 MiB.
    pub queue_bytes: usize,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            queue_frames: 1024,
            queue_bytes: 8 * 1024 * 1024,
        }
    }
}
