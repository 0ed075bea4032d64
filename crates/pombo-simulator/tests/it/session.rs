//! Logins and their end.

use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{
    ALICE, Approach, BOB, Client, ClientOptions, RawClient, RawCompanion, attribute, simulator,
    store, text,
};

#[tokio::test]
async fn a_login_with_another_key_is_refused() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let approach = Approach {
        payload: wa::ClientPayload {
            username: Some(ALICE.parse().expect("digits")),
            device: Some(u32::from(alice.pn().expect("linked").device)),
            ..Default::default()
        },
        ..Approach::default()
    };
    let mut intruder = RawClient::connect(&simulator, approach).await;
    let failure = intruder.next().await.expect("an answer");
    assert_eq!(failure.tag, "failure");
    assert_eq!(attribute(&failure, "reason"), "401");
    assert!(intruder.next().await.is_none());
}

#[tokio::test]
async fn a_second_login_of_a_device_replaces_the_first() {
    let simulator = simulator().await;
    let store = store();
    let options = || ClientOptions {
        store: store.clone(),
        ..ClientOptions::default()
    };
    let first = Client::linked_with(&simulator, ALICE, options()).await;
    let second = Client::start(&simulator, options()).await;
    second.connected().await;
    first
        .wait("being replaced", |event| {
            matches!(event, Event::StreamReplaced(_)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_client_logs_out() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    assert_eq!(simulator.companions(ALICE).len(), 1);
    alice.logout().await;
    crate::kit::eventually("the companion is gone", || {
        simulator.companions(ALICE).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_phone_removes_a_companion_and_the_others_go_on() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let other = Client::linked(&simulator, BOB).await;
    let removed = bob.pn().expect("linked").device;
    assert!(simulator.unlink(BOB, removed));
    bob.wait("being logged out", |event| {
        matches!(event, Event::LoggedOut(_)).then_some(())
    })
    .await;
    assert!(!simulator.unlink(BOB, removed));
    alice
        .send_message(other.jid(), text("still there?"))
        .await
        .expect("accepted");
    other.text("still there?").await;
}

#[tokio::test]
async fn what_was_sent_from_one_companion_is_seen_on_the_other() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let desk = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    assert_ne!(
        alice.pn().expect("linked").device,
        desk.pn().expect("linked").device
    );
    alice
        .send_message(bob.jid(), text("from my pocket"))
        .await
        .expect("accepted");
    bob.text("from my pocket").await;
    let copy = desk.text("from my pocket").await;
    assert!(copy.from_me);
    assert!(
        copy.chat.starts_with(BOB) || copy.chat.ends_with("@lid"),
        "{copy:?}"
    );
    bob.send_message(alice.jid(), text("to both"))
        .await
        .expect("accepted");
    alice.text("to both").await;
    desk.text("to both").await;
}

#[tokio::test]
async fn twenty_clients_come_at_once_and_leave_at_once() {
    let simulator = simulator().await;
    let clients = (0..20).map(|number| {
        let simulator = simulator.clone();
        async move { Client::linked(&simulator, &format!("55119200000{number:02}")).await }
    });
    let clients = futures_util::future::join_all(clients).await;
    let start = std::time::Instant::now();
    let leaving: Vec<_> = clients.into_iter().map(Client::stop).collect();
    futures_util::future::join_all(leaving).await;
    assert!(
        start.elapsed() < std::time::Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn the_small_requests_of_a_session_are_answered() {
    let simulator = simulator().await;
    let mut alice = RawCompanion::linked(&simulator, ALICE).await;
    let note = NodeBuilder::new("ib")
        .children([NodeBuilder::new("unified_session").attr("id", "1").build()])
        .build();
    alice.send(note).await;
    let clean = NodeBuilder::new("clean")
        .attr("type", "account_sync")
        .attr("timestamp", "1")
        .build();
    let requests = [
        ("w:p", "get", NodeBuilder::new("ping").build()),
        ("urn:xmpp:whatsapp:dirty", "set", clean),
        ("passive", "set", NodeBuilder::new("passive").build()),
        ("passive", "set", NodeBuilder::new("active").build()),
    ];
    for (space, kind, content) in requests {
        let request = NodeBuilder::new("iq")
            .attr("id", format!("{space}-{}", content.tag))
            .attr("type", kind)
            .attr("xmlns", space)
            .attr("to", "s.whatsapp.net")
            .children([content])
            .build();
        let id = attribute(&request, "id");
        alice.send(request).await;
        let answer = alice
            .connection
            .wait(|stanza| attribute(stanza, "id") == id)
            .await;
        assert_eq!(attribute(&answer, "type"), "result", "{space}");
        assert!(answer.content.is_none());
    }
    simulator.assert_clean();
}
