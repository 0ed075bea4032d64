//! `/chat/*` and `/label/*`: what Ann's own phone and Bob's show of it, and what is stored.

use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::view::MessageStatus;
use pombo_tests::{DEADLINE, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

const ANNS: &str = "5511900000001@s.whatsapp.net";
const BOBS: &str = "5511900000002@s.whatsapp.net";

/// Bob writes to Ann; the key under which the message was told.
async fn arrived(stage: &Stage, bob: &VirtualPhone, text: &str) -> Value {
    let sent = bob.send_text(ANN, text).await.expect("online");
    stage.arrived(&sent.id).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_read_edited_deleted_and_found() {
    let (stage, _, bob) = Stage::acme().await;
    let key = arrived(&stage, &bob, "hello").await;
    let id = key["id"].as_str().expect("an id").to_owned();
    let read = stage
        .post(
            "chat/markMessageAsRead",
            json!({"readMessages": [key]}),
            201,
        )
        .await;
    assert_eq!(read["read"], "success");
    bob.wait_for(DEADLINE, |view| {
        (view.message(ANNS, &id)?.status >= MessageStatus::Read).then_some(())
    })
    .await
    .expect("his phone shows blue ticks");

    let sent = stage
        .post(
            "message/sendText",
            json!({"number": BOB, "text": "first"}),
            201,
        )
        .await;
    let mine = sent["key"].clone();
    let own = mine["id"].as_str().expect("an id").to_owned();
    let edit = json!({"number": BOB, "key": mine, "text": "second"});
    stage.post("chat/updateMessage", edit, 200).await;
    bob.wait_for(DEADLINE, |view| {
        (view.message(ANNS, &own)?.text() == "second").then_some(())
    })
    .await
    .expect("his phone shows the edit");
    // Somebody else's message is not Ann's to edit.
    let edit = json!({"number": BOB, "key": key, "text": "forged"});
    let refused = stage.client.post("/chat/updateMessage/acme", &edit).await;
    assert_eq!(refused.status, 400, "{}", refused.text);

    bob.read(ANN).await.expect("he reads");
    until("the steps are stored", || async {
        let body = json!({"where": {"id": own}});
        let steps = stage.post("chat/findStatusMessage", body, 200).await;
        let steps = steps.as_array()?.clone();
        steps
            .iter()
            .any(|step| step["status"] == "READ")
            .then_some(())
    })
    .await;

    let path = "/chat/deleteMessageForEveryone/acme";
    let request = stage.client.request(Method::DELETE, path).json(&mine);
    stage.client.send(request).await.expect(201);
    bob.wait_for(DEADLINE, |view| {
        view.message(ANNS, &own)?.deleted.then_some(())
    })
    .await
    .expect("his phone shows that it is gone");

    let body = json!({"where": {"key": {"remoteJid": BOBS}}});
    let found = stage.post("chat/findMessages", body, 200).await;
    assert_eq!(found["messages"]["total"], 2);
    let chats = stage.post("chat/findChats", json!({}), 200).await;
    let chat = chats
        .as_array()
        .into_iter()
        .flatten()
        .find(|chat| chat["remoteJid"] == BOBS);
    assert_eq!(
        chat.map(|chat| &chat["isSaved"]),
        Some(&json!(true)),
        "{chats}"
    );
    let path = format!("/chat/findChatByRemoteJid/acme?remoteJid={BOBS}");
    let chat = stage.client.get(&path).await.expect(200).json();
    assert_eq!(chat["remoteJid"], BOBS);
    let body = json!({"where": {"remoteJid": BOBS}});
    let contacts = stage.post("chat/findContacts", body, 200).await;
    assert_eq!(contacts[0]["pushName"], "Bob");
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_archived_marked_unread_and_typed_in() {
    let (stage, ann, bob) = Stage::acme().await;
    let key = arrived(&stage, &bob, "hello").await;
    let last = json!({"key": key, "messageTimestamp": 1_795_398_107});
    for archived in [true, false] {
        let body = json!({"lastMessage": last, "chat": BOB, "archive": archived});
        stage.post("chat/archiveChat", body, 201).await;
        ann.wait_for(DEADLINE, |view| {
            (view.chat(BOBS)?.archived == archived).then_some(())
        })
        .await
        .expect("her phone shows it");
    }
    let body = json!({"lastMessage": last, "chat": BOB});
    stage.post("chat/markChatUnread", body, 201).await;
    ann.wait_for(DEADLINE, |view| {
        view.chat(BOBS)?.marked_unread.then_some(())
    })
    .await
    .expect("her phone shows it as unread");

    for (presence, shown) in [("composing", "composing"), ("recording", "recording")] {
        let body = json!({"number": BOB, "presence": presence, "delay": 700});
        let seen = bob.wait_for(DEADLINE, |view| {
            (view.chat(ANNS)?.typing.get(ANNS)? == shown).then_some(())
        });
        let (answer, seen) = tokio::join!(stage.post("chat/sendPresence", body, 201), seen);
        seen.expect("his phone shows it");
        assert_eq!(answer["presence"], presence);
        bob.wait_for(DEADLINE, |view| {
            view.chat(ANNS)?.typing.is_empty().then_some(())
        })
        .await
        .expect("and that it is over");
    }
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_labelled() {
    let (stage, ann, bob) = Stage::acme().await;
    arrived(&stage, &bob, "hello").await;
    ann.save_label("7", "Customer", 3).await.expect("online");
    stage.heard("acme", "labels.edit").await;
    let labels = stage
        .client
        .get("/label/findLabels/acme")
        .await
        .expect(200)
        .json();
    assert_eq!(labels[0]["name"], "Customer", "{labels}");
    for (action, labelled) in [("add", true), ("remove", false)] {
        let body = json!({"number": BOB, "labelId": "7", "action": action});
        let done = stage.post("label/handleLabel", body, 200).await;
        assert_eq!(done[action], true, "{done}");
        ann.wait_for(DEADLINE, |view| {
            (view.chat(BOBS)?.labels.contains("7") == labelled).then_some(())
        })
        .await
        .expect("her phone shows it");
    }
    stage.heard("acme", "labels.association").await;
    let body = json!({"number": "5511999999999", "labelId": "7", "action": "add"});
    stage.post("label/handleLabel", body, 404).await;
    stage.simulator.assert_clean();
}
