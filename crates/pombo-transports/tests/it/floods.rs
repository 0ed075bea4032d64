//! Clients that mean no good, or know no better.

use pombo_domain::event::EventKind;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{GLOBAL_KEY, Sio, World, until};

#[tokio::test]
async fn bad_joins_end_the_connection_and_leave_nothing_behind() {
    let world = World::start().await;
    let acme = world.instance("acme");
    for key in ["", "&apikey=token-of-acme"] {
        let mut stream = Sio::websocket(
            world.address,
            &format!("/socket.io/?EIO=4&transport=websocket{key}"),
            &[],
        )
        .await
        .unwrap();
        for number in 0..50_000 {
            let join = Message::text(format!("40/nobody-{number},{{}}"));
            if futures_util::SinkExt::send(&mut stream, join)
                .await
                .is_err()
            {
                break;
            }
        }
        until("the connection's end", || {
            world.live.metrics().clients() == 0
        })
        .await;
    }
    // Of each connection so many were answered, and one more ended it.
    assert_eq!(world.live.metrics().refused_joins(), 2 * 33);
    // Everybody else is served as before.
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.1, "call");
}

#[tokio::test]
async fn joining_and_leaving_leaves_nothing_behind() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    for _ in 0..200 {
        client.join("/acme", "").await;
        client.send("41/acme,").await;
    }
    client.join("/acme", "").await;
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.1, "call");
    assert_eq!(world.live.metrics().delivered(), 1);
}

#[tokio::test]
async fn an_oversized_frame_ends_the_connection() {
    let world = World::start().await;
    let mut client = Sio::joined(world.address, "/", GLOBAL_KEY).await;
    client
        .send(&format!("42[\"x\",\"{}\"]", "y".repeat(1_000_001)))
        .await;
    client.rest().await;
    until("the session's end", || world.live.metrics().clients() == 0).await;
}

#[tokio::test]
async fn random_frames_end_a_session_and_nothing_else() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let alphabet: Vec<char> = "0123456789-/,[]{}\"abé%?:\u{1e} ".chars().collect();
    for _ in 0..60 {
        let mut stream = Sio::websocket(
            world.address,
            &format!("/socket.io/?EIO=4&transport=websocket&apikey={GLOBAL_KEY}"),
            &[],
        )
        .await
        .unwrap();
        for _ in 0..30 {
            let length = next() % 24;
            let text: String = (0..length)
                .map(|_| alphabet[usize::try_from(next()).unwrap_or(0) % alphabet.len()])
                .collect();
            let frame = if next() % 5 == 0 {
                Message::binary(text.into_bytes())
            } else {
                Message::text(format!("4{text}"))
            };
            if futures_util::SinkExt::send(&mut stream, frame)
                .await
                .is_err()
            {
                break;
            }
        }
    }
    until("the sessions' end", || world.live.metrics().clients() == 0).await;
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.1, "call");
}
