//! `/instance/*`, `/settings/*`, `/proxy/*`

use http::Method;
use serde_json::{Value, json};

use crate::kit::{Api, KEY};

#[tokio::test]
async fn creation_answers_as_recorded() {
    let api = Api::start().await;
    let body = json!({"instanceName": "ora-tok", "integration": "EVOLUTION", "token": "mytoken-1"});
    let answer = api.post("/instance/create", body).await;
    let mut created = answer.json();
    let id = created["instance"]["instanceId"].take();
    assert_eq!((answer.status, id.as_str().unwrap().len()), (201, 36));
    assert_eq!(
        created,
        json!({
            "instance": {"instanceName": "ora-tok", "instanceId": null, "integration": "EVOLUTION",
                         "webhookWaBusiness": null, "accessTokenWaBusiness": "", "status": "open"},
            "hash": "mytoken-1", "webhook": {}, "websocket": {}, "rabbitmq": {}, "nats": {}, "sqs": {},
            "settings": {"rejectCall": false, "msgCall": "", "groupsIgnore": false, "alwaysOnline": false,
                         "readMessages": false, "readStatus": false, "syncFullHistory": false, "wavoipToken": ""}
        })
    );
    let members: Vec<_> = created
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "instance",
            "hash",
            "webhook",
            "websocket",
            "rabbitmq",
            "nats",
            "sqs",
            "settings"
        ]
    );
}

#[tokio::test]
async fn a_taken_name_is_a_403() {
    let api = Api::start().await;
    api.create("alice").await;
    for body in [
        json!({"instanceName": "alice", "integration": "EVOLUTION"}),
        json!({"instanceName": "alice", "number": 5}),
    ] {
        let answer = api.post("/instance/create", body).await;
        assert_eq!(
            (answer.status, answer.message()),
            (403, json!(["This name \"alice\" is already in use."]))
        );
    }
}

#[tokio::test]
async fn two_creations_of_one_name_at_once_give_one_instance() {
    let api = Api::start().await;
    let body = || json!({"instanceName": "alice", "integration": "EVOLUTION"});
    let (a, b, c) = tokio::join!(
        api.post("/instance/create", body()),
        api.post("/instance/create", body()),
        api.post("/instance/create", body())
    );
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403]);
    assert_eq!(api.get("/instance/connectionState/alice").await.status, 200);
}

#[tokio::test]
async fn creation_takes_transports_and_echoes_them() {
    let api = Api::start().await;
    let body = json!({
        "instanceName": "alice", "integration": "EVOLUTION",
        "webhook": {"url": "http://127.0.0.1:9/h", "byEvents": true, "headers": {"x-a": "b"}},
        "websocket": {"enabled": false, "events": ["CALL"]}, "rabbitmq": {"enabled": true}
    });
    let answer = api.post("/instance/create", body).await.json();
    assert_eq!(
        answer["webhook"],
        json!({"webhookUrl": "http://127.0.0.1:9/h", "webhookHeaders": {"x-a": "b"}, "webhookByEvents": true})
    );
    assert_eq!(
        (&answer["websocket"], &answer["rabbitmq"]),
        (&json!({"enabled": false}), &json!({"enabled": true}))
    );
    let webhook = api.get("/webhook/find/alice").await.json();
    assert_eq!(
        (
            webhook["enabled"].as_bool(),
            webhook["events"].as_array().unwrap().len()
        ),
        (Some(true), 31)
    );
    assert_eq!(
        api.get("/websocket/find/alice").await.json()["enabled"],
        false
    );
}

#[tokio::test]
async fn a_refused_creation_leaves_nothing() {
    let api = Api::start().await;
    for body in [
        json!({"instanceName": "alice", "integration": "EVOLUTION", "webhook": {"url": "nope"}}),
        json!({"instanceName": "alice", "integration": "EVOLUTION", "websocket": {"events": ["NOPE"]}}),
        json!({"instanceName": "alice", "integration": "WHATSAPP-BUSINESS"}),
        json!({"instanceName": "x".repeat(256), "integration": "EVOLUTION"}),
    ] {
        assert_eq!(api.post("/instance/create", body).await.status, 400);
    }
    assert!(api.gateway.instances().is_empty());
    assert_eq!(api.get("/instance/fetchInstances").await.json(), json!([]));
}

#[tokio::test]
async fn a_whatsapp_instance_can_be_created_though_not_connected() {
    let api = Api::start().await;
    let answer = api
        .post(
            "/instance/create",
            json!({"instanceName": "wa", "qrcode": true}),
        )
        .await;
    let created = answer.json();
    assert_eq!(answer.status, 201, "{created}");
    assert_eq!(
        (&created["instance"]["status"], &created["qrcode"]),
        (&json!("close"), &json!({"count": 0}))
    );
    let answer = api.get("/instance/connect/wa?number=5511").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"error": true, "message": "Method not available on WhatsApp Baileys"})
    );
    let body = json!({"number": "5511", "text": "x"});
    let answer = api.post("/message/sendText/wa", body).await;
    assert_eq!(
        (answer.status, answer.message()),
        (400, json!(["Method not available on WhatsApp Baileys"]))
    );
}

#[tokio::test]
async fn connecting_restarting_and_logging_out() {
    let api = Api::start().await;
    api.create("alice").await;
    let open = json!({"instance": {"instanceName": "alice", "state": "open"}});
    assert_eq!(api.get("/instance/connect/alice").await.json(), open);
    for method in [Method::POST, Method::PUT] {
        assert_eq!(
            api.call(method, "/instance/restart/alice", Some(KEY), None)
                .await
                .json(),
            open
        );
    }
    let logout = async || {
        api.call(Method::DELETE, "/instance/logout/alice", Some(KEY), None)
            .await
    };
    assert_eq!(
        logout().await.json(),
        json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance logged out"}})
    );
    assert_eq!(
        api.get("/instance/connectionState/alice").await.json()["instance"]["state"],
        "close"
    );
    let again = logout().await;
    assert_eq!(
        (again.status, again.message()),
        (400, json!(["The \"alice\" instance is not connected"]))
    );
    assert_eq!(
        api.call(Method::POST, "/instance/restart/alice", Some(KEY), None)
            .await
            .json(),
        open
    );
}

#[tokio::test]
async fn deletion_is_done_when_it_is_answered() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.incoming("555", "M1", "1@s.whatsapp.net", "x").await;
    let answer = api
        .call(Method::DELETE, "/instance/delete/alice", Some(KEY), None)
        .await;
    assert_eq!(
        answer.json(),
        json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance deleted"}})
    );
    assert_eq!(api.get("/instance/connectionState/alice").await.status, 404);
    assert_eq!(
        api.call(Method::GET, "/instance/fetchInstances", Some(&token), None)
            .await
            .status,
        401
    );
    api.create("alice").await;
    assert_eq!(
        api.post("/chat/findMessages/alice", json!({})).await.json()["messages"]["total"],
        0
    );
}

#[tokio::test]
async fn settings_are_stored_and_texts_kept() {
    let api = Api::start().await;
    api.create("alice").await;
    let six = json!({"rejectCall": true, "groupsIgnore": false, "alwaysOnline": true, "readMessages": false,
                     "readStatus": false, "syncFullHistory": false});
    let mut first = six.clone();
    first["msgCall"] = json!("x");
    first["wavoipToken"] = json!("w");
    let answer = api.post("/settings/set/alice", first.clone()).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            201,
            json!({"settings": {"instanceName": "alice", "settings": first}})
        )
    );
    let answer = api.post("/settings/set/alice", six.clone()).await;
    assert_eq!(answer.json()["settings"]["settings"], six);
    let found = api.get("/settings/find/alice").await.json();
    assert_eq!(
        (
            &found["msgCall"],
            &found["wavoipToken"],
            &found["alwaysOnline"]
        ),
        (&json!("x"), &json!("w"), &json!(true))
    );
    let answer = api
        .post("/settings/set/alice", json!({"rejectCall": "true"}))
        .await;
    assert_eq!(
        answer.message()[0][0],
        "rejectCall is not of a type(s) boolean"
    );
}

#[tokio::test]
async fn a_proxy_is_stored_and_switched_off() {
    let api = Api::start().await;
    api.create("alice").await;
    assert_eq!(api.get("/proxy/find/alice").await.json(), Value::Null);
    let proxy = json!({"enabled": true, "host": "p.test", "port": "8080", "protocol": "http", "username": "u", "password": "p"});
    let answer = api.post("/proxy/set/alice", proxy.clone()).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            201,
            json!({"proxy": {"instanceName": "alice", "proxy": proxy}})
        )
    );
    assert_eq!(api.get("/proxy/find/alice").await.json()["host"], "p.test");
    assert_eq!(
        api.post("/proxy/set/alice", json!({"enabled": ""}))
            .await
            .status,
        201
    );
    let found = api.get("/proxy/find/alice").await.json();
    assert_eq!(
        (&found["enabled"], &found["host"]),
        (&json!(false), &json!(""))
    );
    let element = api.get("/instance/fetchInstances").await.json()[0].clone();
    assert_eq!(element["Proxy"]["id"], found["id"]);
}

#[tokio::test]
async fn an_element_of_fetch_instances_has_all_members_in_order() {
    let api = Api::start().await;
    api.create("alice").await;
    let element = api.get("/instance/fetchInstances").await.json()[0].clone();
    let members: Vec<_> = element
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "name",
            "connectionStatus",
            "ownerJid",
            "profileName",
            "profilePicUrl",
            "integration",
            "number",
            "businessId",
            "token",
            "clientName",
            "disconnectionReasonCode",
            "disconnectionObject",
            "disconnectionAt",
            "createdAt",
            "updatedAt",
            "Chatwoot",
            "Proxy",
            "Rabbitmq",
            "Nats",
            "Sqs",
            "Websocket",
            "Setting",
            "_count"
        ]
    );
    assert_eq!(
        element["_count"],
        json!({"Message": 0, "Contact": 0, "Chat": 0})
    );
}

#[tokio::test]
async fn a_pace_is_kept_from_the_next_message_on() {
    let api = Api::start().await;
    api.create("alice").await;
    let set = async |pacing: Value| {
        let body = json!({
            "rejectCall": false, "groupsIgnore": false, "alwaysOnline": false, "readMessages": false, "readStatus": false,
            "syncFullHistory": false, "pacing": pacing,
        });
        api.post("/settings/set/alice", body).await
    };
    let text = json!({"number": "5511988887777", "text": "hello"});
    let send = async || api.post("/message/sendText/alice", text.clone()).await;
    assert_eq!(send().await.status, 201);

    let wrong = set(json!({"minDelay": 20, "maxDelay": 10})).await;
    assert_eq!(
        (wrong.status, wrong.message()),
        (
            400,
            json!([["pacing.maxDelay must not be less than pacing.minDelay"]])
        )
    );
    assert_eq!(set(json!({"perHour": -1})).await.status, 400);
    assert_eq!(set(json!({"minDelay": 5, "perHour": 2})).await.status, 201);
    assert_eq!(send().await.status, 201);
    assert_eq!(send().await.status, 201);
    let refused = send().await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(api.sent.lock().unwrap().len(), 3);
    let after: u64 = refused.headers["retry-after"]
        .to_str()
        .expect("a text")
        .parse()
        .expect("seconds");
    assert!((3400..3600).contains(&after), "{after}");
    let found = api.get("/settings/find/alice").await.json();
    assert_eq!(
        found["pacing"],
        json!({"minDelay": 5, "maxDelay": 0, "perMinute": 0, "perHour": 2, "perDay": 0})
    );

    // Nothing limits nothing, and is not shown.
    assert_eq!(set(json!({})).await.status, 201);
    assert_eq!(send().await.status, 201);
    let found = api.get("/settings/find/alice").await.json();
    assert!(found.get("pacing").is_none(), "{found}");
}
