//! What the live transports count, for whoever publishes metrics.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters of one live transport. Read them whenever you like; they are never reset.
#[derive(Debug, Default)]
pub struct LiveMetrics {
    clients: AtomicUsize,
    delivered: AtomicU64,
    dropped_slow: AtomicU64,
    dropped_volatile: AtomicU64,
    refused_handshakes: AtomicU64,
    refused_joins: AtomicU64,
}

impl LiveMetrics {
    /// Clients connected right now.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Deliveries handed to a client's queue: one event to two clients counts twice.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Clients disconnected because they fell behind.
    pub fn dropped_slow(&self) -> u64 {
        self.dropped_slow.load(Ordering::Relaxed)
    }

    /// Volatile events (presence) that a client with a full queue did not get.
    pub fn dropped_volatile(&self) -> u64 {
        self.dropped_volatile.load(Ordering::Relaxed)
    }

    /// Handshakes refused by the gate, for any reason.
    pub fn refused_handshakes(&self) -> u64 {
        self.refused_handshakes.load(Ordering::Relaxed)
    }

    /// Namespace joins refused.
    pub fn refused_joins(&self) -> u64 {
        self.refused_joins.load(Ordering::Relaxed)
    }

    pub(crate) fn client_came(&self) {
        self.clients.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn client_left(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn add_delivered(&self, count: u64) {
        self.delivered.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn slow_client(&self) {
        self.dropped_slow.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn volatile_dropped(&self) {
        self.dropped_volatile.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn handshake_refused(&self) {
        self.refused_handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn join_refused(&self) {
        self.refused_joins.fetch_add(1, Ordering::Relaxed);
    }
}
