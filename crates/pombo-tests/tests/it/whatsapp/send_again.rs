//! Messages that a connection took with it when it ended, and that are written again.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use pombo_simulator::media::MediaKind;
use pombo_simulator::{Simulator, VirtualPhone};
use pombo_tests::DEADLINE;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

/// Ann's linked instance, and Bob's phone. Connections that faults end are no violation.
async fn stage() -> (Stage, VirtualPhone) {
    let stage = Stage::with(Simulator::builder().strict(false), &[]).await;
    stage.linked("acme", ANN).await;
    stage.simulator.add_account(BOB, "Bob");
    let bob = stage.simulator.phone(BOB);
    (stage, bob)
}

/// The next such stanza that passes here ends the connection, and gets no further.
fn end_at(stage: &Stage, point: FaultPoint, tag: &str) {
    let fault = Fault::StreamError {
        code: 503,
        conflict: None,
    };
    let rule = FaultRule::new(point, fault)
        .account(ANN)
        .stanza(StanzaFilter::tag(tag))
        .times(1);
    stage.simulator.faults().add(rule).expect("a rule");
}

async fn send(stage: &Stage, route: &str, body: Value) -> Value {
    let path = format!("/message/{route}/acme");
    stage.client.post(&path, &body).await.expect(201).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_file_is_uploaded_once() {
    let (stage, bob) = stage().await;
    end_at(&stage, FaultPoint::FromClient, "message");
    let bytes = vec![7_u8; 100_000];
    let file = json!({"number": BOB, "mediatype": "document", "fileName": "a.bin",
                      "mimetype": "application/octet-stream", "media": BASE64_STANDARD.encode(&bytes)});
    let sent = send(&stage, "sendMedia", file).await;
    assert_eq!(stage.simulator.faults().strikes().len(), 1, "it was struck");
    let shown = bob.next_message(DEADLINE).await.expect("it arrives");
    assert_eq!(sent["key"]["id"], shown.id);
    assert_eq!(
        bob.download(&shown.content).await.expect("it is there"),
        bytes
    );
    // Other files are what the phone gave the instance when it was linked.
    let files = stage.simulator.media().list().into_iter();
    let documents = files.filter(|file| file.kind == MediaKind::Document);
    assert_eq!(documents.count(), 1);
    let second = bob.next_message(Duration::from_millis(300)).await;
    assert!(second.is_err(), "it comes once: {second:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_was_there_already_keeps_its_secret() {
    let (stage, bob) = stage().await;
    // Bob has it; the word of it is lost.
    end_at(&stage, FaultPoint::ToClient, "ack");
    let poll =
        json!({"number": BOB, "name": "Tea?", "values": ["yes", "no"], "selectableCount": 1});
    let sent = send(&stage, "sendPoll", poll).await;
    assert_eq!(stage.simulator.faults().strikes().len(), 1, "it was struck");
    let id = sent["key"]["id"].as_str().expect("an id");
    let shown = bob.next_message(DEADLINE).await.expect("it arrives");
    assert_eq!(shown.id, id);
    bob.vote(ANN, id, &["yes"]).await.expect("he votes");
    let told = stage
        .catcher
        .next("the vote", |caught| {
            caught.body["event"] == "messages.update"
                && caught.body["data"]["pollUpdates"].is_array()
        })
        .await;
    let votes = &told.body["data"]["pollUpdates"];
    let yes = votes
        .as_array()
        .into_iter()
        .flatten()
        .find(|option| option["name"] == "yes");
    assert_eq!(
        yes.and_then(|option| option["voters"].as_array())
            .map(Vec::len),
        Some(1),
        "{votes}"
    );
}
