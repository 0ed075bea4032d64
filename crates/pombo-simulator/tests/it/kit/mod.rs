//! What the tests need: a simulator, real clients that are linked to it, and a client that sends whatever a test wants.

mod client;
mod http;
mod raw;

pub(crate) use client::{Client, ClientOptions, store, text};
pub(crate) use raw::{Approach, RawClient, RawCompanion, attribute};

use pombo_simulator::Simulator;

/// Numbers of accounts, invented.
pub(crate) const ALICE: &str = "5511900000001";
pub(crate) const BOB: &str = "5511900000002";
pub(crate) const CAROL: &str = "5511900000003";

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// A strict simulator.
pub(crate) async fn simulator() -> Simulator {
    let subscriber = std::env::var("SIMULATOR_LOG").is_ok();
    if subscriber {
        kit_log();
    }
    Simulator::start().await.expect("the simulator starts")
}

/// `SIMULATOR_LOG=1`: what happens, on standard error.
fn kit_log() {
    use tracing::Subscriber;
    struct Print;
    impl Subscriber for Print {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target().starts_with("pombo_simulator")
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            struct Visit(String);
            impl tracing::field::Visit for Visit {
                fn record_debug(
                    &mut self,
                    field: &tracing::field::Field,
                    value: &dyn std::fmt::Debug,
                ) {
                    use std::fmt::Write as _;
                    write!(self.0, " {}={value:?}", field.name()).ok();
                }
            }
            let mut visit = Visit(String::new());
            event.record(&mut visit);
            eprintln!("{:?}{}", std::time::SystemTime::now().elapsed(), visit.0);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }
    // Another test of this process may have set it.
    tracing::subscriber::set_global_default(Print).ok();
}
