//! How long things took.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Steps to each power of two: values are off by 3% at most.
const STEPS: usize = 32;

/// A histogram of durations, filled from many tasks.
#[derive(Debug)]
pub struct Histogram {
    buckets: Vec<AtomicU64>,
    count: AtomicU64,
    max: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..64 * STEPS).map(|_| AtomicU64::new(0)).collect(),
            count: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Adds one duration.
    pub fn add(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds).min(self.buckets.len() - 1)].fetch_add(1, Relaxed);
        self.count.fetch_add(1, Relaxed);
        self.max.fetch_max(nanoseconds, Relaxed);
    }

    /// Adds all that another one has.
    pub fn merge(&self, other: &Self) {
        for (bucket, more) in self.buckets.iter().zip(&other.buckets) {
            bucket.fetch_add(more.load(Relaxed), Relaxed);
        }
        self.count.fetch_add(other.count(), Relaxed);
        self.max.fetch_max(other.max.load(Relaxed), Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// The duration below which this share of them lies, in milliseconds.
    #[must_use]
    pub fn milliseconds(&self, share: f64) -> f64 {
        let wanted = (self.count() as f64 * share) as u64;
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket.load(Relaxed);
            if seen > wanted {
                return value(index) as f64 / 1e6;
            }
        }
        self.longest()
    }

    /// The longest, in milliseconds.
    #[must_use]
    pub fn longest(&self) -> f64 {
        self.max.load(Relaxed) as f64 / 1e6
    }
}

fn bucket(value: u64) -> usize {
    if value < STEPS as u64 {
        return value as usize;
    }
    let exponent = 63 - value.leading_zeros() as usize;
    ((exponent - 4) * STEPS) + ((value >> (exponent - 5)) as usize % STEPS)
}

fn value(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    ((STEPS + bucket % STEPS) as u64) << (bucket / STEPS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_it_says() {
        for number in [0, 1, 31, 32, 33, 63, 64, 1000, 123_456_789, u64::MAX / 2] {
            let shown = value(bucket(number));
            assert!(
                shown <= number && number - shown <= number / 32,
                "{number} is shown as {shown}"
            );
        }
    }

    #[test]
    fn merged_is_as_if_added() {
        let (one, other) = (Histogram::default(), Histogram::default());
        (1..=500).for_each(|milliseconds| one.add(Duration::from_millis(milliseconds)));
        (501..=1000).for_each(|milliseconds| other.add(Duration::from_millis(milliseconds)));
        one.merge(&other);
        assert_eq!((one.count(), one.longest()), (1000, 1000.0));
        assert!((480.0..=510.0).contains(&one.milliseconds(0.5)));
    }

    #[test]
    fn shares_are_in_order() {
        let histogram = Histogram::default();
        (1..=1000).for_each(|milliseconds| histogram.add(Duration::from_millis(milliseconds)));
        assert!((480.0..=510.0).contains(&histogram.milliseconds(0.5)));
        assert!((960.0..=1000.0).contains(&histogram.milliseconds(0.99)));
        assert_eq!(histogram.longest(), 1000.0);
    }
}
