//! Receipts, stanza by stanza.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::kit::{ALICE, BOB, RawCompanion, attribute, simulator};

fn receipt(id: &str, to: impl Into<Jid>) -> NodeBuilder {
    NodeBuilder::new("receipt")
        .attr("id", id.to_owned())
        .attr("to", to.into())
}

fn message(id: &str, to: Jid) -> Node {
    NodeBuilder::new("message")
        .attr("id", id.to_owned())
        .attr("type", "text")
        .attr("to", to.to_non_ad())
        .children([NodeBuilder::new("participants")
            .children([NodeBuilder::new("to")
                .attr("jid", to)
                .children([NodeBuilder::new("enc")
                    .attr("v", "2")
                    .attr("type", "msg")
                    .bytes(b"x".to_vec())
                    .build()])
                .build()])
            .build()])
        .build()
}

#[tokio::test]
async fn a_receipt_is_acknowledged_and_reaches_all_devices_of_the_sender() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut desk = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    for kind in ["", "inactive", "read", "played"] {
        let mut stanza = receipt("M1", Jid::lid(alice.lid.as_str()));
        if !kind.is_empty() {
            stanza = stanza.attr("type", kind);
        }
        bob.send(stanza.build()).await;
        let ack = bob.next("ack").await;
        assert_eq!(attribute(&ack, "class"), "receipt");
        assert_eq!(attribute(&ack, "type"), kind);
        for device in [&mut alice, &mut desk] {
            let received = device.next("receipt").await;
            assert_eq!(attribute(&received, "type"), kind);
            assert_eq!(attribute(&received, "from"), bob.lid().to_string());
        }
    }
}

#[tokio::test]
async fn one_receipt_can_be_about_several_messages() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    for id in ["M1", "M2", "M3"] {
        alice.send(message(id, bob.pn())).await;
        bob.next("message").await;
    }
    assert_eq!(simulator.waiting(BOB, bob.device), 3);
    let items = ["M2", "M3"].map(|id| NodeBuilder::new("item").attr("id", id).build());
    let grouped = receipt("M1", alice.pn())
        .attr("type", "read")
        .children([NodeBuilder::new("list").children(items).build()])
        .build();
    bob.send(grouped).await;
    bob.next("ack").await;
    assert_eq!(simulator.waiting(BOB, bob.device), 0);
    let received = alice.next("receipt").await;
    let items: Vec<String> = received
        .get_optional_child("list")
        .expect("the list goes with it")
        .get_children_by_tag("item")
        .map(|item| attribute(item, "id"))
        .collect();
    assert_eq!(items, ["M2", "M3"]);
}

#[tokio::test]
async fn what_was_read_on_one_companion_is_told_to_the_others_only() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    let mut desk = RawCompanion::linked(&simulator, BOB).await;
    let own = receipt("M1", alice.pn().to_non_ad())
        .attr("type", "read-self")
        .build();
    bob.send(own).await;
    bob.next("ack").await;
    let received = desk.next("receipt").await;
    assert_eq!(attribute(&received, "type"), "read-self");
    // The next thing that Alice gets is not that receipt.
    bob.send(receipt("M2", alice.pn().to_non_ad()).build())
        .await;
    assert_eq!(attribute(&alice.next("receipt").await, "id"), "M2");
}

#[tokio::test]
async fn a_receipt_of_an_unknown_type_is_reported() {
    let simulator = simulator().await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    bob.send(
        receipt("M1", bob.pn())
            .attr("type", "thought-about")
            .build(),
    )
    .await;
    bob.send(receipt("M2", bob.pn()).build()).await;
    bob.next("ack").await;
    let violations = simulator.take_violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert!(violations[0].stanza.contains("thought-about"));
}

#[tokio::test]
async fn a_device_that_was_away_gets_receipts_in_their_place() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    // Connected, but not asking for its stanzas.
    alice.reconnect(&simulator).await;
    bob.send(message("M1", alice.pn())).await;
    bob.send(receipt("R1", alice.pn()).build()).await;
    bob.send(message("M2", alice.pn())).await;
    crate::kit::eventually("three stanzas", || {
        simulator.waiting(ALICE, alice.device) == 3
    })
    .await;
    alice.activate().await;
    let mut order = Vec::new();
    while order.len() < 3 {
        let stanza = alice.connection.next().await.expect("open");
        if stanza.tag != "ib" {
            assert_eq!(attribute(&stanza, "offline"), "1");
            order.push(attribute(&stanza, "id"));
        }
    }
    assert_eq!(order, ["M1", "R1", "M2"]);
    // Not acknowledged: it comes again.
    alice.reconnect(&simulator).await;
    alice.activate().await;
    assert_eq!(attribute(&alice.next("message").await, "id"), "M1");
}
