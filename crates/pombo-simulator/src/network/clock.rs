//! The network's time: real by default, and in a test's hands when it wants to.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// The time that the network lives in. Cheap to clone; all clones are the same clock.
///
/// It decides about everything that expires or is stamped: QR codes, timestamps, tokens. The transport (the pause after the
/// handshake) lives in real time.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Arc<watch::Sender<Reading>>,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    /// Real time, shifted.
    Running { ahead: Duration },
    /// Stands still.
    Frozen { at: Duration },
}

impl Reading {
    fn since_epoch(self) -> Duration {
        match self {
            Self::Running { ahead } => real() + ahead,
            Self::Frozen { at } => at,
        }
    }
}

fn real() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Arc::new(watch::Sender::new(Reading::Running {
                ahead: Duration::ZERO,
            })),
        }
    }
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let now = self.now.borrow().since_epoch().as_millis();
        u64::try_from(now).unwrap_or(u64::MAX)
    }

    /// Seconds since 1970, as stanzas carry them.
    pub fn now(&self) -> u64 {
        self.now.borrow().since_epoch().as_secs()
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        matches!(*self.now.borrow(), Reading::Frozen { .. })
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.now.send_modify(|reading| {
            *reading = Reading::Frozen {
                at: reading.since_epoch(),
            };
        });
    }

    /// Lets the clock run again, from where it stands.
    pub fn resume(&self) {
        self.now.send_modify(|reading| {
            *reading = Reading::Running {
                ahead: reading.since_epoch().saturating_sub(real()),
            };
        });
    }

    /// Moves the clock forward, frozen or not. Whatever was due by then happens.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|reading| match reading {
            Reading::Running { ahead } => *ahead += by,
            Reading::Frozen { at } => *at += by,
        });
    }

    /// Sleeps on this clock.
    pub async fn sleep(&self, duration: Duration) {
        let mut changes = self.now.subscribe();
        let due = changes.borrow_and_update().since_epoch() + duration;
        loop {
            let reading = *changes.borrow_and_update();
            let missing = due.saturating_sub(reading.since_epoch());
            if missing.is_zero() {
                return;
            }
            match reading {
                Reading::Frozen { .. } => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
                Reading::Running { .. } => {
                    tokio::select! {
                        () = tokio::time::sleep(missing) => return,
                        changed = changes.changed() => if changed.is_err() { return },
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frozen_clock_moves_only_when_it_is_moved() {
        let clock = Clock::default();
        clock.freeze();
        let before = clock.now_ms();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(clock.now_ms(), before);
        // Two steps: the first must not wake the sleeper for good.
        clock.advance(Duration::from_secs(1800));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1800));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .expect("the sleeper wakes")
            .expect("the sleeper does not panic");
        assert_eq!(clock.now_ms(), before + 3_600_000);
    }

    #[test]
    fn a_clock_that_runs_again_goes_on_from_where_it_stood() {
        let clock = Clock::default();
        clock.freeze();
        clock.advance(Duration::from_secs(86_400));
        let stood = clock.now_ms();
        clock.resume();
        let ahead = clock.now_ms() - stood;
        assert!(ahead < 10_000, "{ahead}");
    }
}
