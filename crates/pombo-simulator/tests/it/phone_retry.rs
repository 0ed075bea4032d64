//! Messages that cannot be read are asked for again, by phones and by clients.

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use pombo_simulator::{Simulator, VirtualPhone};

use crate::kit::{ALICE, BOB, Client, ClientOptions, simulator, text};
use crate::phone_message::{DEADLINE, jid};

/// A client and a phone that have a session with each other.
async fn acquainted(simulator: &Simulator) -> (Client, VirtualPhone) {
    let options = ClientOptions {
        hurry: 10,
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(simulator, ALICE, options).await;
    let bob = simulator.phone(BOB);
    alice
        .send_message(jid(&bob), text("first"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("a message");
    bob.send_text(ALICE, "second").await.expect("sent");
    alice.text("second").await;
    alice
        .send_message(jid(&bob), text("third"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("a message");
    (alice, bob)
}

fn damage(simulator: &Simulator, at: FaultPoint) {
    let rule = FaultRule::new(at, Fault::DamageCiphertext)
        .account(ALICE)
        .stanza(StanzaFilter::tag("message"))
        .times(1);
    simulator.faults().add(rule).expect("a valid rule");
}

#[tokio::test]
async fn a_phone_asks_again_for_what_it_cannot_read() {
    let simulator = simulator().await;
    let (alice, bob) = acquainted(&simulator).await;
    let own = simulator.phone(ALICE);
    damage(&simulator, FaultPoint::FromClient);
    alice
        .send_message(jid(&bob), text("damaged once"))
        .await
        .expect("sent");
    // The damage hits the copy of the other side, or that of the own phone: in the end both have it.
    for phone in [&bob, &own] {
        phone
            .wait_for(DEADLINE, |view| {
                view.with_text("damaged once").next().map(|_| ())
            })
            .await
            .expect("it comes again");
        assert_eq!(phone.look(|view| view.waiting_for.len()), 0);
    }
    assert_eq!(simulator.faults().strikes().len(), 1);
    alice
        .send_message(jid(&bob), text("and on"))
        .await
        .expect("sent");
    assert_eq!(
        bob.wait_for(DEADLINE, |view| view.with_text("and on").next().cloned())
            .await
            .expect("the session works")
            .text(),
        "and on"
    );
}

#[tokio::test]
async fn a_phone_sends_again_what_a_client_could_not_read() {
    let simulator = simulator().await;
    let (alice, bob) = acquainted(&simulator).await;
    damage(&simulator, FaultPoint::ToClient);
    bob.send_text(ALICE, "damaged once").await.expect("sent");
    alice.text("damaged once").await;
    assert_eq!(simulator.faults().strikes().len(), 1);
    bob.send_text(ALICE, "and on").await.expect("sent");
    alice.text("and on").await;
}

#[tokio::test]
async fn a_phone_that_was_installed_anew_gets_new_sessions_with_everybody() {
    use whatsapp_rust::wacore::types::events::Event;
    let simulator = simulator().await;
    let (alice, bob) = acquainted(&simulator).await;
    let carol = simulator.phone(crate::kit::CAROL);
    bob.send_text(crate::kit::CAROL, "hello")
        .await
        .expect("sent");
    carol.next_message(DEADLINE).await.expect("a message");

    bob.reinstall().expect("installed");
    alice
        .wait("the identity change", |event| {
            matches!(event, Event::IdentityChange(_)).then_some(())
        })
        .await;
    carol
        .wait_for(DEADLINE, |view| {
            view.identity_changes.contains(&bob.jid()).then_some(())
        })
        .await
        .expect("the other phone is told");

    alice
        .send_message(jid(&bob), text("are you new?"))
        .await
        .expect("sent");
    bob.wait_for(DEADLINE, |view| {
        view.with_text("are you new?").next().map(|_| ())
    })
    .await
    .expect("it can be read");
    bob.send_text(ALICE, "I am").await.expect("sent");
    alice.text("I am").await;
    carol.send_text(BOB, "welcome").await.expect("sent");
    bob.wait_for(DEADLINE, |view| {
        view.with_text("welcome").next().map(|_| ())
    })
    .await
    .expect("it can be read");
    bob.send_text(crate::kit::CAROL, "thanks")
        .await
        .expect("sent");
    carol
        .wait_for(DEADLINE, |view| view.with_text("thanks").next().map(|_| ()))
        .await
        .expect("it can be read");
}

#[tokio::test]
async fn a_phone_that_is_installed_anew_loses_its_companions() {
    use whatsapp_rust::wacore::types::events::Event;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let own = simulator.phone(ALICE);
    assert_eq!(own.companions().len(), 1);
    own.reinstall().expect("installed");
    alice
        .wait("being logged out", |event| {
            matches!(event, Event::LoggedOut(_)).then_some(())
        })
        .await;
    assert!(own.companions().is_empty());
    let again = Client::linked(&simulator, ALICE).await;
    own.send_text(BOB, "with new keys")
        .await
        .expect_err("nobody has that number");
    simulator.phone(BOB);
    own.send_text(BOB, "with new keys").await.expect("sent");
    assert!(again.text("with new keys").await.from_me);
}

#[tokio::test]
async fn a_phone_that_was_away_gets_what_was_sent_meanwhile_in_order() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    bob.set_habits(|habits| habits.delivery_receipts = true);
    bob.go_offline();
    assert!(!bob.is_online());
    let mut last = String::new();
    for number in 0..5 {
        let sent = alice
            .send_message(jid(&bob), text(&format!("number {number}")))
            .await
            .expect("sent");
        last = sent.message_id;
    }
    assert!(matches!(
        bob.send_text(ALICE, "no network").await,
        Err(pombo_simulator::phone::PhoneError::Offline)
    ));
    assert!(bob.chat(ALICE).is_none());
    bob.go_online();
    for number in 0..5 {
        let got = bob.next_message(DEADLINE).await.expect("a message");
        assert_eq!(got.text(), format!("number {number}"));
    }
    use whatsapp_rust::wacore::types::events::Event;
    alice
        .wait("a delivery receipt", |event| match event {
            Event::Receipt(receipt) => receipt.message_ids.contains(&last).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_resend_goes_to_the_device_that_asked_and_to_no_other() {
    let simulator = simulator().await;
    let (first, bob) = acquainted(&simulator).await;
    let second = Client::linked(&simulator, ALICE).await;
    bob.send_text(ALICE, "for both").await.expect("sent");
    first.text("for both").await;
    second.text("for both").await;
    let rule = FaultRule::new(FaultPoint::ToClient, Fault::DamageCiphertext)
        .account(ALICE)
        .device(1)
        .stanza(StanzaFilter::tag("message"))
        .times(1);
    simulator.faults().add(rule).expect("a valid rule");
    bob.send_text(ALICE, "damaged for one").await.expect("sent");
    first.text("damaged for one").await;
    second.text("damaged for one").await;
    bob.send_text(ALICE, "the end").await.expect("sent");
    second.text("the end").await;
    assert!(!second.has_seen(|event| {
        event
            .messages()
            .any(|message| message.message.conversation.as_deref() == Some("damaged for one"))
    }));
}

#[tokio::test]
async fn a_client_that_has_lost_its_session_gets_the_message_over_a_new_one() {
    let simulator = simulator().await;
    let (alice, bob) = acquainted(&simulator).await;
    let lid: whatsapp_rust::Jid = bob.lid().parse().expect("an address");
    alice
        .signal()
        .delete_sessions(&[jid(&bob), lid])
        .await
        .expect("forgotten");
    bob.send_text(ALICE, "do you hear me?").await.expect("sent");
    alice.text("do you hear me?").await;
    alice
        .send_message(jid(&bob), text("I do"))
        .await
        .expect("sent");
    bob.wait_for(DEADLINE, |view| view.with_text("I do").next().map(|_| ()))
        .await
        .expect("it can be read");
}
