//! Phones and clients, worked from outside.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::iq::privacy::{PrivacyCategory, PrivacyValue};
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::query::{attribute, get, node};
use crate::kit::{ALICE, Admin, BOB, Client, ClientOptions, simulator, text};

async fn client_of(
    admin: &Admin,
    simulator: &pombo_simulator::Simulator,
    name: &'static str,
) -> (Client, Value) {
    let options = ClientOptions {
        name: Some(name),
        ..ClientOptions::default()
    };
    let client = Client::start(simulator, options).await;
    let qr = client.qr_code().await;
    let linked = admin
        .ask("POST", "/mock-phone/scan-qr", Value::String(qr))
        .await;
    client.connected().await;
    (client, linked)
}

#[tokio::test]
async fn a_scanned_client_gets_the_account_of_its_name() {
    let simulator = simulator().await;
    let admin = Admin::of(&simulator);
    let (one, first) = client_of(&admin, &simulator, "Ana").await;
    let (_two, second) = client_of(&admin, &simulator, "Ana").await;
    let (_other, third) = client_of(&admin, &simulator, "Bia").await;
    assert_eq!(first["number"], second["number"]);
    assert_eq!(
        (&first["device"], &second["device"]),
        (&json!(1), &json!(2))
    );
    assert_ne!(first["number"], third["number"]);
    assert_eq!(first["number"].as_str(), Some(one.jid().user.as_str()));
    let number = first["number"].as_str().expect("a number");
    let account = admin.get(&format!("/accounts/{number}")).await;
    assert_eq!(account["devices"].as_array().map(Vec::len), Some(2));
    let phone = admin.get(&format!("/phones/{number}")).await;
    assert_eq!(
        (&phone["receipts"], &phone["reads"]),
        (&json!(false), &json!(false))
    );
    let (status, _) = admin
        .try_ask("POST", "/mock-phone/scan-qr", json!("nonsense"))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_code_is_typed_and_a_companion_unlinked() {
    let simulator = simulator().await;
    let admin = Admin::of(&simulator);
    admin
        .ask(
            "POST",
            "/accounts",
            json!({"number": ALICE, "name": "Alice"}),
        )
        .await;
    let client = Client::start(&simulator, ClientOptions::default()).await;
    client.qr_code().await;
    let code = client
        .pair_with_code(whatsapp_rust::pair_code::PairCodeOptions {
            phone_number: ALICE.to_owned(),
            ..Default::default()
        })
        .await
        .expect("the client shows a code");
    admin
        .ask(
            "POST",
            &format!("/accounts/{ALICE}/type-code"),
            json!({"code": code}),
        )
        .await;
    client.connected().await;
    admin
        .ask(
            "DELETE",
            &format!("/accounts/{ALICE}/devices/1"),
            Value::Null,
        )
        .await;
    client
        .wait("being logged out", |event| {
            matches!(event, Event::LoggedOut(_)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_phone_and_a_client_talk() {
    let simulator = simulator().await;
    let admin = Admin::of(&simulator);
    let alice = Client::linked(&simulator, ALICE).await;
    admin
        .ask("POST", "/accounts", json!({"number": BOB, "name": "Bob"}))
        .await;
    let phone = format!("/phones/{BOB}");
    admin
        .ask(
            "PUT",
            &phone,
            json!({"receipts": true, "answers": {"echo": "echo: "}}),
        )
        .await;

    let sent = admin
        .ask(
            "POST",
            &format!("{phone}/messages"),
            json!({"to": ALICE, "content": {"kind": "text", "text": "hello"}}),
        )
        .await;
    alice.text("hello").await;

    let answer = alice
        .send_message(Jid::pn(BOB), text("hi"))
        .await
        .expect("the message is accepted");
    let seen = admin
        .get(&format!("{phone}/messages?text=hi&wait=20000"))
        .await;
    assert_eq!(seen[0]["id"], answer.message_id.as_str());
    assert_eq!(seen[0]["fromMe"], false);
    alice.text("echo: hi").await;

    let chat = alice.jid().to_string();
    let id = seen[0]["id"].as_str().expect("an id");
    admin
        .ask(
            "POST",
            &format!("{phone}/reactions"),
            json!({"chat": chat, "id": id, "emoji": "🌊"}),
        )
        .await;
    let edited = json!({"chat": chat, "id": sent["id"], "text": "hello again"});
    admin.ask("POST", &format!("{phone}/edits"), edited).await;
    let shown = admin
        .get(&format!("{phone}/messages?text=hello%20again&wait=20000"))
        .await;
    assert_eq!(shown[0]["previousTexts"], json!(["hello"]));
    admin
        .ask(
            "POST",
            &format!("{phone}/read"),
            json!({"chat": ALICE, "id": id}),
        )
        .await;
    alice
        .wait("a read receipt", |event| match event {
            Event::Receipt(receipt) => format!("{:?}", receipt.r#type)
                .contains("Read")
                .then_some(()),
            _ => None,
        })
        .await;

    let nothing = admin
        .get(&format!("{phone}/messages?text=never&wait=50"))
        .await;
    assert_eq!(nothing, json!([]));
    let (status, refused) = admin
        .try_ask(
            "POST",
            &format!("{phone}/reactions"),
            json!({"chat": ALICE, "id": "no", "emoji": "x"}),
        )
        .await;
    assert_eq!((status, &refused["error"]["status"]), (404, &json!(404)));
    admin.ask("PUT", &phone, json!({"online": false})).await;
    let (status, _) = admin
        .try_ask(
            "POST",
            &format!("{phone}/messages"),
            json!({"to": ALICE, "content": {"kind": "text", "text": "x"}}),
        )
        .await;
    assert_eq!(status, 409);
}

/// Every kind of content that can be sent reaches a client and is the kind that it is called.
#[tokio::test]
async fn every_kind_of_content_arrives() {
    let simulator = simulator().await;
    let admin = Admin::of(&simulator);
    let alice = Client::linked(&simulator, ALICE).await;
    admin
        .ask("POST", "/accounts", json!({"number": BOB, "name": "Bob"}))
        .await;
    let data = BASE64_STANDARD.encode(vec![7; 2000]);
    let buttons = json!([{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]);
    let contents = json!([
        {"kind": "text", "text": "t"},
        {"kind": "extendedText", "text": "p"},
        {"kind": "link", "text": "see https://example.com", "url": "https://example.com", "title": "Example"},
        {"kind": "image", "data": data, "caption": "c", "width": 4, "height": 3},
        {"kind": "video", "data": data, "seconds": 2},
        {"kind": "gif", "data": data},
        {"kind": "ptv", "data": data},
        {"kind": "audio", "data": data, "mimetype": "audio/mpeg"},
        {"kind": "voiceNote", "data": data, "seconds": 1},
        {"kind": "document", "data": data, "name": "a.pdf", "mimetype": "application/pdf"},
        {"kind": "document", "data": data, "name": "a.pdf", "mimetype": "application/pdf", "caption": "c"},
        {"kind": "sticker", "data": data},
        {"kind": "location", "latitude": 1.5, "longitude": 2.5, "name": "n"},
        {"kind": "liveLocation", "latitude": 1.5, "longitude": 2.5},
        {"kind": "contacts", "contacts": [{"name": "A", "number": "5511900000009"}]},
        {"kind": "contacts", "contacts": [{"name": "A", "number": "5511900000009"}, {"name": "B", "number": "5511900000008"}]},
        {"kind": "event", "name": "e", "start": 1_900_000_000, "place": {"latitude": 1.0, "longitude": 2.0}},
        {"kind": "poll", "question": "q", "options": ["x", "y"], "selectable": 1},
        {"kind": "list", "title": "t", "button": "b", "sections": [{"title": "s", "rows": [{"id": "1", "title": "r"}]}]},
        {"kind": "listResponse", "title": "t", "row": "1"},
        {"kind": "buttons", "text": "t", "buttons": buttons},
        {"kind": "buttonResponse", "id": "a", "text": "A"},
        {"kind": "template", "text": "t", "buttons": buttons},
        {"kind": "templateReply", "id": "a", "text": "A"},
        {"kind": "nativeFlow", "text": "t", "buttons": [{"id": "quick_reply", "text": "{}"}]},
        {"kind": "interactiveResponse", "text": "t", "name": "n", "parameters": "{}"},
        {"kind": "groupInvite", "group": "120363000000000000@g.us", "name": "g", "code": "c", "expiration": 1_900_000_000},
        {"kind": "newsletterInvite", "newsletter": "120363000000000000@newsletter", "name": "n", "expiration": 1_900_000_000},
        {"kind": "product", "business": BOB, "id": "1", "title": "t", "currency": "BRL", "price1000": 1500},
        {"kind": "order", "id": "1", "token": "t", "seller": BOB, "items": 1},
        {"kind": "expiration", "seconds": 86400},
        {"kind": "protobuf", "data": BASE64_STANDARD.encode([0x0a, 0x03, b'r', b'a', b'w'])},
    ]);
    let mut seen = 0;
    for (number, content) in contents.as_array().expect("a list").iter().enumerate() {
        let id = format!("3EB0{number:016}");
        let body = json!({"to": ALICE, "id": id, "content": content});
        admin
            .ask("POST", &format!("/phones/{BOB}/messages"), body)
            .await;
        alice
            .wait(&format!("{content}"), |event| {
                event
                    .messages()
                    .any(|message| message.info.id == id)
                    .then_some(())
            })
            .await;
        seen += 1;
    }
    assert_eq!(seen, 32);
    let (status, refused) = admin
        .try_ask(
            "POST",
            &format!("/phones/{BOB}/messages"),
            json!({"to": ALICE, "content": {"kind": "smell"}}),
        )
        .await;
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(
        status == 400 && message.contains("unknown variant `smell`"),
        "{refused}"
    );
    let image = admin
        .get(&format!("/phones/{BOB}/messages?kind=image_message"))
        .await;
    let id = image[0]["id"].as_str().expect("an id");
    let file = admin
        .bytes(&format!("/phones/{BOB}/file?chat={ALICE}&id={id}"))
        .await;
    assert_eq!(file, vec![7; 2000]);
}

#[tokio::test]
async fn accounts_and_switches_are_set_from_outside() {
    let simulator = simulator().await;
    let admin = Admin::of(&simulator);
    for (number, name) in [(ALICE, "Alice"), (BOB, "Bob")] {
        admin
            .ask("POST", "/accounts", json!({"number": number, "name": name}))
            .await;
    }
    let business = format!("/accounts/{BOB}/business");
    assert_eq!(admin.get(&business).await, Value::Null);
    let shop = json!({"verified_name": "Padaria", "profile": {"description": "Bread"}, "products": [{"id": "1", "name": "loaf"}]});
    admin.ask("PUT", &business, shop).await;
    let shown = admin.get(&business).await;
    assert_eq!(shown["products"][0]["name"], "loaf");
    let client = Client::linked(&simulator, ALICE).await;
    let bob = Jid::pn(BOB);
    let profile = client.get_business_profile(&bob).await.expect("an answer");
    assert_eq!(
        profile.map(|profile| profile.description).as_deref(),
        Some("Bread")
    );
    admin.ask("DELETE", &business, Value::Null).await;
    assert_eq!(admin.get(&business).await, Value::Null);
    let (status, _) = admin
        .try_ask("PUT", "/accounts/1/business", json!({}))
        .await;
    assert_eq!(status, 404);

    // Bob shows his picture to contacts only.
    let theirs = Client::linked(&simulator, BOB).await;
    theirs
        .profile()
        .set_profile_picture(vec![0xff, 0xd8, 0xff, 1])
        .await
        .expect("a picture");
    theirs
        .set_privacy_setting(PrivacyCategory::Profile, PrivacyValue::Contacts)
        .await
        .expect("a setting");
    let seen = || async {
        let contacts = client.contacts();
        let picture = contacts.get_profile_picture(&bob, true).await;
        picture.expect("an answer").is_some()
    };
    assert!(!seen().await, "Alice is no contact");
    let book = format!("/accounts/{BOB}/address-book");
    admin.ask("POST", &book, json!({"number": ALICE})).await;
    assert!(seen().await, "now she is");
    let (status, _) = admin.try_ask("POST", &book, json!({"number": "1"})).await;
    assert_eq!(status, 404);

    // Bob wants to hear from nobody whom he has not given a token.
    let tokens = format!("/accounts/{BOB}/tokens");
    admin.ask("PUT", &tokens, json!({"required": true})).await;
    let refused = client
        .send_message(bob.clone(), text("hello"))
        .await
        .expect("the stanza goes out");
    client
        .wait("the refusal", |event| match event {
            Event::ServerAck(ack) if ack.id == refused.message_id => {
                assert_eq!(ack.error.as_deref(), Some("463"));
                Some(())
            }
            _ => None,
        })
        .await;
    admin.ask("PUT", &tokens, json!({"required": false})).await;

    admin
        .ask("PUT", "/network/props/10518", json!({"value": "1"}))
        .await;
    let switches = || async {
        let request = node("props").attr("protocol", "1").build();
        let answer = get(&client, "abt", request).await.expect("props");
        let props = answer.get_optional_child("props").expect("props");
        let codes = props.children().unwrap_or_default().iter();
        codes
            .map(|prop| attribute(prop, "config_code"))
            .collect::<Vec<_>>()
    };
    assert_eq!(switches().await, ["10518"]);
    let (status, _) = admin
        .try_ask("PUT", "/network/props/x", json!({"value": "1"}))
        .await;
    assert_eq!(status, 400);
    admin
        .ask("DELETE", "/network/props/10518", Value::Null)
        .await;
    assert_eq!(switches().await, [""; 0]);
}
