//! Handshakes, frames, and what comes before them.

use wacore_binary::builder::NodeBuilder;

use crate::kit::{ALICE, Approach, BOB, Client, RawClient, simulator, text};

#[tokio::test]
async fn a_client_without_an_account_is_shown_six_references() {
    let simulator = simulator().await;
    let mut client = RawClient::connect(&simulator, Approach::default()).await;
    let stanza = client.next().await.expect("the references");
    let pair = stanza.get_optional_child("pair-device").expect("pairing");
    assert_eq!(pair.get_children_by_tag("ref").count(), 6);
}

#[tokio::test]
async fn edge_routing_and_frames_cut_into_single_bytes_are_understood() {
    let simulator = simulator().await;
    let approach = Approach {
        routing: Some(b"routing".to_vec()),
        piece: 1,
        ..Approach::default()
    };
    let mut client = RawClient::connect(&simulator, approach).await;
    client.next().await.expect("the references");
    client.send(&ping("one")).await;
    let answer = client.next().await.expect("an answer");
    assert_eq!(
        answer.attrs.get("id").map(|id| id.as_str().into_owned()),
        Some("one".into())
    );
}

#[tokio::test]
async fn several_frames_in_one_message_are_answered_in_order() {
    let simulator = simulator().await;
    let mut client = RawClient::connect(&simulator, Approach::default()).await;
    client.next().await.expect("the references");
    let pings: Vec<_> = ["one", "two", "three"].map(ping).to_vec();
    client.send_joined(&pings).await;
    for expected in ["one", "two", "three"] {
        let answer = client.next().await.expect("an answer");
        assert_eq!(
            answer.attrs.get("id").map(|id| id.as_str().into_owned()),
            Some(expected.into())
        );
    }
}

#[tokio::test]
async fn garbage_after_the_handshake_closes_the_connection() {
    let simulator = simulator().await;
    let mut client = RawClient::connect(&simulator, Approach::default()).await;
    client.next().await.expect("the references");
    client.send_bytes(&[0, 0, 5, 1, 2, 3, 4, 5]).await;
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn a_rotated_server_key_sends_linked_clients_through_the_fallback() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    alice.reconnect_immediately().await;
    alice.connected().await;
    simulator.rotate_server_key();
    alice.reconnect_immediately().await;
    alice.connected().await;
    bob.send_message(alice.jid(), text("after the rotation"))
        .await
        .expect("the message is accepted");
    alice.text("after the rotation").await;
}

#[tokio::test]
async fn what_the_network_does_not_know_is_reported_with_the_stanza() {
    let simulator = simulator().await;
    let mut client = RawClient::connect(&simulator, Approach::default()).await;
    client.next().await.expect("the references");
    client
        .send(
            &NodeBuilder::new("iq")
                .attr("id", "x")
                .attr("type", "get")
                .attr("xmlns", "no-such-thing")
                .build(),
        )
        .await;
    let answer = client.next().await.expect("an answer");
    assert_eq!(
        answer
            .attrs
            .get("type")
            .map(|kind| kind.as_str().into_owned()),
        Some("error".into())
    );
    let violations = simulator.take_violations();
    assert_eq!(violations.len(), 1);
    assert!(
        violations[0].stanza.contains("no-such-thing"),
        "{violations:?}"
    );
}

fn ping(id: &str) -> wacore_binary::Node {
    NodeBuilder::new("iq")
        .attr("id", id)
        .attr("type", "get")
        .attr("xmlns", "w:p")
        .children([NodeBuilder::new("ping").build()])
        .build()
}
