//! Many accounts come back together after a restart or an outage: in parallel, but not all at once.

use std::sync::Arc;
use std::time::Duration;

use pombo_net::{RandomSource, ThreadRandom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Logins under way at the same time, over all instances. A login costs two handshakes and some dozen small writes.
const TOGETHER: usize = 24;
/// The first pause after a connection was lost; the first of all is between nothing and this.
const FIRST: Duration = Duration::from_millis(1000);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(300);
/// A connection that lasted so long was a good one.
const STABLE: Duration = Duration::from_secs(30);

/// Shared by all channels of a server.
#[derive(Debug)]
pub(crate) struct Pacing(Arc<Semaphore>);

impl Pacing {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(TOGETHER)))
    }

    /// Waits for a place among those who log in. `None` never happens while the server runs.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

/// How long one instance waits between attempts: doubling, and spread so that those who fell together rise apart.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A connection ended that had been open since then, or was never open. Answers how long to wait.
    pub(crate) fn after(
        &mut self,
        opened: Option<Instant>,
        random: &impl RandomSource,
    ) -> Duration {
        if opened.is_some_and(|since| since.elapsed() >= STABLE) {
            self.failures = 0;
        }
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let part = if doublings == 0 {
            random.unit()
        } else {
            0.5 + random.unit() / 2.0
        };
        whole.mul_f64(part.clamp(0.0, 1.0))
    }

    /// The same with chance.
    pub(crate) fn next(&mut self, opened: Option<Instant>) -> Duration {
        self.after(opened, &ThreadRandom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(f64);

    impl RandomSource for Always {
        fn unit(&self) -> f64 {
            self.0
        }
    }

    #[test]
    fn pauses_double_up_to_five_minutes_and_are_spread() {
        let mut longest = Backoff::default();
        let mut shortest = Backoff::default();
        let most: Vec<u128> = (0..12)
            .map(|_| longest.after(None, &Always(1.0)).as_millis())
            .collect();
        let least: Vec<u128> = (0..12)
            .map(|_| shortest.after(None, &Always(0.0)).as_millis())
            .collect();
        assert_eq!(most[..5], [1000, 2000, 4000, 8000, 16_000]);
        assert_eq!(least[..5], [0, 1000, 2000, 4000, 8000]);
        assert_eq!((most[11], least[11]), (300_000, 150_000));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_connection_that_lasted_makes_it_forget() {
        let mut backoff = Backoff::default();
        backoff.after(None, &Always(1.0));
        backoff.after(None, &Always(1.0));
        let opened = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(
            backoff.after(Some(opened), &Always(1.0)),
            Duration::from_secs(4)
        );
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(
            backoff.after(Some(opened), &Always(1.0)),
            Duration::from_secs(1)
        );
    }
}
