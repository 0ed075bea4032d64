//! Twenty WhatsApp accounts chat while connections drop, the network misbehaves, and server and network are restarted and
//! killed. In the end every message that was accepted is exactly once in the store of whom it was for, and every sink has
//! heard of it.
//!
//! A part of `scripts/test.sh`; `scripts/chaos.sh` runs it longer. The order of the trouble comes from a seed, which is printed.

mod audit;
mod chat;
mod stage;
mod trouble;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chat::Ledger;
use stage::Stage;
use trouble::{Dice, Trouble};

/// How long the chatting lasts; `POMBO_CHAOS_SECONDS` changes it.
const SECONDS: u64 = 30;
/// Another one makes another run; `POMBO_CHAOS_SEED` changes it.
const SEED: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: scripts/chaos.sh"]
async fn every_message_arrives_once_whatever_happens() {
    let seconds = number("POMBO_CHAOS_SECONDS", SECONDS);
    let seed = number("POMBO_CHAOS_SEED", SEED);
    say(&format!("chatting for {seconds} s, seed {seed}"));
    let mut stage = Stage::start(seed).await;
    let ledger = Arc::new(Ledger::default());
    let mut chatting = chat::start(&stage, &ledger, seed);

    let mut trouble = Trouble::new(Dice::new(seed));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        trouble.next(&mut stage).await;
    }
    trouble.over(&mut stage).await;
    ledger.stop();
    while let Some(ended) = chatting.join_next().await {
        ended.expect("a writer does not fail");
    }
    say(&format!("{trouble}; {ledger}"));
    audit::check(&mut stage, &ledger, &trouble.timeline()).await;
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[expect(clippy::print_stdout, reason = "the figures are worth knowing")]
fn say(text: &str) {
    println!("{text}");
}
