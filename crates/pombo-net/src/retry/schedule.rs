use std::time::Duration;

use super::backoff::{Backoff, Growth};
use super::random::RandomSource;

/// No server can make us wait longer than this with `Retry-After`, unless our own backoff is slower.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// When to try again and when to give up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySchedule {
    /// The time between two attempts.
    pub backoff: Backoff,
    /// The end.
    pub limit: RetryLimit,
}

/// When a delivery is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryLimit {
    /// After so many attempts, the first one included. Source: `WEBHOOK_RETRY_MAX_ATTEMPTS`.
    Attempts(u32),
    /// When the next attempt would come later than this after the first one.
    Age(Duration),
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAttempt {
    /// Try again after this time.
    After(Duration),
    /// That was the last one: the delivery is dead.
    GiveUp,
}

impl RetrySchedule {
    /// The answer to attempt number `attempt` (from 1) having failed, `age` after the first attempt.
    ///
    /// A `Retry-After` of the server can lengthen the delay up to an hour, and never shorten it.
    pub fn next(
        &self,
        attempt: u32,
        age: Duration,
        retry_after: Option<Duration>,
        random: &impl RandomSource,
    ) -> NextAttempt {
        let wished = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let delay = self.backoff.delay(attempt, random).max(wished);
        let over = match self.limit {
            RetryLimit::Attempts(most) => attempt >= most,
            RetryLimit::Age(longest) => age.saturating_add(delay) > longest,
        };
        if over {
            NextAttempt::GiveUp
        } else {
            NextAttempt::After(delay)
        }
    }
}

impl Default for RetrySchedule {
    /// 5 s, doubling with jitter up to 1 h, for 72 h: a receiver that was broken over a weekend still gets everything.
    fn default() -> Self {
        Self {
            backoff: Backoff {
                initial: Duration::from_secs(5),
                max: Duration::from_secs(60 * 60),
                growth: Growth::Doubling,
                jitter_factor: 0.2,
            },
            limit: RetryLimit::Age(Duration::from_secs(72 * 60 * 60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: fn() -> f64 = || 0.5;

    #[test]
    fn the_default_goes_on_for_72_hours_and_then_gives_up() {
        let schedule = RetrySchedule::default();
        let mut age = Duration::ZERO;
        let mut attempt = 1;
        while let NextAttempt::After(delay) = schedule.next(attempt, age, None, &MIDDLE) {
            assert!(delay >= Duration::from_secs(5) && delay <= Duration::from_secs(3600));
            age += delay;
            attempt += 1;
        }
        let hours = age.as_secs() / 3600;
        assert_eq!((hours, attempt), (71, 81));
    }

    #[test]
    fn a_number_of_attempts_counts_the_first_one() {
        let schedule = RetrySchedule {
            limit: RetryLimit::Attempts(3),
            ..RetrySchedule::default()
        };
        let after = |attempt| schedule.next(attempt, Duration::MAX, None, &MIDDLE);
        assert_eq!(after(1), NextAttempt::After(Duration::from_secs(5)));
        assert_eq!(after(2), NextAttempt::After(Duration::from_secs(10)));
        assert_eq!(after(3), NextAttempt::GiveUp);
        assert_eq!(after(4), NextAttempt::GiveUp);
    }

    #[test]
    fn the_server_can_lengthen_the_delay_but_neither_shorten_it_nor_stop_us() {
        let schedule = RetrySchedule::default();
        let after =
            |wish| schedule.next(3, Duration::ZERO, Some(Duration::from_secs(wish)), &MIDDLE);
        assert_eq!(after(1), NextAttempt::After(Duration::from_secs(20)));
        assert_eq!(after(90), NextAttempt::After(Duration::from_secs(90)));
        assert_eq!(
            after(u64::MAX),
            NextAttempt::After(Duration::from_secs(3600))
        );
    }
}
