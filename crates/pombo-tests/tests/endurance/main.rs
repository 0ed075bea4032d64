//! Long runs against the real binary: isolation of receivers from each other, a soak with random faults, and accounts that
//! chat through all that can go wrong.

mod brokers;
mod chaos;
#[expect(dead_code, reason = "the crash tests ask for more")]
#[path = "../it/crash_follow.rs"]
mod crash_follow;
mod isolation;
mod receiver;
mod soak;
