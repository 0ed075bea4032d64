//! What must be true in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chat::{Ledger, Sent};
use super::say;
use super::stage::{ACCOUNTS, Stage, name};

/// How long what waits may take to arrive once the trouble is over.
const DRAIN: Duration = Duration::from_secs(180);
/// Rows in a page.
const PAGE: usize = 500;

/// The texts in a store, each with the ids under which it is there: more than one is one too many.
type Stored = BTreeMap<String, Vec<(String, bool)>>;

pub(super) async fn check(stage: &mut Stage, ledger: &Arc<Ledger>, timeline: &str) {
    // What a connection did not bring, the next one does.
    stage.restart_network().await;
    stage.everybody_is_open().await;
    let sent = ledger.sent();
    let start = Instant::now();
    let mut stored = all_stored(stage).await;
    while !missing(&sent, &stored).is_empty() && start.elapsed() < DRAIN {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stored = all_stored(stage).await;
    }
    let missing = missing(&sent, &stored);
    if !missing.is_empty() {
        let traces = traces(stage, &missing).await;
        let (missing, sent) = (missing.len(), sent.len());
        panic!("{missing} of {sent} are missing:\n{traces}\n{timeline}");
    }
    for (account, texts) in stored.iter().enumerate() {
        for (text, ids) in texts {
            assert_eq!(ids.len(), 1, "{} has {text} more than once", name(account));
        }
    }
    told(stage, &stored, start).await;
    let network = stage.network.read().await;
    if let Some(network) = &*network {
        network.assert_clean();
    }
    say(&format!(
        "everything arrived {} ms after the trouble",
        start.elapsed().as_millis()
    ));
}

/// Who should have it and does not.
fn missing(sent: &BTreeSet<Sent>, stored: &[Stored]) -> Vec<(usize, Sent)> {
    let mut missing = Vec::new();
    for message in sent {
        let readers = match message.to {
            Some(to) => vec![message.from, to],
            None => (0..ACCOUNTS).collect(),
        };
        for reader in readers {
            if !stored[reader].contains_key(&message.text) {
                missing.push((reader, message.clone()));
            }
        }
    }
    missing
}

/// What is known of messages that are missing: where they should be, and what the server has logged of them.
async fn traces(stage: &Stage, missing: &[(usize, Sent)]) -> String {
    let log = stage.whole_log().await;
    let mut traces = String::new();
    for (reader, message) in missing {
        let there = stored(stage, message.from).await;
        let there = there.get(&message.text).into_iter().flatten();
        let ids: BTreeSet<_> = there
            .map(|(id, _)| id.clone())
            .chain(message.id.clone())
            .collect();
        traces.push_str(&format!("{}: {message:?} {ids:?}\n", name(*reader)));
        for id in &ids {
            for of in [message.from, *reader] {
                let path = format!("/chat/findMessages/{}", name(of));
                let body = json!({"where": {"key": {"id": id}}});
                let found = stage.client.post(&path, &body).await.json();
                traces.push_str(&format!("    {}\n", found["messages"]["records"]));
            }
            for line in log.lines().filter(|line| line.contains(id)) {
                traces.push_str(&format!("    {line}\n"));
            }
        }
    }
    traces
}

async fn all_stored(stage: &Stage) -> Vec<Stored> {
    let mut all = Vec::new();
    for account in 0..ACCOUNTS {
        all.push(stored(stage, account).await);
    }
    all
}

/// Every text in an instance's store, by its pages.
async fn stored(stage: &Stage, account: usize) -> Stored {
    let mut texts = Stored::new();
    let path = format!("/chat/findMessages/{}", name(account));
    for page in 1.. {
        let body = json!({"where": {}, "offset": PAGE, "page": page});
        let answer = stage.client.post(&path, &body).await.expect(200).json();
        let records = answer["messages"]["records"].as_array().expect("records");
        for record in records {
            // What was not accepted may be there as a failure, at the sender only.
            if let Some(text) = record["message"]["conversation"].as_str() {
                let key = &record["key"];
                let id = key["id"].as_str().expect("an id").to_owned();
                let mine = key["fromMe"] == true;
                texts.entry(text.to_owned()).or_default().push((id, mine));
            }
        }
        if answer["messages"]["pages"].as_u64().unwrap_or(0) <= page {
            break;
        }
    }
    texts
}

/// Waits until webhook and follower of every instance have been told of everything in its store that was ever told.
async fn told(stage: &Stage, stored: &[Stored], start: Instant) {
    for (account, texts) in stored.iter().enumerate() {
        let name = name(account);
        let log = logged(stage, &name).await;
        for (text, ids) in texts {
            for (id, mine) in ids {
                let times = log.iter().filter(|(_, key)| key == id).count();
                // A message of ours whose sending was cut off is in the store, and told by its status only.
                assert!(
                    times == 1 || (*mine && times == 0),
                    "{name}: {text} ({id}) is {times} times in the log"
                );
            }
        }
        let events: BTreeSet<_> = log.iter().map(|(event, _)| event.clone()).collect();
        loop {
            let hooked: BTreeSet<_> = stage
                .receiver
                .calls()
                .iter()
                .filter(|call| call.line == name && call.accepted)
                .map(|call| call.id.clone())
                .collect();
            let seen: BTreeSet<_> = {
                let notes = stage.followers[account].notes();
                // An orderly goodbye of a server that is stopped is none.
                let trouble: Vec<_> = notes
                    .trouble
                    .iter()
                    .filter(|trouble| *trouble != "refused: 1")
                    .collect();
                assert!(trouble.is_empty(), "{name}: {trouble:?}");
                notes.seen.iter().map(|seen| seen.id.clone()).collect()
            };
            let behind = [&hooked, &seen].map(|sink| events.difference(sink).count());
            if behind == [0, 0] {
                break;
            }
            assert!(
                start.elapsed() < DRAIN * 2,
                "{name}: the webhook lacks {}, the client {} of {} events",
                behind[0],
                behind[1],
                events.len()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Ids of the events that tell of a message, with the message's id.
async fn logged(stage: &Stage, name: &str) -> Vec<(String, String)> {
    let mut log = Vec::new();
    for kind in ["messages.upsert", "send.message"] {
        let mut after = 0;
        loop {
            let path = format!("/event/find/{name}?kind={kind}&limit=1000&after={after}");
            let page: Value = stage.client.get(&path).await.expect(200).json();
            for event in page["events"].as_array().expect("a list") {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                log.push((text(&event["id"]), text(&event["data"]["key"]["id"])));
            }
            after = page["through"].as_i64().expect("a place");
            if after >= page["head"].as_i64().expect("a place") {
                break;
            }
        }
    }
    log
}
