//! Bodies of every kind, good and bad.

use http::{Method, Request};
use pombo_domain::media::MediaContent;
use pombo_domain::message::{Media, MediaSource, OutgoingContent};
use serde_json::{Value, json};

use crate::kit::{Answer, Api, KEY};

async fn send(
    api: &Api,
    path: &str,
    content_type: &str,
    body: impl Into<axum::body::Body>,
) -> Answer {
    let request = Request::post(path)
        .header("apikey", KEY)
        .header("content-type", content_type);
    api.send(request.body(body.into()).expect("a request"))
        .await
}

#[tokio::test]
async fn nothing_is_an_empty_object() {
    let api = Api::start().await;
    api.create("alice").await;
    for (content_type, body) in [
        ("application/json", ""),
        ("text/plain", "hello"),
        ("application/octet-stream", "{}"),
        ("application/json", "[]"),
    ] {
        let answer = send(&api, "/message/sendText/alice", content_type, body).await;
        assert_eq!(
            answer.message(),
            json!([[
                "instance requires property \"number\"",
                "instance requires property \"text\""
            ]]),
            "{content_type} {body}"
        );
        assert_eq!(
            send(&api, "/chat/findChats/alice", content_type, body)
                .await
                .status,
            200
        );
    }
    let answer = api
        .call(Method::POST, "/chat/findChats/alice", Some(KEY), None)
        .await;
    assert_eq!(answer.json(), json!([]));
}

#[tokio::test]
async fn malformed_json_is_a_bad_request() {
    let api = Api::start().await;
    api.create("alice").await;
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    for body in [
        "{\"number\": ",
        "\"abc\"",
        "1",
        "null",
        "{}{}",
        "{'a':1}",
        &deep,
    ] {
        let answer = send(
            &api,
            "/message/sendText/alice",
            "application/json",
            body.to_owned(),
        )
        .await;
        let json = answer.json();
        assert_eq!(
            (answer.status, json["error"].as_str()),
            (400, Some("Bad Request"))
        );
        assert!(json["response"]["message"].is_string());
    }
    let answer = send(
        &api,
        "/message/sendText/alice",
        "application/json; charset=utf-16",
        "{}",
    )
    .await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn forms_nest_and_are_read_as_their_schema_says() {
    let api = Api::start().await;
    let form = "application/x-www-form-urlencoded";
    let body = "instanceName=alice&integration=EVOLUTION&rejectCall=true&webhook[url]=http%3A%2F%2F127.0.0.1%3A9%2Fh&webhook[events][]=CALL";
    let answer = send(&api, "/instance/create", form, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json()["settings"]["rejectCall"], true);
    assert_eq!(
        api.get("/webhook/find/alice").await.json()["events"],
        json!(["CALL"])
    );
    let answer = send(
        &api,
        "/message/sendText/alice",
        form,
        "number=5511&text=hi&delay=1",
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let api = Api::with(|state| state.config.body_limit = 1000).await;
    api.create("alice").await;
    let body = json!({"number": "5511", "text": "x".repeat(2000)}).to_string();
    let answer = send(&api, "/message/sendText/alice", "application/json", body).await;
    assert_eq!(
        answer.json(),
        json!({"status": 413, "error": "Payload Too Large", "response": {"message": "request entity too large"}})
    );
    let answer = send(
        &api,
        "/message/sendMedia/alice",
        "multipart/form-data; boundary=B",
        form(&"x".repeat(2000)),
    )
    .await;
    assert_eq!(answer.status, 413, "{}", answer.text);
}

fn form(file: &str) -> String {
    let part = |name: &str, value: &str| {
        format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{value}\r\n"
        )
    };
    format!(
        "{}{}{}{}--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
         {file}\r\n--B--\r\n",
        part("number", "5511988887777"),
        part("mediatype", "image"),
        part("delay", "5"),
        part("quoted", "{\"key\":{\"id\":\"Q\"}}"),
    )
}

#[tokio::test]
async fn files_come_in_forms() {
    let api = Api::start().await;
    api.create("alice").await;
    let answer = send(
        &api,
        "/message/sendMedia/alice",
        "multipart/form-data; boundary=B",
        form("PNG"),
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let sent = api.sent.lock().unwrap().pop().unwrap();
    assert_eq!(
        (sent.delay.as_millis(), sent.quoted),
        (5, Some(json!({"key": {"id": "Q"}})))
    );
    let OutgoingContent::Media(media) = sent.content else {
        panic!("not a file")
    };
    let MediaSource::Upload {
        file, file_name, ..
    } = media.source
    else {
        panic!("not uploaded")
    };
    assert_eq!(
        (file.content(), file_name.as_deref()),
        (MediaContent::Memory(&"PNG".into()), Some("a.png"))
    );
    assert_eq!(media.mimetype.as_deref(), Some("image/png"));
}

#[tokio::test]
async fn large_files_of_forms_are_not_in_memory() {
    let api = Api::start().await;
    api.create("alice").await;
    // More than the framework's own limit of two megabytes, less than ours.
    let content = "x".repeat(5_000_000);
    let answer = send(
        &api,
        "/message/sendMedia/alice",
        "multipart/form-data; boundary=B",
        form(&content),
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let sent = api.sent.lock().unwrap().pop().unwrap();
    let OutgoingContent::Media(Media {
        source: MediaSource::Upload { file, .. },
        ..
    }) = sent.content
    else {
        panic!("not uploaded")
    };
    let MediaContent::Disk(path) = file.content() else {
        panic!("in memory")
    };
    let path = path.to_owned();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    drop(file);
    assert!(!path.exists());
}

#[tokio::test]
async fn broken_forms_are_bad_requests() {
    let api = Api::start().await;
    api.create("alice").await;
    let other = form("PNG").replace("name=\"file\"", "name=\"other\"");
    let answer = send(
        &api,
        "/message/sendMedia/alice",
        "multipart/form-data; boundary=B",
        other,
    )
    .await;
    assert_eq!(
        (answer.status, answer.message()),
        (400, json!("Unexpected field"))
    );
    for (content_type, body) in [
        ("multipart/form-data", form("PNG")),
        (
            "multipart/form-data; boundary=B",
            "--B\r\nnonsense".to_owned(),
        ),
        ("multipart/form-data; boundary=B", String::new()),
        (
            "multipart/form-data; boundary=B",
            form("PNG").replace("--B--", ""),
        ),
    ] {
        let answer = send(&api, "/message/sendMedia/alice", content_type, body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}

/// Whatever comes, it is answered in the known form and nothing breaks.
#[tokio::test]
async fn odd_values_are_4xx_everywhere() {
    let api = Api::start().await;
    api.create("alice").await;
    let odd: Vec<Value> = vec![
        json!(null),
        json!(-1),
        json!("x"),
        json!([]),
        json!({}),
        json!([[]]),
        json!(1e308),
        json!(true),
    ];
    let paths = [
        "/message/sendText/alice",
        "/message/sendMedia/alice",
        "/message/sendWhatsAppAudio/alice",
        "/message/sendButtons/alice",
        "/message/sendReaction/alice",
        "/message/sendContact/alice",
        "/message/sendPoll/alice",
        "/message/sendList/alice",
        "/chat/findChats/alice",
        "/chat/findMessages/alice",
        "/chat/findContacts/alice",
        "/chat/findStatusMessage/alice",
        "/chat/fetchProfilePictureUrl/alice",
        "/webhook/set/alice",
        "/websocket/set/alice",
        "/pusher/set/alice",
        "/settings/set/alice",
        "/proxy/set/alice",
        "/instance/create",
        "/instance/setPresence/alice",
        "/webhook/evolution",
        "/group/updateParticipant/alice",
    ];
    let members = [
        "number",
        "text",
        "delay",
        "quoted",
        "mentioned",
        "mentionsEveryOne",
        "options",
        "mentions",
        "media",
        "mediatype",
        "buttons",
        "key",
        "reaction",
        "contact",
        "values",
        "sections",
        "where",
        "page",
        "offset",
        "limit",
        "take",
        "skip",
        "webhook",
        "websocket",
        "pusher",
        "enabled",
        "events",
        "host",
        "port",
        "instanceName",
        "settings",
        "qrcode",
        "numberId",
        "message",
        "groupJid",
        "proxyPort",
        "webhookUrl",
        "webhookEvents",
        "token",
    ];
    for path in paths {
        for value in &odd {
            let all: Value = members
                .iter()
                .map(|name| ((*name).to_owned(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let answer = api.post(path, all).await;
            assert!(answer.status < 500, "{path} {value}: {}", answer.text);
            for name in members {
                let answer = api
                    .post(
                        path,
                        json!({"number": "5511", "text": "x", "mediatype": "image", name: value}),
                    )
                    .await;
                assert!(
                    answer.status < 500,
                    "{path} {name} {value}: {}",
                    answer.text
                );
            }
        }
    }
}
