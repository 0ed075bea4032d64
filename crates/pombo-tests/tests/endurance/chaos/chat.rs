//! Those who write: every account over the API, and every account's phone.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pombo_simulator::Simulator;
use pombo_tests::Client;
use serde_json::json;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use super::stage::{ACCOUNTS, Stage, name, number};
use super::trouble::Dice;

/// What was accepted, and what was at least tried. A text is never used twice.
#[derive(Default)]
pub(super) struct Ledger {
    stop: AtomicBool,
    unanswered: AtomicUsize,
    sent: Mutex<BTreeSet<Sent>>,
}

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) text: String,
    pub(super) from: usize,
    /// Nobody: everybody in the group.
    pub(super) to: Option<usize>,
    /// Through the API, and not by a phone.
    pub(super) by_us: bool,
    /// Its id, when a phone wrote it.
    pub(super) id: Option<String>,
}

impl fmt::Display for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} messages, {} not accepted",
            self.sent().len(),
            self.unanswered.load(Ordering::Relaxed)
        )
    }
}

impl Ledger {
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) -> BTreeSet<Sent> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, sent: Option<Sent>) {
        match sent {
            Some(sent) => {
                let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(sent);
            }
            None => {
                self.unanswered.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

pub(super) fn start(stage: &Stage, ledger: &Arc<Ledger>, seed: u64) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for account in 0..ACCOUNTS {
        let dice = Dice::new(seed ^ (account as u64) << 32);
        let writer = Writer {
            account,
            ledger: Arc::clone(ledger),
            group: stage.group.clone(),
            dice,
        };
        writers.spawn(writer.clone().over_the_api(stage.client.clone()));
        writers.spawn(writer.on_the_phone(Arc::clone(&stage.network)));
    }
    writers
}

#[derive(Clone)]
struct Writer {
    account: usize,
    ledger: Arc<Ledger>,
    group: String,
    dice: Dice,
}

impl Writer {
    /// The next message and where it goes.
    fn next(&mut self, by_us: bool, count: usize) -> (Sent, String) {
        let other = usize::try_from(self.dice.below(ACCOUNTS as u64 - 1)).unwrap_or(0);
        let other = (self.account + 1 + other) % ACCOUNTS;
        let to = (self.dice.below(12) != 0).then_some(other);
        let by = if by_us { "api" } else { "phone" };
        let sent = Sent {
            text: format!("{} {by} {count}", name(self.account)),
            from: self.account,
            to,
            by_us,
            id: None,
        };
        (sent, to.map_or_else(|| self.group.clone(), number))
    }

    async fn pause(&mut self, shortest: u64) {
        let pause = Duration::from_millis(shortest + self.dice.below(shortest));
        tokio::time::sleep(pause).await;
    }

    async fn over_the_api(mut self, client: Client) {
        let path = format!("/message/sendText/{}", name(self.account));
        for count in 0.. {
            if self.ledger.stop.load(Ordering::Relaxed) {
                return;
            }
            let (sent, number) = self.next(true, count);
            let request = client
                .request(reqwest::Method::POST, &path)
                .json(&json!({"number": number, "text": sent.text, "linkPreview": false}))
                .timeout(Duration::from_secs(60));
            let answer = client.try_send(request).await;
            let accepted = answer.is_ok_and(|answer| answer.status == 201);
            self.ledger.note(accepted.then_some(sent));
            self.pause(if accepted { 250 } else { 500 }).await;
        }
    }

    async fn on_the_phone(mut self, network: Arc<RwLock<Option<Simulator>>>) {
        for count in 0.. {
            if self.ledger.stop.load(Ordering::Relaxed) {
                return;
            }
            let (mut sent, to) = self.next(false, count);
            if let Some(network) = &*network.read().await {
                let phone = network.phone(&number(self.account));
                let by = phone.send_text(&to, &sent.text).await.ok();
                sent.id = by.map(|by| by.id);
            }
            self.ledger.note(sent.id.is_some().then_some(sent));
            self.pause(1000).await;
        }
    }
}
