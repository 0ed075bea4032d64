//! What can be done with messages and chats beyond the original: the routes, and what phones show of them.

use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::content;
use pombo_simulator::phone::media::FileKind;
use pombo_simulator::phone::protobuf as wa;
use pombo_simulator::phone::view::{MessageStatus, ShownMessage};
use pombo_tests::until;
use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, BOUND, Listener, Stage};

const CAROL: &str = "5511900000003";
const BOBS: &str = "5511900000002@s.whatsapp.net";
/// Eight by eight brown pixels.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGNocFDAihiGlgQA+gM4Acru2/oAAAAASUVORK5CYII=";

/// Ann's account, linked as `acme`; Bob and Carol have phones.
async fn acme(settings: &[(&str, &str)]) -> (Stage, VirtualPhone) {
    let stage = Stage::with(pombo_simulator::Simulator::builder(), settings).await;
    for (number, name) in [(BOB, "Bob"), (CAROL, "Carol")] {
        stage.simulator.add_account(number, name);
    }
    stage.linked("acme", ANN).await;
    let bob = stage.simulator.phone(BOB);
    (stage, bob)
}

async fn told(stage: &Stage, what: &str, wanted: impl Fn(&str, &Value) -> bool) {
    stage
        .catcher
        .next(what, |caught| {
            let event = caught.body["event"].as_str().unwrap_or_default();
            wanted(event, &caught.body["data"])
        })
        .await;
}

/// Waits until a phone shows a message as it should be.
async fn shows(
    phone: &VirtualPhone,
    what: &str,
    id: &str,
    wanted: impl Fn(&ShownMessage) -> bool,
) -> ShownMessage {
    let shown = phone
        .wait_for(BOUND, |view| {
            let message = view.chats.values().find_map(|chat| chat.message(id))?;
            wanted(message).then(|| message.clone())
        })
        .await;
    shown.unwrap_or_else(|error| panic!("the phone does not show {what}: {error}"))
}

async fn post(stage: &Stage, path: &str, body: Value) -> Value {
    stage.client.post(path, &body).await.expect(201).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_pinned_kept_starred_played_and_deleted() {
    let (stage, bob) = acme(&[]).await;
    let ann = stage.simulator.phone(ANN);
    let sent = bob.send_text(ANN, "important").await.expect("he writes");
    let key = stage.arrived(&sent.id).await;

    let pinned = post(&stage, "/chat/pinMessage/acme", json!({"key": key})).await;
    assert_eq!(
        (&pinned["pinned"], &pinned["duration"]),
        (&json!(true), &json!(604_800))
    );
    assert_eq!(pinned["key"]["fromMe"], true);
    shows(&bob, "the pin", &sent.id, |shown| shown.pinned).await;
    // What her phone shows too, what is told, and what is stored.
    shows(&ann, "the pin", &sent.id, |shown| shown.pinned).await;
    let pin = said(&stage, "send.message", "pinInChatMessage", &pinned["key"]).await;
    assert_eq!(pin["message"]["pinInChatMessage"]["key"]["id"], *sent.id);
    // Enums in records are numbers, as in those of the original.
    assert_eq!(pin["message"]["pinInChatMessage"]["type"], 1);
    let unpinned = post(
        &stage,
        "/chat/pinMessage/acme",
        json!({"key": key, "pin": false}),
    )
    .await;
    assert_eq!(unpinned["duration"], Value::Null);
    shows(&bob, "no pin", &sent.id, |shown| !shown.pinned).await;

    let kept = post(
        &stage,
        "/chat/keepMessage/acme",
        json!({"key": key, "keep": true}),
    )
    .await;
    assert_eq!(kept["kept"], true);
    shows(&bob, "that it is kept", &sent.id, |shown| shown.kept).await;
    let keep = said(&stage, "send.message", "keepInChatMessage", &kept["key"]).await;
    assert_eq!(keep["message"]["keepInChatMessage"]["keepType"], 1);

    let played = json!({"playedMessages": [key]});
    post(&stage, "/chat/markMessageAsPlayed/acme", played).await;
    shows(&bob, "that it was played", &sent.id, |shown| {
        shown.status == MessageStatus::Played
    })
    .await;

    post(
        &stage,
        "/chat/starMessage/acme",
        json!({"key": key, "star": true}),
    )
    .await;
    shows(&ann, "the star", &sent.id, |shown| shown.starred).await;
    told(&stage, "the star", |event, data| {
        event == "chats.update" && data[0]["message"]["starred"] == true
    })
    .await;
    post(
        &stage,
        "/chat/starMessage/acme",
        json!({"key": key, "star": false}),
    )
    .await;
    shows(&ann, "no star", &sent.id, |shown| !shown.starred).await;

    let request = stage
        .client
        .request(Method::DELETE, "/chat/deleteMessageForMe/acme")
        .json(&key);
    let gone = stage.client.send(request).await.expect(201).json();
    assert_eq!(gone["deleted"], true);
    told(&stage, "the deletion", |event, data| {
        event == "messages.delete" && data["id"] == *sent.id
    })
    .await;
    ann.wait_for(BOUND, |view| {
        let there = view
            .chats
            .values()
            .any(|chat| chat.message(&sent.id).is_some());
        (!there).then_some(())
    })
    .await
    .expect("her phone does not show it any more");
    shows(&bob, "the message as before", &sent.id, |shown| {
        !shown.deleted
    })
    .await;
}

/// Waits until a message that says something of another one was told and stored; its content as it was told.
async fn said(stage: &Stage, event: &str, kind: &str, key: &Value) -> Value {
    let id = &key["id"];
    assert!(id.is_string(), "{key}");
    let caught = stage
        .catcher
        .next(&format!("{event} of {kind}"), |caught| {
            caught.body["event"] == event && caught.body["data"]["key"]["id"] == *id
        })
        .await;
    let data = caught.body["data"].clone();
    assert_eq!(data["messageType"], kind, "{data}");
    assert_eq!(data["key"]["fromMe"], true);
    let body = json!({"where": {"key": {"id": id}}});
    let found = stage.client.post("/chat/findMessages/acme", &body).await;
    let records = found.expect(200).json()["messages"]["records"].clone();
    assert_eq!(records.as_array().map(Vec::len), Some(1), "{records}");
    assert_eq!(records[0]["messageType"], kind);
    assert_eq!(records[0]["message"], data["message"]);
    data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pins_and_keeps_made_on_the_own_phone_are_told_and_stored() {
    let (stage, bob) = acme(&[]).await;
    let ann = stage.simulator.phone(ANN);
    let sent = bob.send_text(ANN, "important").await.expect("he writes");
    stage.arrived(&sent.id).await;
    shows(&ann, "the message", &sent.id, |_| true).await;
    let key = ann.key(BOB, &sent.id).expect("she has it");
    let pin = ann
        .send(BOB, content::pin(key.clone(), 86_400, 1_795_398_107_000))
        .await
        .expect("she pins it");
    let told = said(
        &stage,
        "messages.upsert",
        "pinInChatMessage",
        &json!({"id": pin.id}),
    )
    .await;
    assert_eq!(told["message"]["pinInChatMessage"]["key"]["id"], *sent.id);
    shows(&bob, "the pin", &sent.id, |shown| shown.pinned).await;
    let keep = ann
        .send(BOB, content::keep(key, 1_795_398_109_000))
        .await
        .expect("she keeps it");
    said(
        &stage,
        "messages.upsert",
        "keepInChatMessage",
        &json!({"id": keep.id}),
    )
    .await;
    shows(&bob, "that it is kept", &sent.id, |shown| shown.kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_pinned_and_silenced() {
    let (stage, bob) = acme(&[]).await;
    let ann = stage.simulator.phone(ANN);
    let sent = bob.send_text(ANN, "hello").await.expect("he writes");
    stage.arrived(&sent.id).await;
    let pinned = post(
        &stage,
        "/chat/pinChat/acme",
        json!({"chat": BOB, "pin": true}),
    )
    .await;
    assert_eq!(pinned["pinned"], true);
    ann.wait_for(BOUND, |view| view.chat(BOBS)?.pinned.then_some(()))
        .await
        .expect("her phone keeps it on top");
    told(&stage, "the pin", |event, data| {
        event == "chats.update" && data[0]["pinned"] == true
    })
    .await;

    let muted = post(
        &stage,
        "/chat/muteChat/acme",
        json!({"chat": BOB, "mute": true, "duration": 3600}),
    )
    .await;
    let until = muted["mutedUntil"].as_i64().expect("a time");
    ann.wait_for(BOUND, |view| {
        (view.chat(BOBS)?.muted_until == Some(until)).then_some(())
    })
    .await
    .expect("her phone is silent for an hour");
    post(
        &stage,
        "/chat/muteChat/acme",
        json!({"chat": BOB, "mute": true}),
    )
    .await;
    ann.wait_for(BOUND, |view| {
        (view.chat(BOBS)?.muted_until == Some(-1)).then_some(())
    })
    .await
    .expect("her phone is silent for ever");
    let loud = post(
        &stage,
        "/chat/muteChat/acme",
        json!({"chat": BOB, "mute": false}),
    )
    .await;
    assert_eq!(loud["mutedUntil"], Value::Null);
    ann.wait_for(BOUND, |view| {
        view.chat(BOBS)?.muted_until.is_none().then_some(())
    })
    .await
    .expect("her phone rings again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_message_is_passed_on_with_its_file() {
    let (stage, bob) = acme(&[]).await;
    let carol = stage.simulator.phone(CAROL);
    let bytes = vec![7; 3000];
    let file = bob
        .upload(FileKind::Image, &bytes)
        .await
        .expect("he uploads");
    let picture = content::Picture {
        caption: Some("look".to_owned()),
        ..content::Picture::default()
    };
    let sent = bob
        .send(ANN, content::image(file, picture))
        .await
        .expect("he sends");
    let key = stage.arrived(&sent.id).await;
    let body = json!({"number": CAROL, "key": {"id": key["id"]}});
    let passed = post(&stage, "/message/forwardMessage/acme", body).await;
    assert_eq!(passed["messageType"], "imageMessage");
    assert_eq!(passed["contextInfo"]["isForwarded"], true);
    let id = passed["key"]["id"].as_str().expect("an id");
    let shown = shows(&carol, "the picture", id, |_| true).await;
    assert_eq!(shown.text(), "look");
    let context = shown.content.image_message.context_info.clone();
    assert_eq!(context.is_forwarded, Some(true));
    let got = carol
        .download(&shown.content)
        .await
        .expect("the file is there");
    assert_eq!(got, bytes);

    // What the caller brings, and what nobody knows.
    let body = json!({"number": CAROL, "key": {"id": "X"}, "message": {"conversation": "brought"}});
    let brought = post(&stage, "/message/forwardMessage/acme", body).await;
    let id = brought["key"]["id"].as_str().expect("an id");
    let shown = shows(&carol, "the text", id, |_| true).await;
    assert_eq!(shown.text(), "brought");
    let body = json!({"number": CAROL, "key": {"id": "X"}});
    let unknown = stage
        .client
        .post("/message/forwardMessage/acme", &body)
        .await;
    assert_eq!(
        unknown.expect(404).json()["response"]["message"][0],
        "Message not found"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_and_albums_are_shown_on_the_phone() {
    let (stage, bob) = acme(&[]).await;
    let button = json!({"type": "reply", "displayText": "Take it", "id": "1"});
    let body = json!({"number": BOB, "body": "Two of them", "cards": [
        {"title": "One", "body": "first", "media": PNG, "buttons": [button]},
        {"title": "Two", "body": "second", "footer": "cheap", "buttons": [button]},
    ]});
    let sent = post(&stage, "/message/sendCarousel/acme", body).await;
    let id = sent["key"]["id"].as_str().expect("an id");
    let shown = shows(&bob, "the cards", id, |_| true).await;
    assert!(shown.has_biz_node, "phones show only what is announced");
    use wa::message::interactive_message::InteractiveMessage as Kind;
    let interactive = shown
        .inner()
        .interactive_message
        .as_option()
        .expect("interactive");
    let Some(Kind::CarouselMessage(carousel)) = &interactive.interactive_message else {
        panic!("no cards: {interactive:?}");
    };
    assert_eq!(carousel.cards.len(), 2);
    assert_eq!(carousel.cards[0].header.has_media_attachment, Some(true));
    assert_eq!(carousel.cards[1].footer.text.as_deref(), Some("cheap"));
    let bad = json!({"number": BOB, "cards": [{"body": "x", "buttons": []}]});
    stage
        .client
        .post("/message/sendCarousel/acme", &bad)
        .await
        .expect(400);

    let body = json!({"number": BOB, "medias": [
        {"mediatype": "image", "media": PNG, "caption": "one"},
        {"mediatype": "image", "media": PNG},
        {"mediatype": "image", "media": "http://127.0.0.1:9/none.png"},
    ]});
    let sent = post(&stage, "/message/sendAlbum/acme", body).await;
    let album = sent["album"]["key"]["id"].as_str().expect("an id");
    let shown = shows(&bob, "the album", album, |_| true).await;
    let announced = shown.content.album_message.expected_image_count;
    assert_eq!(announced, Some(3));
    for part in [0, 1] {
        let id = sent["messages"][part]["key"]["id"].as_str().expect("an id");
        let shown = shows(&bob, "a part of the album", id, |_| true).await;
        let info = &shown.content.message_context_info;
        let parent = info.message_association.parent_message_key.id.clone();
        assert_eq!(parent.as_deref(), Some(album));
    }
    assert!(sent["messages"][2]["error"].is_string(), "{sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_got_and_read_a_message_is_known() {
    let (stage, bob) = acme(&[]).await;
    let carol = stage.simulator.phone(CAROL);
    for phone in [&bob, &carol] {
        phone.set_habits(|habits| habits.delivery_receipts = true);
    }
    let group = bob
        .create_group("Team", &[ANN, CAROL])
        .await
        .expect("a group");
    bob.set_habits(|habits| habits.reads = true);
    let sent = post(
        &stage,
        "/message/sendText/acme",
        json!({"number": group, "text": "all"}),
    )
    .await;
    let id = sent["key"]["id"].as_str().expect("an id").to_owned();
    let ask = json!({"key": {"id": id}});
    let info = until("both have it, and one has read it", || async {
        let answer = stage.client.post("/chat/messageInfo/acme", &ask).await;
        let info = answer.expect(200).json();
        let recipients = info["recipients"].as_array()?;
        let read = recipients
            .iter()
            .filter(|one| one["readAt"].is_string())
            .count();
        let got = recipients
            .iter()
            .filter(|one| one["deliveredAt"].is_string())
            .count();
        (read == 1 && got == 2).then_some(info)
    })
    .await;
    assert_eq!(info["messageType"], "conversation");
    let readers: Vec<_> = info["recipients"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["status"] == "READ")
        .map(|one| one["jid"].clone())
        .collect();
    assert_eq!(readers.len(), 1);
    assert!(
        readers[0] == bob.lid() || readers[0] == bob.jid(),
        "{readers:?}"
    );
    let unknown = stage
        .client
        .post("/chat/messageInfo/acme", &json!({"key": {"id": "X"}}))
        .await;
    unknown.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_webhook_that_asked_gets_files() {
    let (stage, bob) = acme(&[]).await;
    let hook =
        json!({"webhook": {"enabled": true, "url": stage.catcher.url("/acme"), "base64": true}});
    stage
        .client
        .post("/webhook/set/acme", &hook)
        .await
        .expect(201);
    let wanted = json!({"websocket": {"enabled": true, "events": []}});
    stage
        .client
        .post("/websocket/set/acme", &wanted)
        .await
        .expect(201);
    let mut socket = Listener::join(&stage, "acme", pombo_tests::server::KEY).await;
    let file = bob
        .upload(FileKind::Image, &[7; 30])
        .await
        .expect("he uploads");
    let picture = content::image(file, content::Picture::default());
    let sent = bob.send(ANN, picture).await.expect("he sends");
    let caught = stage
        .catcher
        .next("the picture", |caught| {
            caught.body["data"]["key"]["id"] == *sent.id
        })
        .await;
    assert_eq!(
        caught.body["data"]["message"]["base64"],
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH"
    );
    let shown = socket
        .event(|envelope| envelope["data"]["key"]["id"] == *sent.id)
        .await;
    let message = &shown["data"]["message"];
    assert!(message["imageMessage"].is_object(), "{shown}");
    assert_eq!(message.get("base64"), None, "the socket asked for no files");
    let log = stage
        .client
        .get("/event/find/acme?limit=500")
        .await
        .expect(200);
    assert!(
        !log.text.contains("BwcHBwcHBwcHBwcH"),
        "nor did this caller"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_caption_leaves_the_file_of_a_stored_message() {
    let (stage, bob) = acme(&[("POMBO_OWN_PUSH_NAME", "Acme Ltd.")]).await;
    let file = bob
        .upload(FileKind::Image, &[7; 30])
        .await
        .expect("he uploads");
    let picture = content::image(file, content::Picture::default());
    let sent = bob.send(ANN, picture).await.expect("he sends");
    let key = stage.arrived(&sent.id).await;
    let caption = wa::Message {
        image_message: wa::message::ImageMessage {
            caption: Some("new words".to_owned()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    bob.edit(&sent.chat, &sent.id, caption)
        .await
        .expect("he edits");
    told(&stage, "the edit", |event, _| event == "messages.edited").await;
    let find = json!({"where": {"key": {"id": key["id"]}}});
    let found = stage
        .client
        .post("/chat/findMessages/acme", &find)
        .await
        .expect(200)
        .json();
    let stored = &found["messages"]["records"][0]["message"]["imageMessage"];
    assert_eq!(stored["caption"], "new words");
    assert!(stored["directPath"].is_string(), "{stored}");
    let file = json!({"message": {"key": {"id": key["id"]}}});
    let file = post(&stage, "/chat/getBase64FromMediaMessage/acme", file).await;
    assert_eq!(file["base64"], "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH");

    let sent = post(
        &stage,
        "/message/sendText/acme",
        json!({"number": BOB, "text": "hi"}),
    )
    .await;
    assert_eq!(sent["pushName"], "Acme Ltd.");
}
