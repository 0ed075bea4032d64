//! Pusher: what its servers would get.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use pombo_tests::catcher::Caught;
use pombo_tests::{Catcher, Client, Server, until};
use serde_json::{Value, json};

use crate::support::{Driver, NUMBER};

const KEY: &str = "278d425bdf160c739803";
const SECRET: &str = "7ad3773142a6692b25b8";

fn app() -> Value {
    json!({"enabled": true, "appId": "3", "key": KEY, "secret": SECRET, "cluster": "sa1", "useTLS": false,
           "events": ["MESSAGES_UPSERT"]})
}

async fn pushing(more: &[(&str, &str)]) -> (Catcher, Server, Client) {
    let catcher = Catcher::start().await;
    let host = catcher.url("").replace("http://", "");
    let mut settings = vec![("PUSHER_ENABLED", "true"), ("POMBO_PUSHER_HOST", &host)];
    settings.extend(more);
    let server = Server::start(&settings).await;
    let client = server.client();
    (catcher, server, client)
}

async fn named(catcher: &Catcher, event: &str) -> Caught {
    catcher
        .next(event, |caught| caught.body["name"] == event)
        .await
}

fn data(caught: &Caught) -> Value {
    serde_json::from_str(caught.body["data"].as_str().expect("a text")).expect("JSON")
}

fn sorted(query: &str) -> Vec<&str> {
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.sort_unstable();
    pairs
}

async fn metric(client: &Client, name: &str) -> u64 {
    let text = client.get("/metrics").await.expect(200).text;
    let line = text
        .lines()
        .find(|line| line.starts_with(name) && line.contains("pusher"))
        .unwrap_or_else(|| panic!("{name} is missing in\n{text}"));
    line.rsplit(' ')
        .next()
        .and_then(|value| value.parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn an_instance_pushes_to_its_own_app_as_the_official_library_would() {
    let (catcher, _server, client) = pushing(&[]).await;
    client.create("my shop", NUMBER, json!({})).await;
    client
        .post("/pusher/set/my%20shop", &json!({"pusher": app()}))
        .await
        .expect(201);
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    let caught = named(&catcher, "messages.upsert").await;
    assert_eq!(caught.body["channels"], json!(["my_shop"]));
    let envelope = data(&caught);
    assert_eq!(
        (&envelope["instance"], &envelope["destination"]),
        (&json!("my shop"), &json!("3"))
    );
    assert_eq!(envelope["data"]["key"]["id"], "m1");

    signed_as_by_the_official_library(&caught, "/apps/3/events").await;
}

async fn signed_as_by_the_official_library(caught: &Caught, route: &str) {
    let (path, query) = caught.path.split_once('?').expect("a query");
    assert_eq!(path, route);
    let timestamp = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("auth_timestamp="));
    let job = json!({"appId": "3", "key": KEY, "secret": SECRET, "path": path, "body": caught.raw, "timestamp": timestamp});
    let Some(mut library) = Driver::python("pusher_verify.py", &job) else {
        return;
    };
    let signed = library.kind("signed").await;
    assert_eq!(
        sorted(signed["query"].as_str().expect("a text")),
        sorted(query)
    );
}

/// The events of a call, of whichever kind it was.
fn events(caught: &Caught) -> Vec<&Value> {
    match caught.body["batch"].as_array() {
        Some(batch) => batch.iter().collect(),
        None => vec![&caught.body],
    }
}

#[tokio::test]
async fn a_backlog_goes_in_batches_in_order_and_a_refused_batch_one_by_one() {
    let (catcher, _server, client) = pushing(&[]).await;
    // As Pusher would, if one of them could not be taken.
    catcher.answer(|_, caught| {
        let bad = |event: &&Value| {
            event["data"]
                .as_str()
                .is_some_and(|data| data.contains("\"m7\""))
        };
        let status = if events(caught).iter().any(bad) {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        status.into_response()
    });
    client.create("acme", NUMBER, json!({})).await;
    client
        .post("/pusher/set/acme", &json!({"pusher": app()}))
        .await
        .expect(201);
    client
        .post("/pusher/pause/acme", &json!({}))
        .await
        .expect(200);
    for number in 0..25 {
        client
            .incoming(NUMBER, &format!("m{number}"), "hello")
            .await
            .expect(200);
    }
    client
        .post("/pusher/resume/acme", &json!({}))
        .await
        .expect(200);
    let id = |event: &Value| {
        let data = event["data"].as_str().expect("a text");
        let envelope: Value = serde_json::from_str(data).expect("JSON");
        envelope["data"]["key"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let caught = until("the last one", || async {
        let caught = catcher.caught();
        let there = caught
            .iter()
            .any(|call| events(call).iter().any(|event| id(event) == "m24"));
        there.then_some(caught)
    })
    .await;
    let batches: Vec<_> = caught
        .iter()
        .filter(|call| call.body["batch"].is_array())
        .collect();
    assert!(
        !batches.is_empty()
            && batches
                .iter()
                .all(|call| (2..=10).contains(&events(call).len()))
    );
    assert!(caught.len() < 25, "{} calls", caught.len());
    signed_as_by_the_official_library(batches[0], "/apps/3/batch_events").await;
    let mut taken = Vec::new();
    for call in &caught {
        let ids: Vec<_> = events(call).into_iter().map(id).collect();
        if !ids.contains(&"m7".to_owned()) {
            taken.extend(ids);
        }
    }
    let expected: Vec<_> = (0..25)
        .filter(|number| *number != 7)
        .map(|number| format!("m{number}"))
        .collect();
    assert_eq!(taken, expected);
    let dead = until("the bad one to be listed", || async {
        let rows = client
            .get("/pusher/deliveries/acme?state=dead")
            .await
            .expect(200)
            .json();
        (rows.as_array()?.len() == 1).then_some(rows)
    })
    .await;
    assert_eq!(dead[0]["status"], 400);
}

#[tokio::test]
async fn the_global_app_gets_everybodys_chosen_events() {
    let (catcher, _server, client) = pushing(&[
        ("PUSHER_GLOBAL_ENABLED", "true"),
        ("PUSHER_GLOBAL_APP_ID", "77"),
        ("PUSHER_GLOBAL_KEY", KEY),
        ("PUSHER_GLOBAL_SECRET", SECRET),
        ("PUSHER_GLOBAL_CLUSTER", "mt1"),
        ("PUSHER_EVENTS_MESSAGES_UPSERT", "true"),
    ])
    .await;
    client.create("acme", NUMBER, json!({})).await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    let caught = named(&catcher, "messages.upsert").await;
    assert!(caught.path.starts_with("/apps/77/events?"));
    assert_eq!(data(&caught)["destination"], "77");
    assert!(
        catcher
            .caught()
            .iter()
            .all(|caught| caught.body["name"] == "messages.upsert")
    );
}

#[tokio::test]
async fn a_large_event_is_given_up_and_the_next_arrives() {
    let (catcher, _server, client) = pushing(&[("PROMETHEUS_METRICS", "true")]).await;
    client.create("acme", NUMBER, json!({})).await;
    client
        .post("/pusher/set/acme", &json!({"pusher": app()}))
        .await
        .expect(201);
    client
        .incoming(NUMBER, "large", &"A".repeat(11_000))
        .await
        .expect(200);
    client.incoming(NUMBER, "small", "hello").await.expect(200);
    assert_eq!(
        data(&named(&catcher, "messages.upsert").await)["data"]["key"]["id"],
        "small"
    );
    until("the large one to be listed as dead", || async {
        (metric(&client, "pombo_deliveries_dead_total").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_pusher_could_not_take_arrives_later() {
    let (catcher, _server, client) = pushing(&[
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
    ])
    .await;
    catcher.answer(|number, _| {
        let status = if number < 2 {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        status.into_response()
    });
    client.create("acme", NUMBER, json!({})).await;
    client
        .post("/pusher/set/acme", &json!({"pusher": app()}))
        .await
        .expect(201);
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    until("a third attempt", || async {
        (catcher.caught().len() >= 3).then_some(())
    })
    .await;
}
