//! Messages that did not arrive as they should are asked for until they come.

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use pombo_tests::until;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, BOUND, Stage};

fn damaged_messages() -> FaultRule {
    FaultRule::new(FaultPoint::ToClient, Fault::DamageCiphertext)
        .account(ANN)
        .stanza(StanzaFilter::tag("message"))
        .times(1)
}

/// What the account asks: it never reaches the network.
fn lost_question(stanza: StanzaFilter) -> FaultRule {
    FaultRule::new(FaultPoint::FromClient, Fault::Drop)
        .account(ANN)
        .stanza(stanza)
        .times(1)
}

async fn record(stage: &Stage, id: &str) -> Option<Value> {
    let body = json!({"where": {"key": {"id": id}}});
    let found = stage.client.post("/chat/findMessages/acme", &body).await;
    let records = found.expect(200).json()["messages"]["records"].clone();
    let records = records.as_array().expect("a list");
    assert!(records.len() <= 1, "{records:?}");
    records.first().cloned()
}

async fn until_text(stage: &Stage, id: &str, text: &str) {
    until(&format!("the text {text:?}"), || async {
        (record(stage, id).await?["message"]["conversation"] == text).then_some(())
    })
    .await;
}

/// How many events about the message are in the instance's log.
async fn told(stage: &Stage, event: &str, id: &str) -> usize {
    let path = format!("/event/find/acme?kind={event}&limit=1000");
    let log = stage.client.get(&path).await.expect(200).json();
    let events = log["events"].as_array().expect("a list").iter();
    let of_it =
        events.filter(|event| event["data"]["key"]["id"] == id || event["data"]["keyId"] == id);
    of_it.count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_message_whose_question_was_lost_is_asked_for_after_a_kill() {
    let (mut stage, _, bob) = Stage::acme().await;
    let first = bob.send_text(ANN, "readable").await.expect("sent");
    until_text(&stage, &first.id, "readable").await;
    // After an answer, Bob's phone does not send the keys of a new session along, not all of which are protected.
    let body = json!({"number": BOB, "text": "answer"});
    let answer = stage.client.post("/message/sendText/acme", &body).await;
    let answer = answer.expect(201).json()["key"]["id"].clone();
    let answer = answer.as_str().expect("an id");
    bob.wait_for(BOUND, |view| {
        let shown = view.chats.values().find_map(|chat| chat.message(answer));
        shown.map(drop)
    })
    .await
    .expect("the answer");

    let faults = stage.simulator.faults();
    faults.add(damaged_messages()).expect("a rule");
    let to_bob = StanzaFilter {
        tag: Some("receipt".to_owned()),
        kind: Some("retry".to_owned()),
        ..StanzaFilter::default()
    };
    faults.add(lost_question(to_bob)).expect("a rule");
    // Its own phone is asked too, with a message.
    let to_ann = StanzaFilter::tag("message");
    faults.add(lost_question(to_ann)).expect("a rule");
    let sent = bob.send_text(ANN, "damaged").await.expect("sent");
    until("it is announced as unreadable", || async {
        let row = record(&stage, &sent.id).await?;
        (row["messageType"] == "undecryptable").then_some(())
    })
    .await;
    until("both questions are lost", || async {
        (stage.simulator.faults().strikes().len() == 3).then_some(())
    })
    .await;
    stage.server.kill().await;
    stage.server.start_again().await;
    until_text(&stage, &sent.id, "damaged").await;
    until("it is told", || async {
        (told(&stage, "messages.upsert", &sent.id).await == 1).then_some(())
    })
    .await;
    assert_eq!(
        told(&stage, "messages.update", &sent.id).await,
        1,
        "announced once"
    );
    stage.simulator.assert_clean();
}

/// A second copy comes while the first one waits in a batch: it must not make the network believe that we have the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_not_acknowledged_before_the_message_is_stored() {
    let (mut stage, _, bob) = Stage::acme().await;
    let first = bob.send_text(ANN, "first").await.expect("sent");
    until_text(&stage, &first.id, "first").await;
    assert_eq!(stage.server.terminate().await, 0);

    let faults = stage.simulator.faults();
    // What waited for us never ends, so that there is a batch.
    let endless = StanzaFilter {
        tag: Some("ib".to_owned()),
        child: Some("offline".to_owned()),
        ..StanzaFilter::default()
    };
    let endless = FaultRule::new(FaultPoint::ToClient, Fault::Drop).stanza(endless);
    faults.add(endless).expect("a rule");
    let twice = FaultRule::new(FaultPoint::ToClient, Fault::Duplicate { copies: 1 })
        .account(ANN)
        .stanza(StanzaFilter::tag("message"));
    faults.add(twice).expect("a rule");
    let noticed = FaultRule::new(
        FaultPoint::FromClient,
        Fault::Delay {
            ms: 1,
            jitter_ms: 0,
        },
    )
    .account(ANN)
    .stanza(StanzaFilter::tag("receipt"));
    faults.add(noticed).expect("a rule");
    stage.server.start_again().await;
    until("the login", || async {
        (!stage.simulator.faults().strikes().is_empty()).then_some(())
    })
    .await;
    let sent = bob.send_text(ANN, "second").await.expect("sent");
    let struck = |at: FaultPoint, tag: &str| {
        let what = format!("{tag} {}", sent.id);
        let strikes = stage.simulator.faults().strikes();
        strikes
            .iter()
            .any(|strike| strike.at == at && strike.what == what)
    };
    until("the receipt of the message", || async {
        struck(FaultPoint::FromClient, "receipt").then_some(())
    })
    .await;
    assert!(struck(FaultPoint::ToClient, "message"), "there was a copy");
    let stored = record(&stage, &sent.id).await.expect("a record");
    assert_eq!(stored["message"]["conversation"], "second");
    until("it is told", || async {
        (told(&stage, "messages.upsert", &sent.id).await == 1).then_some(())
    })
    .await;
    stage.simulator.assert_clean();
}
