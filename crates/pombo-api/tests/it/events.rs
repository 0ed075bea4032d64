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
