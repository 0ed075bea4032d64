//! Outbound HTTP: the client, the addresses it may talk to, and when to try again.

pub mod policy;
pub mod retry;

pub use policy::{OutboundPolicy, Refused, UnknownPolicy};
pub use retry::{
    Backoff, Growth, NextAttempt, RandomSource, RetryLimit, RetrySchedule, ThreadRandom,
    parse_retry_after,
};
