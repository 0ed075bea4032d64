//! Messages and their receipts.

use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, simulator, text};

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
