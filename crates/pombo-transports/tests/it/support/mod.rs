//! What the tests share.

#[cfg(any(feature = "rabbitmq", feature = "nats", feature = "mqtt"))]
pub(crate) mod broker;
pub(crate) mod fakes;
pub(crate) mod http;
pub(crate) mod script;
pub(crate) mod sio;
pub(crate) mod world;

use std::time::Duration;

pub(crate) use fakes::{GLOBAL_KEY, event};
pub(crate) use sio::Sio;
pub(crate) use world::{World, quick};

/// How long a condition may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Waits for a future, but not for ever.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    soon(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
