//! Presence, names and chat states.

use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, simulator, text};

fn unavailable(event: &Event) -> Option<bool> {
    match event {
        Event::Presence(presence) => Some(presence.unavailable),
        _ => None,
    }
}

#[tokio::test]
async fn a_subscriber_gets_the_state_at_once_and_then_its_changes() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.presence().set_unavailable().await.expect("accepted");
    alice
        .presence()
        .subscribe(bob.jid())
        .await
        .expect("accepted");
    alice
        .wait("the present state", |event| {
            unavailable(event).filter(|unavailable| *unavailable)
        })
        .await;
    bob.presence().set_available().await.expect("accepted");
    alice
        .wait("the change", |event| {
            unavailable(event).filter(|unavailable| !*unavailable)
        })
        .await;
    bob.stop().await;
    alice
        .wait("the end of the connection", |event| {
            unavailable(event).filter(|unavailable| *unavailable)
        })
        .await;
}

#[tokio::test]
async fn typing_is_passed_on() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.chatstate()
        .send_composing(&alice.jid())
        .await
        .expect("accepted");
    alice
        .wait("typing", |event| match event {
            Event::ChatPresence(state) => Some(state.source.sender.clone()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_new_name_comes_with_the_next_message() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.profile()
        .set_push_name("Bobby")
        .await
        .expect("accepted");
    bob.send_message(alice.jid(), text("who am I?"))
        .await
        .expect("accepted");
    assert_eq!(alice.text("who am I?").await.name, "Bobby");
}
