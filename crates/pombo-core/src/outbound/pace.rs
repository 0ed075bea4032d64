//! A pace for what an instance sends: pauses by chance between messages, and caps per minute, hour and day.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::settings::Pacing;

/// Nobody waits longer than this for a turn; whoever had to is refused at once.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Hands out the turns of one instance, in the order in which they are asked for. Kept in memory: it begins anew with the server.
#[derive(Debug, Default)]
pub(crate) struct Pacer(Mutex<VecDeque<i64>>);

/// The next turn is too far away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this instance sends at a pace: try again in {} s", .0.as_secs())]
pub struct TooFast(
    /// How long until a turn would be near enough, in whole seconds, at least one.
    pub Duration,
);

impl Pacer {
    /// When the message may be sent. `chance` from 0 to 1 decides how long the pause is.
    pub(crate) fn turn(
        &self,
        pacing: &Pacing,
        now: Timestamp,
        chance: f64,
    ) -> Result<Duration, TooFast> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis();
        while turns.front().is_some_and(|turn| *turn <= now - DAY_MS) {
            turns.pop_front();
        }
        let mut due = now;
        if let Some(last) = turns.back() {
            let (shortest, longest) = (pacing.min_delay, pacing.max_delay.max(pacing.min_delay));
            let pause = shortest as f64 + (longest - shortest) as f64 * chance.clamp(0.0, 1.0);
            due = due.max(last.saturating_add(pause as i64));
        }
        for (cap, window) in [
            (pacing.per_minute, MINUTE_MS),
            (pacing.per_hour, HOUR_MS),
            (pacing.per_day, DAY_MS),
        ] {
            // The cap counts every span of that length: this turn comes after the one `cap` places before it has left the span.
            let before = turns.len().checked_sub(cap as usize);
            if cap > 0
                && let Some(turn) = before.and_then(|before| turns.get(before))
            {
                due = due.max(turn + window);
            }
        }
        let wait = Duration::from_millis(u64::try_from(due - now).unwrap_or_default());
        if wait > LONGEST_WAIT {
            let after = wait.saturating_sub(LONGEST_WAIT).as_secs() + 1;
            return Err(TooFast(Duration::from_secs(after)));
        }
        turns.push_back(due);
        // More than the largest cap is of no use.
        let most = pacing
            .per_minute
            .max(pacing.per_hour)
            .max(pacing.per_day)
            .max(1) as usize;
        while turns.len() > most {
            turns.pop_front();
        }
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
    }

    #[test]
    fn without_limits_nobody_waits() {
        let pacer = Pacer::default();
        for _ in 0..100 {
            let turn = pacer.turn(&Pacing::default(), at(0), 0.5);
            assert_eq!(turn, Ok(Duration::ZERO));
        }
    }

    #[test]
    fn pauses_lie_between_the_two_limits_and_follow_each_other() {
        let pacing = Pacing {
            min_delay: 1000,
            max_delay: 3000,
            ..Pacing::default()
        };
        let pacer = Pacer::default();
        let turn = |chance| pacer.turn(&pacing, at(0), chance);
        assert_eq!(turn(0.5), Ok(Duration::ZERO));
        assert_eq!(turn(0.0), Ok(Duration::from_secs(1)));
        assert_eq!(turn(1.0), Ok(Duration::from_secs(4)));
        assert_eq!(turn(0.5), Ok(Duration::from_secs(6)));
        // After a longer silence the pause is over.
        assert_eq!(pacer.turn(&pacing, at(100), 1.0), Ok(Duration::ZERO));
    }

    #[test]
    fn caps_count_every_span_of_their_length() {
        let pacing = Pacing {
            per_minute: 2,
            per_hour: 3,
            ..Pacing::default()
        };
        let pacer = Pacer::default();
        let turn = |seconds| pacer.turn(&pacing, at(seconds), 0.0);
        assert_eq!(turn(0), Ok(Duration::ZERO));
        assert_eq!(turn(10), Ok(Duration::ZERO));
        assert_eq!(turn(20), Ok(Duration::from_secs(40)));
        // The hour is full until an hour after the first.
        let Err(TooFast(after)) = turn(70) else {
            panic!("the fourth within an hour")
        };
        assert_eq!(after, Duration::from_secs(3600 - 70 - 60 + 1));
        // Who was refused took no turn.
        assert_eq!(turn(3599), Ok(Duration::from_secs(1)));
    }

    #[test]
    fn memory_is_bounded_by_the_caps() {
        let pacing = Pacing {
            per_minute: 5,
            ..Pacing::default()
        };
        let pacer = Pacer::default();
        for second in 0..10_000 {
            let turn = pacer.turn(&pacing, at(second * 60), 0.0);
            assert_eq!(turn, Ok(Duration::ZERO));
        }
        assert!(pacer.0.lock().unwrap().len() <= 5);
    }
}
