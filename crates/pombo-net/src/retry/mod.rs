//! When to try again.
//!
//! Nothing here waits or remembers: a schedule answers with a time, and the caller writes it down. The parts:
//! [`Backoff`] how long between two attempts, [`RetrySchedule`] when to stop, [`parse_retry_after`] what the server
//! asks for.

mod backoff;
mod random;
mod retry_after;
mod schedule;

pub use backoff::{Backoff, Growth};
pub use random::{RandomSource, ThreadRandom};
pub use retry_after::parse_retry_after;
pub use schedule::{NextAttempt, RetryLimit, RetrySchedule};
