use std::time::Duration;

use super::random::RandomSource;

/// How long to wait between two attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first delay, and the shortest one.
    pub initial: Duration,
    /// The longest delay before jitter: with jitter it may be longer by `jitter_factor`, as in the original.
    pub max: Duration,
    /// How the delay grows.
    pub growth: Growth,
    /// The delay is spread evenly by this part of itself in both directions; 0.2 means from 80% to 120%. Clamped to 0..=1.
    pub jitter_factor: f64,
}

/// How the delay changes from attempt to attempt. Source: `WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Twice the previous one.
    Doubling,
    /// Always `initial`, without jitter.
    Constant,
}

impl Backoff {
    /// The delay after attempt number `attempt` failed, counted from 1.
    ///
    /// `min(initial * 2^(attempt - 1), max)`, spread by the jitter, never below `initial`. Source: the webhook retries
    /// of the original, v2.3.6.
    pub fn delay(&self, attempt: u32, random: &impl RandomSource) -> Duration {
        if self.growth == Growth::Constant {
            return self.initial;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let delay = self.initial.saturating_mul(1 << doublings).min(self.max);
        let spread = random.unit().clamp(0.0, 1.0) * 2.0 - 1.0;
        let factor = 1.0 + spread * self.jitter();
        Duration::try_from_secs_f64(delay.as_secs_f64() * factor)
            .unwrap_or(self.max)
            .max(self.initial)
    }

    fn jitter(&self) -> f64 {
        if self.jitter_factor.is_nan() {
            0.0
        } else {
            self.jitter_factor.clamp(0.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::ThreadRandom;

    /// The defaults of the original.
    const BACKOFF: Backoff = Backoff {
        initial: Duration::from_secs(5),
        max: Duration::from_secs(300),
        growth: Growth::Doubling,
        jitter_factor: 0.2,
    };

    fn seconds(backoff: Backoff, unit: f64) -> Vec<f64> {
        (1..=9)
            .map(|attempt| {
                let delay = backoff.delay(attempt, &|| unit);
                (delay.as_secs_f64() * 1000.0).round() / 1000.0
            })
            .collect()
    }

    #[test]
    fn in_the_middle_of_the_jitter_it_just_doubles() {
        let expected = [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0];
        assert_eq!(seconds(BACKOFF, 0.5), expected);
    }

    #[test]
    fn at_the_low_end_it_never_falls_below_the_initial_delay() {
        let expected = [5.0, 8.0, 16.0, 32.0, 64.0, 128.0, 240.0, 240.0, 240.0];
        assert_eq!(seconds(BACKOFF, 0.0), expected);
    }

    #[test]
    fn at_the_high_end_it_may_pass_the_maximum_by_the_jitter() {
        let expected = [6.0, 12.0, 24.0, 48.0, 96.0, 192.0, 360.0, 360.0, 360.0];
        assert_eq!(seconds(BACKOFF, 1.0), expected);
    }

    #[test]
    fn constant_growth_knows_no_jitter() {
        let constant = Backoff {
            growth: Growth::Constant,
            ..BACKOFF
        };
        assert_eq!(seconds(constant, 1.0), [5.0; 9]);
    }

    #[test]
    fn extreme_values_stay_within_bounds() {
        let huge = Backoff {
            initial: Duration::from_secs(1),
            max: Duration::MAX,
            jitter_factor: f64::INFINITY,
            ..BACKOFF
        };
        assert!(huge.delay(u32::MAX, &|| 1.0) > Duration::from_secs(1 << 31));
        assert_eq!(huge.delay(0, &|| 0.5), Duration::from_secs(1));
        let not_a_number = Backoff {
            jitter_factor: f64::NAN,
            ..BACKOFF
        };
        assert_eq!(not_a_number.delay(2, &|| 0.9), Duration::from_secs(10));
    }

    #[test]
    fn real_chance_stays_within_the_jitter() {
        for _ in 0..1000 {
            let delay = BACKOFF.delay(3, &ThreadRandom).as_secs_f64();
            assert!((16.0..=24.0).contains(&delay), "{delay}");
        }
    }
}
