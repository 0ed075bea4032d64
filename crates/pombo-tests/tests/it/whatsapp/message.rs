//! `/message/*`: what Bob's phone shows of every kind of message.

use std::process::Stdio;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::view::{MessageStatus, ShownMessage};
use pombo_tests::DEADLINE;
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{ANN, BOB, Stage};
use crate::support::skip;

const ANNS: &str = "5511900000001@s.whatsapp.net";
/// Eight by eight brown pixels.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGNocFDAihiGlgQA+gM4Acru2/oAAAAASUVORK5CYII=";

/// Ann's linked instance `acme`, and Bob's phone.
async fn stage() -> (Stage, VirtualPhone) {
    let (stage, _, bob) = Stage::acme().await;
    (stage, bob)
}

/// Sends to Bob; the answer, and what his phone shows.
async fn sent(
    stage: &Stage,
    bob: &VirtualPhone,
    route: &str,
    mut body: Value,
) -> (Value, ShownMessage) {
    if body.get("number").is_none() {
        body["number"] = json!(BOB);
    }
    let path = format!("/message/{route}/acme");
    let answer = stage.client.post(&path, &body).await.expect(201).json();
    let id = answer["key"]["id"].as_str().expect("an id").to_owned();
    let shown = bob
        .wait_for(DEADLINE, |view| {
            let chats = view.chats.values();
            chats.filter_map(|chat| chat.message(&id)).next().cloned()
        })
        .await
        .unwrap_or_else(|error| panic!("{route}: Bob's phone shows nothing: {error}"));
    // Told and stored as it was answered.
    let told = stage
        .catcher
        .next(&format!("{route} is told"), |caught| {
            caught.body["event"] == "send.message" && caught.body["data"]["key"]["id"] == *id
        })
        .await;
    assert_eq!(told.body["data"]["messageType"], answer["messageType"]);
    (answer, shown)
}

/// What ffmpeg makes of these arguments; `None`, said loudly, without it.
async fn made(arguments: &[&str], extension: &str) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join(format!("file.{extension}"));
    let status = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "lavfi"])
        .args(arguments)
        .arg(&path)
        .stdin(Stdio::null())
        .status()
        .await;
    let Ok(status) = status else {
        skip("ffmpeg");
        return None;
    };
    assert!(status.success(), "ffmpeg {arguments:?}");
    Some(std::fs::read(&path).expect("it was made"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_quote_and_are_reacted_to() {
    let (stage, bob) = stage().await;
    let (first, shown) = sent(&stage, &bob, "sendText", json!({"text": "hello"})).await;
    assert_eq!((shown.text(), shown.from_me), ("hello", false));
    assert_eq!(first["message"], json!({"conversation": "hello"}));
    let id = shown.id.clone();

    let quoting = json!({"text": "as I said", "quoted": {"key": {"id": id}}, "delay": 300});
    let typing = bob.wait_for(DEADLINE, |view| {
        let chat = view.chat(ANNS)?;
        (chat.typing.get(ANNS)? == "composing").then_some(())
    });
    let ((_, shown), typed) = tokio::join!(sent(&stage, &bob, "sendText", quoting), typing);
    typed.expect("his phone shows that Ann types");
    assert_eq!(shown.quotes().as_deref(), Some(id.as_str()));

    let key = json!({"remoteJid": format!("{BOB}@s.whatsapp.net"), "fromMe": true, "id": id});
    for (emoji, reactions) in [("🎉", 1), ("", 0)] {
        let body = json!({"key": key, "reaction": emoji});
        let path = "/message/sendReaction/acme";
        stage.client.post(path, &body).await.expect(201);
        bob.wait_for(DEADLINE, |view| {
            (view.message(ANNS, &id)?.reactions.len() == reactions).then_some(())
        })
        .await
        .expect("his phone shows it");
    }
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_come_as_base64_data_uri_and_upload() {
    let (stage, bob) = stage().await;
    let png = BASE64_STANDARD.decode(PNG).expect("base64");
    for media in [PNG.to_owned(), format!("data:image/png;base64,{PNG}")] {
        let body = json!({"mediatype": "image", "media": media, "caption": "brown"});
        let (_, shown) = sent(&stage, &bob, "sendMedia", body).await;
        let image = shown.content.image_message.as_option().expect("a picture");
        assert_eq!((image.width, image.height), (Some(8), Some(8)));
        assert!(
            image
                .jpeg_thumbnail
                .as_ref()
                .is_some_and(|jpeg| !jpeg.is_empty())
        );
        assert_eq!(shown.text(), "brown");
        assert!(
            !bob.download(&shown.content)
                .await
                .expect("a file")
                .is_empty()
        );
    }

    let part = reqwest::multipart::Part::bytes(png)
        .file_name("brown.png")
        .mime_str("image/png")
        .expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("number", BOB)
        .text("mediatype", "document")
        .part("file", part);
    let path = "/message/sendMedia/acme";
    let request = stage.client.request(reqwest::Method::POST, path);
    let answer = stage.client.send(request.multipart(form)).await.expect(201);
    let id = answer.json()["key"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let shown = bob
        .wait_for(DEADLINE, |view| view.message(ANNS, &id).cloned())
        .await
        .expect("his phone shows it");
    let document = shown.inner().document_message.as_option();
    let name = document.and_then(|document| document.file_name.clone());
    assert_eq!(name.as_deref(), Some("brown.png"));
    let bytes = bob.download(&shown.content).await.expect("a file");
    assert!(bytes.starts_with(b"\x89PNG"));

    let body = json!({"sticker": PNG});
    let (_, shown) = sent(&stage, &bob, "sendSticker", body).await;
    assert!(shown.content.sticker_message.as_option().is_some());
    let bytes = bob.download(&shown.content).await.expect("a file");
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_and_films_play() {
    let Some(sound) = made(&["-i", "sine=frequency=440:duration=2"], "wav").await else {
        return;
    };
    let film = [
        "-i",
        "testsrc=size=64x64:duration=1:rate=10",
        "-pix_fmt",
        "yuv420p",
    ];
    let Some(film) = made(&film, "mp4").await else {
        return;
    };
    let (stage, bob) = stage().await;
    let (sound, film) = (BASE64_STANDARD.encode(sound), BASE64_STANDARD.encode(film));
    let (_, shown) = sent(&stage, &bob, "sendWhatsAppAudio", json!({"audio": sound})).await;
    let audio = shown.content.audio_message.as_option().expect("sound");
    assert_eq!((audio.ptt, audio.seconds), (Some(true), Some(2)));
    assert_eq!(audio.mimetype.as_deref(), Some("audio/ogg; codecs=opus"));
    assert_eq!(
        audio.waveform.as_ref().map(|waveform| waveform.len()),
        Some(64)
    );
    let bytes = bob.download(&shown.content).await.expect("a file");
    assert!(bytes.starts_with(b"OggS"));

    let (_, shown) = sent(&stage, &bob, "sendPtv", json!({"video": film})).await;
    let ptv = shown.content.ptv_message.as_option().expect("a round film");
    assert_eq!((ptv.seconds, ptv.width), (Some(1), Some(64)));

    let body = json!({"mediatype": "video", "media": film, "caption": "colours"});
    let (_, shown) = sent(&stage, &bob, "sendMedia", body).await;
    let video = shown.content.video_message.as_option().expect("a film");
    assert_eq!((video.seconds, video.height), (Some(1), Some(64)));
    assert_eq!(shown.text(), "colours");
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_cards_polls_lists_and_buttons_are_shown() {
    let (stage, bob) = stage().await;
    let place =
        json!({"latitude": -23.5, "longitude": -46.6, "name": "Square", "address": "Centre"});
    let (_, shown) = sent(&stage, &bob, "sendLocation", place).await;
    let place = shown.content.location_message.as_option().expect("a place");
    assert_eq!(place.degrees_latitude, Some(-23.5));
    assert_eq!(place.name.as_deref(), Some("Square"));

    let card = |name: &str| json!({"fullName": name, "phoneNumber": "+55 11 90000-0003", "wuid": "5511900000003"});
    let body = json!({"contact": [card("Carol")]});
    let (_, shown) = sent(&stage, &bob, "sendContact", body).await;
    let contact = shown.content.contact_message.as_option().expect("a card");
    assert_eq!(contact.display_name.as_deref(), Some("Carol"));
    let vcard = contact.vcard.as_deref().unwrap_or_default();
    assert!(vcard.contains("waid=5511900000003"), "{vcard}");
    let body = json!({"contact": [card("Carol"), card("Dora")]});
    let (_, shown) = sent(&stage, &bob, "sendContact", body).await;
    let cards = shown.content.contacts_array_message.as_option();
    assert_eq!(cards.map(|cards| cards.contacts.len()), Some(2));

    let poll = json!({"name": "Tea?", "values": ["yes", "no"], "selectableCount": 1});
    let (_, shown) = sent(&stage, &bob, "sendPoll", poll).await;
    bob.vote(ANN, &shown.id, &["no"]).await.expect("he votes");
    let counted = bob
        .wait_for(DEADLINE, |view| {
            let results = view.message(ANNS, &shown.id)?.results();
            (results.iter().map(|(_, votes)| votes).sum::<usize>() == 1).then_some(results)
        })
        .await
        .expect("it is counted");
    assert_eq!(counted, [("yes".to_owned(), 0), ("no".to_owned(), 1)]);
    stage
        .catcher
        .next("the vote", |caught| {
            caught.body["event"] == "messages.update"
                && caught.body["data"]["pollUpdates"][1]["voters"][0].is_string()
        })
        .await;

    let list = json!({"title": "Menu", "description": "Choose", "buttonText": "Open", "footerText": "fresh", "sections": [
        {"title": "Tea", "rows": [{"title": "Green", "description": "mild", "rowId": "g"}]}]});
    let (_, shown) = sent(&stage, &bob, "sendList", list).await;
    let list = shown.inner().list_message.as_option().expect("a list");
    assert_eq!(list.sections[0].rows[0].row_id.as_deref(), Some("g"));
    assert!(shown.has_biz_node, "phones show a list with it only");

    let buttons = json!({"title": "Hello", "description": "Choose", "footer": "fresh", "buttons": [
        {"type": "reply", "displayText": "Yes", "id": "y"}, {"type": "reply", "displayText": "No", "id": "n"}]});
    let (_, shown) = sent(&stage, &bob, "sendButtons", buttons).await;
    let interactive = shown.inner().interactive_message.as_option();
    assert!(interactive.is_some(), "{}", shown.kind());
    assert!(shown.has_biz_node, "phones show buttons with it only");
    for button in [
        json!({"type": "url", "displayText": "See", "url": "https://example.com/"}),
        json!({"type": "copy", "displayText": "Copy", "copyCode": "123"}),
        json!({"type": "call", "displayText": "Call", "phoneNumber": "+5511900000003"}),
        json!({"type": "pix", "currency": "BRL", "name": "Ann", "keyType": "random", "key": "k"}),
    ] {
        let body = json!({"title": "Hello", "description": "d", "buttons": [button]});
        let (_, shown) = sent(&stage, &bob, "sendButtons", body).await;
        assert!(
            shown.inner().interactive_message.is_set(),
            "{}",
            shown.kind()
        );
        assert!(shown.has_biz_node);
    }
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_posts_are_seen_by_those_who_may() {
    let (stage, bob) = stage().await;
    let text = json!({"type": "text", "content": "good morning", "backgroundColor": "#112233", "font": 1,
                      "statusJidList": [BOB]});
    let (answer, shown) = sent(&stage, &bob, "sendStatus", text).await;
    assert_eq!(answer["key"]["remoteJid"], "status@broadcast");
    assert_eq!(
        (shown.chat.as_str(), shown.text()),
        ("status@broadcast", "good morning")
    );
    assert_eq!(shown.sender, ANNS);

    // All contacts are those whose names are known: Bob is, once he has written.
    bob.send_text(ANN, "hi").await.expect("online");
    stage.heard("acme", "messages.upsert").await;
    let picture = json!({"type": "image", "content": format!("data:image/png;base64,{PNG}"), "caption": "brown",
                         "allContacts": true});
    let (_, shown) = sent(&stage, &bob, "sendStatus", picture).await;
    assert!(shown.content.image_message.is_set());
    assert!(
        !bob.download(&shown.content)
            .await
            .expect("a file")
            .is_empty()
    );

    // What Bob posts comes in, and is read where the settings say so.
    let settings = json!({"rejectCall": false, "groupsIgnore": false, "alwaysOnline": false, "readMessages": false,
                          "readStatus": true, "syncFullHistory": false});
    let path = "/settings/set/acme";
    stage.client.post(path, &settings).await.expect(201);
    // Bob shows his posts to those in his address book.
    bob.save_contact(ANN, "Ann").await.expect("online");
    let posted = bob
        .send_text("status@broadcast", "at the sea")
        .await
        .expect("online");
    bob.wait_for(DEADLINE, |view| {
        let post = view.message("status@broadcast", &posted.id)?;
        (post.status >= MessageStatus::Read).then_some(())
    })
    .await
    .expect("his phone shows that it was seen");
    stage.simulator.assert_clean();
}
