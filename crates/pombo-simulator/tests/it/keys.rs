//! The keys that devices keep at the server.

use std::time::Duration;

use wacore_binary::builder::NodeBuilder;

use crate::kit::{
    ALICE, BOB, Client, ClientOptions, RawCompanion, attribute, eventually, simulator, text,
};

#[tokio::test]
async fn one_time_keys_are_used_up_and_the_client_uploads_new_ones() {
    let simulator = simulator().await;
    let options = ClientOptions {
        pre_keys: Some(20),
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options).await;
    let bob = Client::linked(&simulator, BOB).await;
    let device = alice.pn().expect("linked").device;
    // The phone has used some of the first twenty to write to its companion.
    let first = 1..=20;
    eventually("the first upload", || {
        first.contains(&simulator.pre_keys(ALICE, device))
    })
    .await;
    for request in 0..17 {
        let request = NodeBuilder::new("iq")
            .attr("id", format!("keys-{request}"))
            .attr("type", "get")
            .attr("xmlns", "encrypt")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new("key")
                .children([NodeBuilder::new("user")
                    .attr("jid", alice.jid().with_device(device))
                    .build()])
                .build()])
            .build();
        bob.send_iq_node(request, Some(Duration::from_secs(10)))
            .await
            .expect("keys are handed out");
    }
    eventually("the next upload", || {
        simulator.pre_keys(ALICE, device) >= 20
    })
    .await;
    bob.send_message(alice.jid(), text("with a new key"))
        .await
        .expect("accepted");
    alice.text("with a new key").await;
}

#[tokio::test]
async fn forty_six_senders_in_a_row_reach_one_recipient() {
    let simulator = simulator().await;
    let options = ClientOptions {
        pre_keys: Some(30),
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options).await;
    for sender in 0..46 {
        let number = format!("55119100000{sender:02}");
        simulator.add_account(&number, "Sender");
        let body = format!("from number {sender}");
        simulator
            .phone(&number)
            .send_text(ALICE, &body)
            .await
            .expect("the message is sent");
        alice.text(&body).await;
    }
}

#[tokio::test]
async fn the_phone_sends_its_keys_only_when_others_can_write_to_the_companion() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    // Active, but without keys: nothing comes before the answer to the upload.
    let upload = alice.upload(10);
    alice.send(upload).await;
    let first = alice.connection.next().await.expect("open");
    let first = if first.tag == "ib" {
        // The end of an empty backlog.
        alice.connection.wait(|stanza| stanza.tag != "ib").await
    } else {
        first
    };
    assert_eq!(first.tag, "iq", "{first:?}");
    let share = alice.next("message").await;
    assert_eq!(attribute(&share, "category"), "peer");
    assert_eq!(attribute(&share, "from"), format!("{}@lid", alice.lid));
    let enc = share.get_optional_child("enc").expect("encrypted");
    assert_eq!(attribute(enc, "type"), "pkmsg");
}

#[tokio::test]
async fn a_digest_agrees_with_what_was_uploaded() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let query = |what: &'static str| {
        NodeBuilder::new("iq")
            .attr("id", what)
            .attr("type", "get")
            .attr("xmlns", "encrypt")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new(what).build()])
            .build()
    };
    alice.send(query("digest")).await;
    let none = alice.next("iq").await;
    let error = none.get_optional_child("error").expect("no keys yet");
    assert_eq!(attribute(error, "code"), "404");
    let upload = alice.upload(10);
    alice.send(upload).await;
    alice
        .connection
        .wait(|stanza| attribute(stanza, "id") == "upload")
        .await;
    // The phone may take some at any moment; both answers are about the same state only when nothing was taken in between.
    loop {
        alice.send(query("count")).await;
        let count = alice
            .connection
            .wait(|stanza| attribute(stanza, "id") == "count")
            .await;
        let count = count.get_optional_child("count").expect("the count");
        alice.send(query("digest")).await;
        let digest = alice
            .connection
            .wait(|stanza| attribute(stanza, "id") == "digest")
            .await;
        let digest = digest.get_optional_child("digest").expect("the digest");
        let listed = digest
            .get_optional_child("list")
            .and_then(|list| list.children())
            .map_or(0, <[_]>::len);
        assert!(digest.get_optional_child("hash").is_some());
        if attribute(count, "value") == listed.to_string() {
            break;
        }
    }
}

#[tokio::test]
async fn a_pre_key_that_the_device_has_not_signed_is_refused() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let rotate = NodeBuilder::new("iq")
        .attr("id", "rotate")
        .attr("type", "set")
        .attr("xmlns", "encrypt")
        .attr("to", "s.whatsapp.net")
        .children([NodeBuilder::new("rotate")
            .children([NodeBuilder::new("skey")
                .children([
                    NodeBuilder::new("id").bytes(vec![0, 0, 2]).build(),
                    NodeBuilder::new("value").bytes(vec![1; 32]).build(),
                    NodeBuilder::new("signature").bytes(vec![2; 64]).build(),
                ])
                .build()])
            .build()])
        .build();
    alice.send(rotate).await;
    let answer = alice
        .connection
        .wait(|stanza| attribute(stanza, "id") == "rotate")
        .await;
    assert_eq!(attribute(&answer, "type"), "error");
    assert_eq!(simulator.take_violations().len(), 1);
}

#[tokio::test]
async fn one_time_keys_are_handed_out_in_order_each_once() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    let upload = alice.upload(8);
    alice.send(upload).await;
    alice
        .connection
        .wait(|stanza| attribute(stanza, "id") == "upload")
        .await;
    let mut last = Vec::new();
    for _ in 0..6 {
        let request = NodeBuilder::new("iq")
            .attr("id", "key")
            .attr("type", "get")
            .attr("xmlns", "encrypt")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new("key")
                .children([NodeBuilder::new("user").attr("jid", alice.lid()).build()])
                .build()])
            .build();
        bob.send(request).await;
        let answer = bob.next("iq").await;
        let user = answer
            .get_optional_child("list")
            .and_then(|list| list.get_optional_child("user"))
            .expect("the keys")
            .clone();
        assert_eq!(attribute(&user, "jid"), alice.lid().to_string());
        // Others believe in a companion only with what its phone has signed.
        assert!(user.get_optional_child("device-identity").is_some());
        let id = user
            .get_optional_child("key")
            .and_then(|key| key.get_optional_child("id"))
            .and_then(|id| match &id.content {
                Some(wacore_binary::NodeContent::Bytes(bytes)) => Some(bytes.clone()),
                _ => None,
            })
            .expect("a one-time key");
        assert!(id > last, "{id:?} after {last:?}");
        last = id;
    }
}
