//! What happens while a device is away.

use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, ClientOptions, eventually, simulator, store, text};

#[tokio::test]
async fn messages_wait_and_come_in_order() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let store = store();
    let options = || ClientOptions {
        store: store.clone(),
        ..ClientOptions::default()
    };
    let bob = Client::linked_with(&simulator, BOB, options()).await;
    let address = bob.jid();
    let device = bob.pn().expect("linked").device;
    bob.stop().await;
    let texts: Vec<String> = (0..12).map(|number| format!("message {number}")).collect();
    for body in &texts {
        alice
            .send_message(address.clone(), text(body))
            .await
            .expect("accepted");
    }
    eventually("all wait", || simulator.waiting(BOB, device) >= texts.len()).await;
    let bob = Client::start(&simulator, options()).await;
    let mut received = Vec::new();
    while received.len() < texts.len() {
        let batch = bob
            .wait("messages that waited", |event| {
                let batch: Vec<_> = event
                    .messages()
                    .filter_map(|message| {
                        let body = message.message.conversation.clone()?;
                        Some((body, message.info.is_offline))
                    })
                    .collect();
                (!batch.is_empty()).then_some(batch)
            })
            .await;
        received.extend(batch);
    }
    let expected: Vec<_> = texts.into_iter().map(|body| (body, true)).collect();
    assert_eq!(received, expected);
    eventually("all are acknowledged", || {
        simulator.waiting(BOB, device) == 0
    })
    .await;
}

#[tokio::test]
async fn receipts_wait_for_a_sender_that_is_away() {
    let simulator = simulator().await;
    let store = store();
    let options = || ClientOptions {
        store: store.clone(),
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options()).await;
    let bob = Client::linked(&simulator, BOB).await;
    let address = alice.jid();
    let sent = alice
        .send_message(bob.jid(), text("read me"))
        .await
        .expect("accepted");
    bob.text("read me").await;
    alice.stop().await;
    bob.mark_as_read(&address, None, &[sent.message_id.as_str()])
        .await
        .expect("accepted");
    let alice = Client::start(&simulator, options()).await;
    alice
        .wait("the read receipt", |event| match event {
            Event::Receipt(receipt) => (receipt.offline
                && receipt.message_ids.contains(&sent.message_id)
                && format!("{:?}", receipt.r#type) == "Read")
                .then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_connection_that_takes_over_gets_what_the_old_one_did_not_acknowledge() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    for round in 0..5 {
        let body = format!("round {round}");
        let (sent, ()) = tokio::join!(
            alice.send_message(bob.jid(), text(&body)),
            bob.reconnect_immediately()
        );
        sent.expect("accepted");
        bob.text(&body).await;
    }
}

#[tokio::test]
async fn five_senders_in_two_groups_are_all_understood_by_who_was_away() {
    let simulator = simulator().await;
    let senders: Vec<String> = (0..5)
        .map(|number| format!("551193000000{number}"))
        .collect();
    for sender in &senders {
        simulator.add_account(sender, "Sender");
    }
    let store = store();
    let options = || ClientOptions {
        store: store.clone(),
        ..ClientOptions::default()
    };
    let bob = Client::linked_with(&simulator, BOB, options()).await;
    let first = simulator.phone(&senders[0]);
    let others: Vec<&str> = senders[1..]
        .iter()
        .map(String::as_str)
        .chain([BOB])
        .collect();
    let mut groups = Vec::new();
    for subject in ["One", "Two"] {
        let group = first.create_group(subject, &others).await;
        groups.push(group.expect("the group is made"));
    }
    bob.stop().await;
    let mut expected = Vec::new();
    for round in 0..2 {
        for (number, sender) in senders.iter().enumerate() {
            for group in &groups {
                let body = format!("{round}: {number} to {group}");
                let phone = simulator.phone(sender);
                phone.send_text(group, &body).await.expect("it is sent");
                expected.push(body);
            }
        }
    }
    let bob = Client::start(&simulator, options()).await;
    let mut received = Vec::new();
    while received.len() < expected.len() {
        let batch = bob
            .wait("messages that waited", |event| {
                let batch: Vec<_> = event
                    .messages()
                    .filter_map(|message| message.message.conversation.clone())
                    .collect();
                (!batch.is_empty()).then_some(batch)
            })
            .await;
        received.extend(batch);
    }
    // A client works on its chats side by side; within one the order counts.
    for group in &groups {
        let within = |all: &[String]| -> Vec<String> {
            let of_group = all.iter().filter(|body| body.ends_with(group.as_str()));
            of_group.cloned().collect()
        };
        assert_eq!(within(&received), within(&expected));
    }
    assert!(!bob.has_seen(|event| matches!(event, Event::UndecryptableMessage(_))));
}
