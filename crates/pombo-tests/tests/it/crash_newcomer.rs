//! A newcomer's first minutes, on every database: create, join, post in, see, answer, see; then `kill -9`, and all is there.

use pombo_tests::server::KEY;
use pombo_tests::{Catcher, Server, until};
use serde_json::json;

use crate::crash_databases::TestDatabase;
use crate::crash_follow::{Follower, Over};

const NUMBER: &str = "5511900000005";

#[tokio::test]
async fn the_first_minutes_on_the_embedded_database() {
    first_minutes(&[]).await;
}

#[tokio::test]
async fn the_first_minutes_on_postgresql_and_mysql() {
    for database in TestDatabase::all("the_first_minutes_on_postgresql_and_mysql") {
        let uri = database.uri();
        first_minutes(&[
            ("DATABASE_PROVIDER", database.provider()),
            ("DATABASE_CONNECTION_URI", &uri),
        ])
        .await;
    }
}

async fn first_minutes(settings: &[(&str, &str)]) {
    let mut server = Server::start(settings).await;
    let (client, catcher) = (server.client(), Catcher::start().await);
    client.create("acme", NUMBER, json!({})).await;
    // At once: no event has happened, nothing is subscribed.
    let followers = [Over::SocketIo, Over::WebSocket]
        .map(|over| Follower::start(over, server.address, "acme", KEY));
    for follower in &followers {
        until("the followers to join", || async { follower.joined() }).await;
    }
    let body = json!({"websocket": {"enabled": true, "events": []}});
    client.post("/websocket/set/acme", &body).await.expect(201);
    let body = json!({"webhook": {"enabled": true, "url": catcher.url("/hook"), "events": []}});
    client.post("/webhook/set/acme", &body).await.expect(201);

    client.incoming(NUMBER, "first", "hello").await.expect(200);
    let hooked = catcher.event("messages.upsert").await;
    assert_eq!(hooked.body["data"]["key"]["id"], "first");
    let sent = client
        .post(
            "/message/sendText/acme",
            &json!({"number": "5511988887777", "text": "hi Ann"}),
        )
        .await;
    let sent = sent.expect(201).json()["key"]["id"]
        .as_str()
        .expect("a message has an id")
        .to_owned();
    catcher.event("send.message").await;
    for follower in &followers {
        until("both messages", || async {
            (follower.notes().told().len() == 2).then_some(())
        })
        .await;
    }

    server.kill().await;
    server.start_again().await;
    let found = client
        .post("/chat/findMessages/acme", &json!({}))
        .await
        .expect(200)
        .json();
    let records = found["messages"]["records"]
        .as_array()
        .expect("records")
        .iter();
    let mut stored: Vec<_> = records
        .filter_map(|record| record["key"]["id"].as_str())
        .collect();
    stored.sort_unstable();
    let mut expected = ["first", sent.as_str()];
    expected.sort_unstable();
    assert_eq!(stored, expected);
    client
        .incoming(NUMBER, "second", "still there?")
        .await
        .expect(200);
    for follower in &followers {
        until("the message after the restart", || async {
            (follower.notes().told().len() == 3).then_some(())
        })
        .await;
        assert_eq!(follower.notes().trouble, [""; 0]);
    }
}
