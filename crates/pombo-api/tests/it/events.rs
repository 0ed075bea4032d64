//! `/{transport}/set` and `/{transport}/find`

use pombo_domain::subscription::TransportKind;
use serde_json::{Value, json};

use crate::kit::Api;

#[tokio::test]
async fn what_is_set_is_found() {
    let api = Api::start().await;
    api.create("alice").await;
    for transport in TransportKind::ALL.map(TransportKind::as_str) {
        let mut inner = json!({"enabled": true, "events": ["MESSAGES_UPSERT"], "url": "http://127.0.0.1:9/h",
                               "appId": "1", "key": "k", "secret": "s", "cluster": "eu", "useTLS": true});
        if transport != "pusher" {
            inner
                .as_object_mut()
                .unwrap()
                .retain(|name, _| matches!(name.as_str(), "enabled" | "events" | "url"));
        }
        let set = |inner: &Value| json!({transport: inner});
        let answer = api
            .post(&format!("/{transport}/set/alice"), set(&inner))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let find = async || api.get(&format!("/{transport}/find/alice")).await.json();
        assert_eq!(find().await, answer.json(), "{transport}");
        inner["events"] = json!(["CALL", "GROUPS_UPDATE"]);
        api.post(&format!("/{transport}/set/alice"), set(&inner))
            .await;
        assert_eq!(find().await["events"], json!(["CALL", "GROUP_UPDATE"]));
        // Switched off, the selection stays; switched on without a list, it is still there.
        inner["enabled"] = json!(false);
        inner["events"] = json!([]);
        api.post(&format!("/{transport}/set/alice"), set(&inner))
            .await;
        assert_eq!(
            (&find().await["enabled"], &find().await["events"]),
            (&json!(false), &json!(["CALL", "GROUP_UPDATE"]))
        );
        inner["enabled"] = json!(true);
        inner.as_object_mut().unwrap().remove("events");
        api.post(&format!("/{transport}/set/alice"), set(&inner))
            .await;
        assert_eq!(find().await["events"], json!(["CALL", "GROUP_UPDATE"]));
        inner["events"] = json!([]);
        api.post(&format!("/{transport}/set/alice"), set(&inner))
            .await;
        assert_eq!(find().await["events"].as_array().unwrap().len(), 31);
    }
}

#[tokio::test]
async fn a_transport_that_is_off_stores_and_warns() {
    let api = Api::start().await;
    api.create("alice").await;
    let find = async |name: &str| api.get(&format!("/{name}/find/alice")).await;
    let none = find("rabbitmq").await;
    assert_eq!(none.json(), json!({"enabled": false, "events": []}));
    assert_eq!(
        none.header("x-warning"),
        "rabbitmq is switched off on this server (RABBITMQ_ENABLED)"
    );
    let none = find("websocket").await;
    assert_eq!((none.text.as_str(), none.header("x-warning")), ("null", ""));
    assert_eq!(find("webhook").await.text, "null");
    let answer = api
        .post(
            "/rabbitmq/set/alice",
            json!({"enabled": true, "events": ["CALL"]}),
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()["events"].clone()),
        (201, json!(["CALL"]))
    );
    assert!(!answer.header("x-warning").is_empty());
    assert_eq!(find("rabbitmq").await.json()["enabled"], true);
}

#[tokio::test]
async fn webhook_options_stay_until_changed_and_secrets_are_never_shown() {
    let api = Api::start().await;
    api.create("alice").await;
    let url = "http://127.0.0.1:9/h";
    let body = json!({"webhook": {"enabled": true, "url": url, "headers": {"x-a": "b"}, "webhookByEvents": true,
                                  "base64": true, "secret": "whsec_AAAA"}});
    let answer = api.post("/webhook/set/alice", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert!(!answer.text.contains("whsec"));
    let kept = api
        .post(
            "/webhook/set/alice",
            json!({"webhook": {"enabled": true, "url": url}}),
        )
        .await
        .json();
    for (name, value) in [
        ("headers", json!({"x-a": "b"})),
        ("webhookByEvents", json!(true)),
        ("byEvents", json!(true)),
        ("webhookBase64", json!(true)),
        ("base64", json!(true)),
        ("signed", json!(true)),
    ] {
        assert_eq!(kept[name], value, "{name}");
    }
    assert!(!api.get("/webhook/find/alice").await.text.contains("whsec"));
    assert!(
        !api.get("/instance/fetchInstances")
            .await
            .text
            .contains("whsec")
    );
    let answer = api
        .post(
            "/webhook/set/alice",
            json!({"webhook": {"enabled": true, "url": "not a url"}}),
        )
        .await;
    assert_eq!(
        (answer.status, answer.message()),
        (400, json!(["Invalid \"url\" property"]))
    );
}

#[tokio::test]
async fn filters_and_payload_versions_are_stored_shown_and_taken_away() {
    let api = Api::start().await;
    api.create("alice").await;
    let set = async |inner: Value| {
        api.post("/rabbitmq/set/alice", json!({"rabbitmq": inner}))
            .await
    };
    let filter = json!({"chats": ["1203@g.us"], "groups": true, "fromMe": false});
    let answer =
        set(json!({"enabled": true, "filter": filter, "payload": "v2", "strictOrder": true})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let found = api.get("/rabbitmq/find/alice").await.json();
    assert_eq!(
        (&found["filter"], &found["payload"], &found["strictOrder"]),
        (&filter, &json!("v2"), &json!(true))
    );
    // Kept until they are named again.
    assert_eq!(set(json!({"enabled": true})).await.json()["filter"], filter);
    let plain =
        set(json!({"enabled": true, "filter": null, "payload": null, "strictOrder": false}))
            .await
            .json();
    for name in ["filter", "payload", "strictOrder", "paused"] {
        assert!(plain.get(name).is_none(), "{plain}");
    }
    let refused = set(json!({"enabled": true, "filter": {"grups": true}})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("grups"), "{}", refused.text);
    let refused = set(json!({"enabled": true, "payload": "v9"})).await;
    assert_eq!(
        (refused.status, refused.message()),
        (
            400,
            json!([["rabbitmq.payload is not one of enum values: v1,v2"]])
        )
    );
}

#[tokio::test]
async fn a_line_is_paused_and_resumed() {
    let api = Api::start().await;
    api.create("alice").await;
    let call = async |what: &str| api.post(&format!("/webhook/{what}/alice"), json!({})).await;
    assert_eq!(call("pause").await.status, 404);
    api.post(
        "/webhook/set/alice",
        json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:9/h"}}),
    )
    .await;
    let paused = call("pause").await;
    assert_eq!(
        (paused.status, &paused.json()["paused"]),
        (200, &json!(true))
    );
    assert_eq!(api.get("/webhook/find/alice").await.json()["paused"], true);
    let resumed = call("resume").await;
    assert_eq!((resumed.status, resumed.json().get("paused")), (200, None));
    assert_eq!(api.get("/webhook/find/alice").await.json(), resumed.json());
    assert_eq!(
        api.post("/websocket/pause/alice", json!({})).await.status,
        404
    );
}

#[tokio::test]
async fn failed_deliveries_are_listed_and_replayed() {
    let api = Api::start().await;
    api.create("alice").await;
    let replay = async |body: Value| api.post("/webhook/replay/alice", body).await;
    assert_eq!(
        replay(json!({"state": "dead"})).await.message(),
        json!(["there is no subscription"])
    );
    api.post(
        "/webhook/set/alice",
        json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:9/refuse"}}),
    )
    .await;
    for id in ["M1", "M2"] {
        assert_eq!(
            api.incoming("555", id, "1@s.whatsapp.net", "hello")
                .await
                .status,
            200
        );
    }
    let list = async |query: &str| {
        api.get(&format!("/webhook/deliveries/alice{query}"))
            .await
            .json()
    };
    let dead = async || list("?state=dead").await.as_array().unwrap().len();
    while dead().await < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let rows = list("").await;
    let newest = rows[0].clone();
    assert_eq!(newest["state"], "dead");
    assert_eq!(
        (&newest["status"], &newest["attempt"], &newest["nextAt"]),
        (&json!(400), &json!(1), &Value::Null)
    );
    assert!(newest["eventId"].as_str().unwrap().starts_with("evt_"));
    assert!(
        newest["latency"].is_u64() && newest["seq"].is_i64() && newest["createdAt"].is_string(),
        "{newest}"
    );
    assert_eq!(list("?state=waiting").await, json!([]));
    assert_eq!(list("?limit=1").await.as_array().unwrap().len(), 1);
    assert!(
        list(&format!("?after={}", newest["id"]))
            .await
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["id"] != newest["id"])
    );
    assert_eq!(
        api.get("/webhook/deliveries/alice?state=lost").await.status,
        400
    );

    assert_eq!(
        replay(json!({"deliveries": [newest["id"], 999_999]}))
            .await
            .json(),
        json!({"queued": 1})
    );
    let seq = newest["seq"].as_i64().unwrap();
    let again = replay(json!({"after": seq, "before": seq + 1})).await;
    assert_eq!((again.status, again.json()), (200, json!({"queued": 0})));
    let future = replay(json!({"from": "2999-01-01T00:00:00Z"})).await;
    assert_eq!(future.json(), json!({"queued": 0}));
    for bad in [
        json!({}),
        json!({"state": "waiting"}),
        json!({"deliveries": ["x"]}),
        json!({"state": "dead", "after": 1}),
        json!({"from": "yesterday"}),
    ] {
        assert_eq!(replay(bad.clone()).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_log_is_found_by_place_and_kind() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.create("bob-longer").await;
    for id in ["M1", "M2", "M3"] {
        assert_eq!(
            api.incoming("555", id, "1@s.whatsapp.net", "hello")
                .await
                .status,
            200
        );
    }
    let find = async |query: &str| api.get(&format!("/event/find/alice{query}")).await.json();
    let all = find("").await;
    assert_eq!(
        (&all["complete"], &all["through"]),
        (&json!(true), &all["head"])
    );
    let events = all["events"].as_array().unwrap();
    assert!(events.iter().all(|event| event["instance"] == "alice"
        && event["id"].is_string()
        && event["seq"].is_i64()));
    for kind in ["messages.upsert", "MESSAGES_UPSERT", "messages.upsert,CALL"] {
        let found = find(&format!("?kind={kind}&limit=2")).await;
        let ids: Vec<_> = found["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["data"]["key"]["id"].clone())
            .collect();
        assert_eq!(ids, ["M1", "M2"]);
        let rest = find(&format!("?kind={kind}&after={}", found["through"])).await;
        assert_eq!(rest["events"].as_array().unwrap().len(), 1);
    }
    for bad in ["?kind=nope", "?after=x", "?after=-1"] {
        assert_eq!(
            api.get(&format!("/event/find/alice{bad}")).await.status,
            400,
            "{bad}"
        );
    }
    // Somebody else's key opens nothing.
    let other = api
        .call(
            http::Method::GET,
            "/event/find/bob-longer",
            Some(&token),
            None,
        )
        .await;
    assert_eq!(other.status, 401);
}
