//! Presence, names and chat states.

use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, RawCompanion, attribute, simulator, text};

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

fn presence(kind: &'static str) -> NodeBuilder {
    NodeBuilder::new("presence").attr("type", kind)
}

#[tokio::test]
async fn presence_comes_under_the_address_that_was_asked_for_and_ends_with_the_subscription() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    let subscribe = presence("subscribe")
        .attr("to", Jid::lid(bob.lid.as_str()))
        .build();
    alice.send(subscribe.clone()).await;
    let first = alice.next("presence").await;
    assert_eq!(attribute(&first, "type"), "unavailable");
    assert_eq!(attribute(&first, "from"), format!("{}@lid", bob.lid));
    bob.send(presence("available").attr("name", "Bob").build())
        .await;
    assert_eq!(attribute(&alice.next("presence").await, "type"), "");
    // Away and back: nothing of what happened meanwhile, and the present state once it is asked for.
    alice.reconnect(&simulator).await;
    alice.activate().await;
    for kind in ["unavailable", "available", "unavailable"] {
        bob.send(presence(kind).build()).await;
    }
    bob.activate().await;
    alice.send(subscribe).await;
    let present = alice.next("presence").await;
    assert_eq!(attribute(&present, "type"), "unavailable");
    assert_ne!(attribute(&present, "last"), "");
}

#[tokio::test]
async fn a_chat_state_is_not_kept_for_who_is_away() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let mut bob = RawCompanion::linked(&simulator, BOB).await;
    let composing = |media: Option<&'static str>| {
        let mut state = NodeBuilder::new("composing");
        if let Some(media) = media {
            state = state.attr("media", media);
        }
        NodeBuilder::new("chatstate")
            .attr("to", Jid::pn(ALICE))
            .children([state.build()])
            .build()
    };
    alice.reconnect(&simulator).await;
    bob.send(composing(None)).await;
    // The request after it is answered: the chat state has been dealt with.
    bob.activate().await;
    alice.activate().await;
    bob.send(composing(Some("audio"))).await;
    let received = alice.next("chatstate").await;
    let state = received.get_optional_child("composing").expect("typing");
    assert_eq!(attribute(state, "media"), "audio");
    assert_eq!(
        attribute(&received, "from"),
        format!("{BOB}@s.whatsapp.net")
    );
}

#[tokio::test]
async fn a_name_that_one_companion_sets_reaches_the_other() {
    let simulator = simulator().await;
    let first = Client::linked(&simulator, ALICE).await;
    let second = Client::linked(&simulator, ALICE).await;
    first
        .profile()
        .set_push_name("Alice the second")
        .await
        .expect("accepted");
    second
        .wait("the new name", |event| match event {
            Event::SelfPushNameUpdated(update) => {
                (update.new_name == "Alice the second").then_some(())
            }
            _ => None,
        })
        .await;
}
