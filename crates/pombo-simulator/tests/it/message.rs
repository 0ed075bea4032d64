//! Messages and their receipts.

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, attribute, simulator, text};

#[tokio::test]
async fn a_message_is_acknowledged_delivered_and_read() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let sent = alice
        .send_message(bob.jid(), text("hello"))
        .await
        .expect("the message is accepted");
    let id = sent.message_id.clone();
    alice
        .wait("the server's acknowledgement", |event| match event {
            Event::ServerAck(ack) => (ack.id == id && ack.error.is_none()).then_some(()),
            _ => None,
        })
        .await;
    let received = bob.text("hello").await;
    assert!(!received.offline);
    alice
        .wait("a delivery receipt", |event| match event {
            Event::Receipt(receipt) => receipt.message_ids.contains(&id).then_some(()),
            _ => None,
        })
        .await;
    bob.mark_as_read(&alice.jid(), None, &[id.as_str()])
        .await
        .expect("the receipt is accepted");
    alice
        .wait("a read receipt", |event| match event {
            Event::Receipt(receipt) => format!("{:?}", receipt.r#type)
                .contains("Read")
                .then_some(()),
            _ => None,
        })
        .await;
    bob.send_message(alice.jid(), text("hello yourself"))
        .await
        .expect("the answer is accepted");
    alice.text("hello yourself").await;
    simulator.assert_clean();
}

/// The hashes of devices in the acknowledgements that a client has got so far.
fn hashes(client: &Client) -> Vec<String> {
    let mut hashes = Vec::new();
    client.has_seen(|event| {
        if let Event::RawNode(stanza) = event {
            let stanza = stanza.to_owned_node();
            if stanza.tag == "ack" && stanza.attrs.contains_key("phash") {
                hashes.push(attribute(&stanza, "phash"));
            }
        }
        false
    });
    hashes
}

#[tokio::test]
async fn a_client_that_knows_all_devices_is_not_told_that_its_list_is_outdated() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let desk = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let _forwarding = alice.acquire_raw_node_forwarding();
    let group = simulator
        .phone(ALICE)
        .create_group("Team", &[BOB])
        .await
        .expect("the group is made")
        .parse::<Jid>()
        .expect("an address");
    for chat in [bob.jid(), bob.lid(), group] {
        for number in 0..2 {
            let body = format!("{number} to {chat}");
            alice
                .send_message(chat.clone(), text(&body))
                .await
                .expect("accepted");
            bob.text(&body).await;
            desk.text(&body).await;
        }
    }
    assert_eq!(hashes(&alice), Vec::<String>::new());
}
