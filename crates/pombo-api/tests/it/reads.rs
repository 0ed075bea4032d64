//! `/chat/find*`

use serde_json::{Value, json};

use crate::kit::Api;

const ANN: &str = "5511988887777@s.whatsapp.net";
const BEN: &str = "5511977776666@s.whatsapp.net";

/// `alice` with two chats: three messages of Ann, one of Ben, one sent to Ann.
async fn filled() -> Api {
    let api = Api::start().await;
    api.create("alice").await;
    for (id, jid) in [("A1", ANN), ("A2", ANN), ("B1", BEN), ("A3", ANN)] {
        assert_eq!(
            api.incoming("555", id, jid, id).await.json(),
            json!({"status": "success"})
        );
    }
    let body = json!({"number": ANN, "text": "mine"});
    assert_eq!(api.post("/message/sendText/alice", body).await.status, 201);
    api
}

async fn ids(api: &Api, body: Value) -> (Value, Vec<String>) {
    let found = api.post("/chat/findMessages/alice", body).await.json()["messages"].clone();
    let ids = found["records"].as_array().unwrap().iter().map(|record| {
        record["message"]["conversation"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    (
        json!([found["total"], found["pages"], found["currentPage"]]),
        ids.collect(),
    )
}

#[tokio::test]
async fn inbound_without_a_home_is_ignored() {
    let api = Api::start().await;
    api.create("alice").await;
    assert_eq!(
        api.incoming("000", "X", ANN, "x").await.json(),
        json!({"status": "ignored"})
    );
    assert_eq!(
        api.post("/webhook/evolution", json!({})).await.json(),
        json!({"status": "ignored"})
    );
    let answer = api
        .post(
            "/webhook/evolution",
            json!({"numberId": "555", "message": {"conversation": "x"}}),
        )
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn messages_come_in_pages() {
    let api = filled().await;
    let (head, all) = ids(&api, json!({})).await;
    assert_eq!((head, all.len()), (json!([5, 1, 1]), 5));
    let (head, page) = ids(&api, json!({"where": {}, "offset": 2, "page": 2})).await;
    assert_eq!((head, page), (json!([5, 3, 2]), all[2..4].to_vec()));
    assert_eq!(ids(&api, json!({"limit": 2})).await.1, all[..2]);
    assert_eq!(
        ids(&api, json!({"limit": 2, "offset": 4})).await.1,
        all[4..]
    );
    assert_eq!(
        ids(&api, json!({"offset": 2, "page": 9})).await.0,
        json!([5, 3, 9])
    );
}

#[tokio::test]
async fn messages_are_filtered() {
    let api = filled().await;
    for filter in [
        json!({"key": {"remoteJid": BEN}}),
        json!({"remoteJid": BEN}),
        json!({"key": {"id": "B1"}}),
    ] {
        assert_eq!(
            ids(&api, json!({"where": filter})).await.1,
            ["B1"],
            "{filter}"
        );
    }
    assert_eq!(
        ids(&api, json!({"where": {"key": {"fromMe": true}}}))
            .await
            .1,
        ["mine"]
    );
    assert_eq!(
        ids(&api, json!({"where": {"key": {"fromMe": false}}}))
            .await
            .1
            .len(),
        4
    );
    let future = json!({"where": {"messageTimestamp": {"gte": "2100-01-01", "lte": "2101-01-01"}}});
    assert_eq!(ids(&api, future).await.0, json!([0, 0, 1]));
}

#[tokio::test]
async fn a_record_has_the_originals_members() {
    let api = filled().await;
    let found = api
        .post(
            "/chat/findMessages/alice",
            json!({"where": {"key": {"id": "B1"}}}),
        )
        .await
        .json();
    let record = &found["messages"]["records"][0];
    let members: Vec<_> = record
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "key",
            "pushName",
            "messageType",
            "message",
            "messageTimestamp",
            "instanceId",
            "source",
            "contextInfo",
            "MessageUpdate"
        ]
    );
    assert_eq!(
        (&record["pushName"], &record["MessageUpdate"]),
        (&json!("Ann"), &json!([]))
    );
}

#[tokio::test]
async fn contacts_by_everything_that_clients_send() {
    let api = filled().await;
    let all = api.post("/chat/findContacts/alice", json!({})).await.json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let ann = all
        .as_array()
        .unwrap()
        .iter()
        .find(|contact| contact["remoteJid"] == ANN)
        .unwrap();
    assert_eq!(
        (&ann["isGroup"], &ann["isSaved"], &ann["type"]),
        (&json!(false), &json!(true), &json!("contact"))
    );
    for filter in [
        json!({"remoteJid": ANN}),
        json!({"remoteJid": "5511988887777"}),
        json!({"id": ANN}),
        json!({"id": ann["id"]}),
    ] {
        let found = api
            .post("/chat/findContacts/alice", json!({"where": filter}))
            .await
            .json();
        assert_eq!(found, json!([ann]), "{filter}");
    }
    let answer = api
        .post("/chat/findContacts/alice", json!({"page": 1}))
        .await;
    assert_eq!(answer.json().as_array().unwrap().len(), 2);
    let answer = api
        .post("/chat/findContacts/alice", json!({"offset": 1, "page": 2}))
        .await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
    assert_eq!(
        api.post("/chat/findContacts/alice", json!({"where": {"id": ""}}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn chats_are_shown_with_their_last_message() {
    let api = filled().await;
    let all = api.post("/chat/findChats/alice", json!({})).await.json();
    let chats = all.as_array().unwrap();
    assert_eq!(chats.len(), 2);
    let ann = chats.iter().find(|chat| chat["remoteJid"] == ANN).unwrap();
    let members: Vec<_> = ann
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "remoteJid",
            "pushName",
            "profilePicUrl",
            "updatedAt",
            "windowStart",
            "windowExpires",
            "windowActive",
            "lastMessage",
            "unreadCount",
            "isSaved"
        ]
    );
    assert!(ann["id"].is_string());
    assert_eq!(
        (&ann["pushName"], &ann["windowActive"], &ann["isSaved"]),
        (&json!("Ann"), &json!(true), &json!(true))
    );
    let last = &ann["lastMessage"];
    assert_eq!(
        (&last["pushName"], &last["message"]),
        (&json!("Você"), &json!({"conversation": "mine"}))
    );
    for filter in [
        json!({"remoteJid": BEN}),
        json!({"remoteJid": "5511977776666"}),
        json!({"id": "B1"}),
        json!({"id": BEN}),
    ] {
        let found = api
            .post("/chat/findChats/alice", json!({"where": filter}))
            .await
            .json();
        assert_eq!(found[0]["remoteJid"], BEN, "{filter}");
        assert_eq!(found.as_array().unwrap().len(), 1);
    }
    for part in [
        json!({"take": 1, "skip": 1}),
        json!({"offset": 1, "page": 2}),
        json!({"limit": 1, "page": 2}),
    ] {
        let found = api.post("/chat/findChats/alice", part.clone()).await.json();
        assert_eq!(found, json!([chats[1]]), "{part}");
    }
}

#[tokio::test]
async fn one_chat_by_its_address() {
    let api = filled().await;
    let found = api
        .get(&format!("/chat/findChatByRemoteJid/alice?remoteJid={ANN}"))
        .await
        .json();
    let members: Vec<_> = found
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "remoteJid",
            "name",
            "labels",
            "createdAt",
            "updatedAt",
            "instanceId",
            "unreadMessages"
        ]
    );
    assert_eq!(
        api.get("/chat/findChatByRemoteJid/alice?remoteJid=x@lid")
            .await
            .text,
        "null"
    );
    let missing = api.get("/chat/findChatByRemoteJid/alice").await;
    assert_eq!(
        (missing.status, missing.text.as_str()),
        (
            400,
            r#"{"error":"remoteJid is a required query parameter"}"#
        )
    );
}

#[tokio::test]
async fn steps_of_messages_and_pictures() {
    let api = filled().await;
    let body = json!({"where": {"instanceId": "alice", "remoteJid": ANN, "keyId": "A1"}});
    assert_eq!(
        api.post("/chat/findStatusMessage/alice", body).await.json(),
        json!([])
    );
    let answer = api
        .post(
            "/chat/findStatusMessage/alice",
            json!({"where": {"status": "NOPE"}}),
        )
        .await;
    assert_eq!(
        answer.message(),
        json!([[
            "where.status is not one of enum values: ERROR,PENDING,SERVER_ACK,DELIVERY_ACK,READ,PLAYED"
        ]])
    );
    let answer = api
        .post(
            "/chat/fetchProfilePictureUrl/alice",
            json!({"number": "5511988887777"}),
        )
        .await;
    assert_eq!(
        answer.json(),
        json!({"wuid": ANN, "profilePictureUrl": null})
    );
}
