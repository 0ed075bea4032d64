//! Long runs against the real binary: isolation of receivers from each other, and a soak with random faults.

mod isolation;
mod receiver;
mod soak;
