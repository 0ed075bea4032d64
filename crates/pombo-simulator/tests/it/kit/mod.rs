//! What the tests need: a simulator, real clients that are linked to it, and a client that sends whatever a test wants.

mod admin;
mod client;
mod http;
pub(crate) mod query;
mod raw;

pub(crate) use admin::Admin;
pub(crate) use client::{Client, ClientOptions, store, text};
pub(crate) use raw::{Approach, RawClient, RawCompanion, attribute};

use pombo_simulator::Simulator;

/// Numbers of accounts, invented.
pub(crate) const ALICE: &str = "5511900000001";
pub(crate) const BOB: &str = "5511900000002";
pub(crate) const CAROL: &str = "5511900000003";
pub(crate) const DAVE: &str = "5511900000004";

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
    Simulator::start().await.expect("the simulator starts")
}
