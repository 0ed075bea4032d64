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

#[tokio::test]
async fn bytes_that_are_no_protocol_do_not_stop_the_server() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use rand::{RngExt as _, SeedableRng as _};
    use tokio_tungstenite::tungstenite::Message;

    let simulator = simulator().await;
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    for round in 0..100 {
        let (mut socket, _) = tokio_tungstenite::connect_async(simulator.url())
            .await
            .expect("the simulator listens");
        let mut bytes: Vec<u8> = match round % 3 {
            0 => Vec::new(),
            1 => b"WA\x06\x03".to_vec(),
            _ => b"ED\x00\x01\x00\x00\x02xyWA\x06\x03\x00\x00\x28".to_vec(),
        };
        bytes.extend((0..random.random_range(0..200)).map(|_| random.random::<u8>()));
        // The server may have closed already: that is an answer too.
        socket.send(Message::Binary(bytes.into())).await.ok();
        socket.close(None).await.ok();
        while let Some(Ok(_)) = socket.next().await {}
    }
    // The same after a handshake: stanzas that a client without an account does not send.
    for tag in ["message", "iq", "success", "stream:error", "x"] {
        let mut client = RawClient::connect(&simulator, Approach::default()).await;
        client.next().await.expect("the references");
        client.send(&NodeBuilder::new(tag).build()).await;
        client.send(&ping("still there")).await;
        client
            .wait(|stanza| {
                stanza
                    .attrs
                    .get("id")
                    .is_some_and(|id| *id == "still there")
            })
            .await;
    }
    assert!(!simulator.take_violations().is_empty());
    let mut client = RawClient::connect(&simulator, Approach::default()).await;
    client.next().await.expect("the references");
}
