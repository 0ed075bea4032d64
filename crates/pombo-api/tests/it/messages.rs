//! `/message/*`, `/call/*`, and what is not built yet.

use http::Method;
use pombo_domain::message::{MediaSource, OutgoingContent};
use serde_json::{Value, json};

use crate::kit::{Api, KEY};

#[tokio::test]
async fn a_text_is_sent_and_stored() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    let body = json!({"number": "5511988887777", "text": "hello", "delay": "1", "linkPreview": false,
                      "mentioned": ["5511900000000"], "quoted": {"key": {"id": "ABC"}}, "mentionsEveryOne": "false"});
    let answer = api
        .call(
            Method::POST,
            "/message/sendText/alice",
            Some(&token),
            Some(body),
        )
        .await;
    let sent = answer.json();
    assert_eq!(answer.status, 201, "{sent}");
    assert_eq!(sent["message"]["conversation"], "hello");
    assert_eq!(
        (&sent["key"]["fromMe"], &sent["messageType"]),
        (&json!(true), &json!("conversation"))
    );
    assert!(sent["messageTimestamp"].is_i64() && sent["instanceId"].is_string());
    let outgoing = api.sent.lock().unwrap().pop().unwrap();
    assert_eq!(
        (
            outgoing.link_preview,
            outgoing.mentions_everyone,
            outgoing.delay.as_millis()
        ),
        (false, false, 1)
    );
    let found = api.post("/chat/findMessages/alice", json!({})).await.json();
    assert_eq!(
        found["messages"]["records"][0]["key"]["id"],
        sent["key"]["id"]
    );
}

#[tokio::test]
async fn recorded_refusals_of_messages() {
    let api = Api::start().await;
    api.create("alice").await;
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let n = "5511988887777";
    let nested = |texts: &[&str]| json!([texts]);
    let cases: Vec<(&str, Value, Value)> = vec![
        (
            "sendText",
            json!({"number": n}),
            nested(&["instance requires property \"text\""]),
        ),
        (
            "sendText",
            json!({"number": 5_511_988_887_777_u64, "text": "x"}),
            nested(&["Invalid format"]),
        ),
        (
            "sendText",
            json!({"number": n, "text": "x", "delay": "a"}),
            nested(&["Enter a value in milliseconds"]),
        ),
        (
            "sendText",
            json!({"number": n, "text": "x", "mentioned": ["abc"]}),
            nested(&["\"mentioned\" must be an array of numeric strings"]),
        ),
        (
            "sendText",
            json!({"number": n, "text": "x", "quoted": {"key": {}}}),
            nested(&["quoted.key requires property \"id\""]),
        ),
        (
            "sendMedia",
            json!({"number": n, "mediatype": "document", "media": png}),
            json!(["For base64 the file name must be informed."]),
        ),
        (
            "sendMedia",
            json!({"number": n, "mediatype": "image", "media": "zzz not"}),
            json!(["Owned media must be a url or base64"]),
        ),
        (
            "sendMedia",
            json!({"number": n, "mediatype": "image", "media": ""}),
            json!(["Owned media must be a url or base64"]),
        ),
        (
            "sendPoll",
            json!({"number": n, "name": "q", "selectableCount": 11, "values": ["a"]}),
            nested(&[
                "selectableCount must be less than or equal to 10",
                "values does not meet minimum length of 2",
            ]),
        ),
        (
            "sendReaction",
            json!({}),
            nested(&[
                "instance requires property \"key\"",
                "instance requires property \"reaction\"",
            ]),
        ),
        (
            "sendReaction",
            json!({"key": {"id": "A", "remoteJid": "1@s.whatsapp.net", "fromMe": false}, "reaction": "ab"}),
            json!(["Reaction must be a single emoji or empty string"]),
        ),
        (
            "sendList",
            json!({}),
            nested(&[
                "instance requires property \"number\"",
                "instance requires property \"title\"",
                "instance requires property \"footerText\"",
                "instance requires property \"buttonText\"",
                "instance requires property \"sections\"",
            ]),
        ),
        (
            "sendButtons",
            json!({}),
            nested(&["instance requires property \"number\""]),
        ),
        (
            "sendTemplate",
            json!({}),
            nested(&[
                "instance requires property \"name\"",
                "instance requires property \"language\"",
            ]),
        ),
        (
            "sendStatus",
            json!({}),
            nested(&["instance requires property \"type\""]),
        ),
    ];
    for (route, body, message) in cases {
        let answer = api
            .post(&format!("/message/{route}/alice"), body.clone())
            .await;
        assert_eq!(
            (answer.status, answer.message()),
            (400, message),
            "{route} {body}"
        );
    }
    assert!(api.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn media_of_every_source() {
    let api = Api::start().await;
    api.create("alice").await;
    for media in [
        "http://minio:9000/a.png",
        "data:image/png;base64,iVBORw0KGgo",
        "iVBORw0KGgo",
        "example.com/a.png",
    ] {
        let body = json!({"number": "5511", "mediatype": "image", "media": media, "caption": ""});
        let answer = api.post("/message/sendMedia/alice", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let OutgoingContent::Media(sent) = api.sent.lock().unwrap().pop().unwrap().content else {
            panic!("not a file")
        };
        assert_eq!(sent.caption, None);
        match sent.source {
            MediaSource::Url(url) => assert_eq!(url, media),
            MediaSource::Base64(text) => assert_eq!(*text, "iVBORw0KGgo="),
            MediaSource::Upload { .. } => panic!("nothing was uploaded"),
        }
    }
    // The old web manager sends audio in the form of the first version.
    let body = json!({"number": "5511", "audioMessage": {"audio": "http://h.test/a.ogg"}, "options": {"delay": 1}});
    assert_eq!(
        api.post("/message/sendWhatsAppAudio/alice", body)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn what_a_channel_cannot_is_said_after_the_body_was_checked() {
    let api = Api::start().await;
    api.create("alice").await;
    let n = "5511988887777";
    for (path, body) in [
        (
            "/message/sendLocation/alice",
            json!({"number": n, "latitude": -23.5, "longitude": -46.6, "name": "N", "address": "A"}),
        ),
        (
            "/message/sendPtv/alice",
            json!({"number": n, "video": "http://h.test/v.mp4"}),
        ),
        (
            "/message/sendPoll/alice",
            json!({"number": n, "name": "Q?", "selectableCount": 1, "values": ["a", "b"]}),
        ),
        (
            "/message/sendTemplate/alice",
            json!({"number": n, "name": "hello_world", "language": "en_US"}),
        ),
        (
            "/chat/markMessageAsRead/alice",
            json!({"readMessages": [{"id": "A", "fromMe": false, "remoteJid": "1@s.whatsapp.net"}]}),
        ),
        (
            "/chat/updateBlockStatus/alice",
            json!({"number": n, "status": "block"}),
        ),
        (
            "/group/create/alice",
            json!({"subject": "s", "participants": [n]}),
        ),
        (
            "/group/toggleEphemeral/alice?groupJid=120363000000000000",
            json!({"expiration": 0}),
        ),
        (
            "/label/handleLabel/alice",
            json!({"number": n, "labelId": "1", "action": "add"}),
        ),
        ("/baileys/sendNode/alice", json!({})),
        ("/s3/getMedia/alice", json!({"id": "x"})),
        (
            "/instance/setPresence/alice",
            json!({"presence": "available"}),
        ),
    ] {
        let answer = api.post(path, body).await;
        assert_eq!(
            (answer.status, answer.message()),
            (400, json!(["Method not available on Evolution Channel"])),
            "{path}"
        );
    }
    let body = json!({"number": n, "isVideo": false, "callDuration": 3});
    let answer = api.post("/call/offer/alice", body).await;
    assert_eq!(
        answer.message(),
        json!(["Method not available on WhatsApp Business API"])
    );
}

#[tokio::test]
async fn the_other_envelopes_of_what_is_not_built() {
    let api = Api::start().await;
    api.create("alice").await;
    let answer = api
        .post(
            "/chat/whatsappNumbers/alice",
            json!({"numbers": ["5511988887777"]}),
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()["message"].clone()),
        (400, json!(["Method not available on Evolution Channel"]))
    );
    let answer = api
        .post("/business/getCatalog/alice", json!({"number": "5511"}))
        .await
        .json();
    assert_eq!(
        (&answer["message"], &answer["details"]["context"]),
        (
            &json!("Method not available on Evolution Channel"),
            &json!("business_catalog")
        )
    );
    let answer = api
        .post(
            "/template/create/alice",
            json!({"name": "a", "category": "X"}),
        )
        .await
        .json();
    assert_eq!(
        answer["message"][0][0],
        "category is not one of enum values: AUTHENTICATION,MARKETING,UTILITY"
    );
    let answer = api.post("/group/updateGroupSubject/alice", json!({})).await;
    assert_eq!(
        answer.message(),
        json!([
            "The group id needs to be informed in the query",
            "ex: \"groupJid=120362@g.us\""
        ])
    );
    let answer = api
        .get("/group/fetchAllGroups/alice?getParticipants=x")
        .await;
    assert_eq!(
        answer.message(),
        json!([{"property": "getParticipants", "message": "getParticipants is not one of enum values: true,false"}])
    );
    let answer = api.get("/typebot/find/alice").await;
    assert_eq!(
        (answer.status, answer.message()),
        (400, json!(["Typebot is disabled"]))
    );
    // Key and instance come first there too.
    assert_eq!(
        api.call(Method::GET, "/typebot/find/alice", None, None)
            .await
            .status,
        401
    );
    assert_eq!(
        api.call(Method::GET, "/openai/creds/x/nobody", Some(KEY), None)
            .await
            .status,
        404
    );
    assert_eq!(
        api.call(Method::DELETE, "/openai/creds/x/alice", Some(KEY), None)
            .await
            .status,
        400
    );
}
