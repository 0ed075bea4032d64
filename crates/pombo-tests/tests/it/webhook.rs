//! The webhook: what arrives, signed how, and what happens when it does not.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64_light::decode;
use pombo_tests::catcher::Caught;
use pombo_tests::{Catcher, Client, Server, until};
use serde_json::{Value, json};

use crate::support::{Driver, NUMBER, with_webhook};

/// Retries after a second, steadily.
const SOON: &[(&str, &str)] = &[
    ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
    ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
    ("WEBHOOK_RETRY_JITTER_FACTOR", "0"),
    ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
];

fn is_message(caught: &Caught, id: &str) -> bool {
    caught.body["event"] == "messages.upsert" && caught.body["data"]["key"]["id"] == id
}

async fn message(catcher: &Catcher, id: &str) -> Caught {
    catcher.next(id, |caught| is_message(caught, id)).await
}

fn header<'a>(caught: &'a Caught, name: &str) -> &'a str {
    caught
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A server with `acme`, whose webhook is this catcher's `/hook`, for messages only.
async fn hooked(settings: &[(&str, &str)], catcher: &Catcher, more: Value) -> (Server, Client) {
    let server = Server::start(settings).await;
    let client = server.client();
    let mut webhook = with_webhook(&catcher.url("/hook"));
    webhook["webhook"]["events"] = json!(["MESSAGES_UPSERT"]);
    crate::support::driver::merge(&mut webhook["webhook"], more);
    client.create("acme", NUMBER, webhook).await;
    (server, client)
}

/// The parked or dead deliveries that a metric counts.
async fn metric(client: &Client, name: &str) -> u64 {
    let text = client.get("/metrics").await.expect(200).text;
    let line = text
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("{name} is missing in\n{text}"));
    line.rsplit(' ')
        .next()
        .and_then(|value| value.parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn body_and_headers_are_the_originals() {
    let catcher = Catcher::start().await;
    let server = Server::start(&[("SERVER_URL", "http://127.0.0.1:18080")]).await;
    let client = server.client();
    let mut webhook = with_webhook(&catcher.url("/hook"));
    webhook["webhook"]["headers"] = json!({"x-test": "1", "X-Number": 7});
    let token = client.create("acme", NUMBER, webhook).await;
    let created = catcher.event("instance.create").await;
    assert_eq!(created.path, "/hook");
    let members: Vec<_> = created
        .body
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    for member in [
        "event",
        "instance",
        "data",
        "destination",
        "date_time",
        "server_url",
        "apikey",
    ] {
        assert!(
            members.contains(&member),
            "{member} is missing in {members:?}"
        );
    }
    assert_eq!(created.body["destination"], catcher.url("/hook"));
    assert_eq!(
        (&created.body["instance"], &created.body["server_url"]),
        (&json!("acme"), &json!("http://127.0.0.1:18080"))
    );
    assert_eq!(created.body["data"]["instanceName"], "acme");
    assert!(created.body["data"]["instanceId"].is_string());
    assert_eq!(
        created.body["apikey"],
        Value::Null,
        "unless the server is told to show keys"
    );
    assert_eq!(header(&created, "content-type"), "application/json");
    assert_eq!(
        (header(&created, "x-test"), header(&created, "x-number")),
        ("1", "7")
    );
    assert!(header(&created, "user-agent").starts_with("Pombo/"));
    assert!(
        header(&created, "webhook-id").starts_with("evt_")
            && !header(&created, "webhook-timestamp").is_empty()
    );
    assert_eq!(
        header(&created, "webhook-signature"),
        "",
        "there is no secret"
    );

    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let upsert = message(&catcher, "one").await;
    let data = &upsert.body["data"];
    assert_eq!(
        data["key"],
        json!({"id": "one", "remoteJid": "5511988887777@s.whatsapp.net", "fromMe": false})
    );
    assert_eq!(
        (&data["message"], &data["messageType"]),
        (&json!({"conversation": "hello"}), &json!("conversation"))
    );
    assert_eq!(
        (&data["pushName"], &data["source"]),
        (&json!("Ann"), &json!("unknown"))
    );
    assert!(
        data["messageTimestamp"].is_u64() && data["instanceId"].is_string(),
        "{data}"
    );
    for name in ["contacts.upsert", "chats.upsert"] {
        catcher.event(name).await;
    }

    let own = client.with_key(&token);
    let sent = own
        .post(
            "/message/sendText/acme",
            &json!({"number": "5511988887777", "text": "hello"}),
        )
        .await
        .expect(201)
        .json();
    let event = catcher.event("send.message").await;
    assert_eq!(event.body["data"]["key"]["id"], sent["key"]["id"]);
    assert_eq!(
        (
            &event.body["data"]["message"],
            &event.body["data"]["messageType"]
        ),
        (&json!({"conversation": "hello"}), &json!("conversation"))
    );
}

#[tokio::test]
async fn the_instances_key_is_shown_only_when_the_server_is_told_to() {
    let catcher = Catcher::start().await;
    let server = Server::start(&[("AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES", "true")]).await;
    let token = server
        .client()
        .create("acme", NUMBER, with_webhook(&catcher.url("/hook")))
        .await;
    assert_eq!(catcher.event("instance.create").await.body["apikey"], token);
}

#[tokio::test]
async fn by_events_adds_the_events_name_to_the_path_and_only_chosen_events_arrive() {
    let catcher = Catcher::start().await;
    let (_server, client) = hooked(
        &[],
        &catcher,
        json!({"byEvents": true, "events": ["MESSAGES_UPSERT", "SEND_MESSAGE"]}),
    )
    .await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let upsert = message(&catcher, "one").await;
    assert_eq!(upsert.path, "/hook/messages-upsert");
    assert_eq!(
        upsert.body["destination"],
        catcher.url("/hook"),
        "as it was set"
    );
    client
        .post(
            "/message/sendText/acme",
            &json!({"number": "5511988887777", "text": "hello"}),
        )
        .await
        .expect(201);
    assert_eq!(
        catcher.event("send.message").await.path,
        "/hook/send-message"
    );
    client.incoming(NUMBER, "two", "hello").await.expect(200);
    message(&catcher, "two").await;
    let names: Vec<_> = catcher
        .caught()
        .iter()
        .map(|caught| caught.body["event"].clone())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| *name == "messages.upsert" || *name == "send.message"),
        "{names:?}"
    );
}

#[tokio::test]
async fn what_the_global_webhook_refused_is_listed_and_replayed_with_the_global_key() {
    let catcher = Catcher::start().await;
    catcher.answer_status(400);
    let url = catcher.url("/global");
    let server = Server::start(&[
        ("WEBHOOK_GLOBAL_ENABLED", "true"),
        ("WEBHOOK_GLOBAL_URL", &url),
        ("WEBHOOK_EVENTS_MESSAGES_UPSERT", "true"),
    ])
    .await;
    let client = server.client();
    let token = client.create("acme", NUMBER, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    client.incoming(NUMBER, "two", "hello").await.expect(200);
    let list = async |query: &str| {
        let path = format!("/webhook/deliveries{query}");
        client.get(&path).await.expect(200).json()
    };
    let rows = until("two dead letters", || async {
        let rows = list("?state=dead").await;
        (rows.as_array()?.len() == 2).then_some(rows)
    })
    .await;
    let newest = &rows[0];
    assert_eq!(
        (&newest["instance"], &newest["event"], &newest["status"]),
        (&json!("acme"), &json!("messages.upsert"), &json!(400))
    );
    assert_eq!(list("?limit=1").await, json!([newest]));
    assert_eq!(
        list(&format!("?after={}", newest["id"])).await,
        json!([rows[1]])
    );
    // They are not the instance's own.
    let own = client.get("/webhook/deliveries/acme").await.expect(200);
    assert_eq!(own.json(), json!([]));

    let owner = client.with_key(&token);
    owner.get("/webhook/deliveries").await.expect(401);
    let dead = json!({"state": "dead"});
    owner.post("/webhook/replay", &dead).await.expect(401);
    let nothing = client.post("/rabbitmq/replay", &dead).await.expect(400);
    assert_eq!(
        nothing.json()["response"]["message"],
        json!(["there is no subscription"])
    );

    let before = catcher.caught();
    catcher.answer_status(200);
    let chosen = json!({"deliveries": [newest["id"]]});
    let queued = client.post("/webhook/replay", &chosen).await.expect(200);
    assert_eq!(queued.json(), json!({"queued": 1}));
    let again = |caught: &Caught, before: &[Caught], id: &str| {
        let known = before.iter().find(|one| is_message(one, id));
        is_message(caught, id)
            && known
                .is_some_and(|known| header(known, "webhook-id") == header(caught, "webhook-id"))
    };
    let came_again = async |id: &str| {
        until(id, || async {
            let caught = catcher.caught();
            let since = caught.get(before.len()..)?;
            since
                .iter()
                .any(|one| again(one, &before, id))
                .then_some(())
        })
        .await;
    };
    came_again("two").await;
    // The log of everybody: what was a dead letter waits again, what arrived goes out anew.
    let logged = json!({"after": 0});
    let queued = client.post("/webhook/replay", &logged).await.expect(200);
    assert_eq!(queued.json(), json!({"queued": 2}));
    came_again("one").await;
}

#[tokio::test]
async fn the_global_webhook_gets_the_events_whose_flags_are_set_of_every_instance() {
    let catcher = Catcher::start().await;
    let url = catcher.url("/global");
    let server = Server::start(&[
        ("WEBHOOK_GLOBAL_ENABLED", "true"),
        ("WEBHOOK_GLOBAL_URL", &url),
        ("WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS", "true"),
        ("WEBHOOK_EVENTS_INSTANCE_CREATE", "true"),
        ("WEBHOOK_EVENTS_MESSAGES_UPSERT", "true"),
    ])
    .await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.create("other", "5511900000002", json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    client
        .incoming("5511900000002", "two", "hello")
        .await
        .expect(200);
    let one = message(&catcher, "one").await;
    assert_eq!(
        (one.path.as_str(), &one.body["instance"]),
        ("/global/messages-upsert", &json!("acme"))
    );
    assert_eq!(message(&catcher, "two").await.body["instance"], "other");
    let created = catcher
        .next("other's creation", |caught| {
            caught.body["event"] == "instance.create" && caught.body["instance"] == "other"
        })
        .await;
    assert_eq!(created.path, "/global/instance-create");
    let names: Vec<_> = catcher
        .caught()
        .iter()
        .map(|caught| caught.body["event"].clone())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| *name == "instance.create" || *name == "messages.upsert"),
        "{names:?}"
    );
}

#[tokio::test]
async fn jwt_key_becomes_a_token_and_is_itself_never_sent() {
    let catcher = Catcher::start().await;
    let (_server, client) = hooked(
        &[],
        &catcher,
        json!({"headers": {"jwt_key": "a-secret", "x-own": "1"}}),
    )
    .await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let caught = message(&catcher, "one").await;
    assert_eq!(
        (header(&caught, "x-own"), header(&caught, "jwt_key")),
        ("1", "")
    );
    let token = header(&caught, "authorization")
        .strip_prefix("Bearer ")
        .expect("a bearer token")
        .to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)).expect("JSON");
    assert_eq!(json(parts[0])["alg"], "HS256");
    let claims = json(parts[1]);
    assert_eq!(
        (&claims["app"], &claims["action"]),
        (&json!("evolution"), &json!("webhook"))
    );
    let lifetime = claims["exp"]
        .as_i64()
        .zip(claims["iat"].as_i64())
        .map(|(end, start)| end - start);
    assert_eq!(lifetime, Some(600), "{claims}");
}

/// Base64 without padding, both alphabets; too little to bring a crate in for.
mod base64_light {
    pub(super) fn decode(text: &str) -> Vec<u8> {
        let value = |letter: u8| match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            _ => 63,
        };
        let mut bits = 0u32;
        let mut count = 0;
        let mut bytes = Vec::new();
        for letter in text.bytes().filter(|letter| *letter != b'=') {
            bits = bits << 6 | u32::from(value(letter));
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
            }
        }
        bytes
    }
}

/// What the official libraries say of a delivery and a secret; nothing when they are missing.
async fn verdicts(caught: &Caught, secret: &str) -> Option<Vec<Value>> {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(header(caught, name))))
        .collect();
    let job = json!({"secret": secret, "headers": headers, "body": caught.raw});
    let mut drivers = [
        Driver::node("verify.mjs", &job)?,
        Driver::python("verify.py", &job)?,
    ];
    let mut answers = Vec::new();
    for driver in &mut drivers {
        answers.push(
            driver
                .next("a verdict", |line| {
                    line["type"] == "verified" || line["type"] == "refused"
                })
                .await,
        );
    }
    Some(answers)
}

#[tokio::test]
async fn signatures_are_accepted_by_the_official_libraries_before_during_and_after_a_rotation() {
    let (old, new) = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    );
    let catcher = Catcher::start().await;
    let (_server, client) = hooked(&[], &catcher, json!({"secret": old})).await;
    client
        .incoming(NUMBER, "old", "hé\u{1f54a} \"quoted\"")
        .await
        .expect(200);
    let caught = message(&catcher, "old").await;
    let Some(answers) = verdicts(&caught, old).await else {
        return;
    };
    for answer in answers {
        assert_eq!(
            (&answer["type"], &answer["payload"]["data"]["key"]["id"]),
            (&json!("verified"), &json!("old")),
            "{answer}"
        );
    }
    for answer in verdicts(&caught, new).await.expect("they are there") {
        assert_eq!(answer["type"], "refused", "{answer}");
    }

    // A new secret: for a while receivers with either accept.
    let set = |secret: Value| json!({"webhook": {"enabled": true, "url": catcher.url("/hook"), "events": ["MESSAGES_UPSERT"], "secret": secret}});
    let answer = client
        .post("/webhook/set/acme", &set(json!(new)))
        .await
        .expect(201);
    assert!(
        !answer.text.contains("whsec_"),
        "secrets are not shown: {}",
        answer.text
    );
    assert!(
        !client
            .get("/webhook/find/acme")
            .await
            .expect(200)
            .text
            .contains("whsec_")
    );
    client.incoming(NUMBER, "both", "hello").await.expect(200);
    let caught = message(&catcher, "both").await;
    for secret in [old, new] {
        for answer in verdicts(&caught, secret).await.expect("they are there") {
            assert_eq!(answer["type"], "verified", "{secret}: {answer}");
        }
    }

    // The old one is taken away.
    let mut body = set(json!(new));
    body["webhook"]["previousSecret"] = json!("");
    client.post("/webhook/set/acme", &body).await.expect(201);
    client.incoming(NUMBER, "new", "hello").await.expect(200);
    let caught = message(&catcher, "new").await;
    for (secret, expected) in [(old, "refused"), (new, "verified")] {
        for answer in verdicts(&caught, secret).await.expect("they are there") {
            assert_eq!(answer["type"], expected, "{secret}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_retry_after_500_carries_the_same_id_and_others_are_not_held_up() {
    let catcher = Catcher::start().await;
    catcher.answer(|_, caught| {
        let refused = is_message(caught, "bad") && caught.headers.contains_key("webhook-id");
        if refused {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        } else {
            StatusCode::OK.into_response()
        }
    });
    let (_server, client) = hooked(SOON, &catcher, json!({})).await;
    client.incoming(NUMBER, "bad", "hello").await.expect(200);
    client.incoming(NUMBER, "good", "hello").await.expect(200);
    message(&catcher, "good").await;
    until("two more tries", || async {
        (catcher
            .caught()
            .iter()
            .filter(|caught| is_message(caught, "bad"))
            .count()
            >= 3)
            .then_some(())
    })
    .await;
    catcher.answer_status(200);
    let bad: Vec<_> = catcher
        .caught()
        .into_iter()
        .filter(|caught| is_message(caught, "bad"))
        .collect();
    assert!(bad.iter().all(
        |caught| header(caught, "webhook-id") == header(&bad[0], "webhook-id")
            && caught.raw == bad[0].raw
    ));
    until("the last try", || async {
        let now = catcher
            .caught()
            .iter()
            .filter(|caught| is_message(caught, "bad"))
            .count();
        (now > bad.len()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn retries_survive_kill_9() {
    let catcher = Catcher::start().await;
    catcher.answer_status(503);
    let settings = [SOON, &[("PROMETHEUS_METRICS", "true")]].concat();
    let (mut server, client) = hooked(&settings, &catcher, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let first = message(&catcher, "one").await;
    until("it to be put aside", || async {
        (metric(&client, "pombo_deliveries_parked_total").await > 0).then_some(())
    })
    .await;
    server.kill().await;
    client_is_gone(&client).await;
    catcher.forget();
    catcher.answer_status(200);
    server.start_again().await;
    let again = message(&catcher, "one").await;
    assert_eq!(header(&again, "webhook-id"), header(&first, "webhook-id"));
    assert_eq!(again.body["data"], first.body["data"]);
}

async fn client_is_gone(client: &Client) {
    assert!(
        client
            .try_send(client.request(reqwest::Method::GET, "/"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_was_not_sent_yet_when_the_server_was_killed_is_sent_afterwards() {
    let catcher = Catcher::start().await;
    let (mut server, client) = hooked(&[], &catcher, json!({})).await;
    // Killed in the middle of a burst, right behind an acknowledgment.
    for turn in 0..20 {
        client
            .incoming(NUMBER, &format!("burst-{turn}"), "hello")
            .await
            .expect(200);
    }
    server.kill().await;
    server.start_again().await;
    for turn in 0..20 {
        message(&catcher, &format!("burst-{turn}")).await;
    }
    for turn in 0..20 {
        let id = format!("burst-{turn}");
        let mut names: Vec<_> = catcher
            .caught()
            .iter()
            .filter(|caught| is_message(caught, &id))
            .map(|caught| header(caught, "webhook-id").to_owned())
            .collect();
        names.dedup();
        assert_eq!(
            names.len(),
            1,
            "one event has one id, however often it is sent"
        );
    }
}

#[tokio::test]
async fn a_code_that_is_not_retryable_ends_the_delivery_at_once() {
    let catcher = Catcher::start().await;
    catcher.answer(|_, caught| {
        if is_message(caught, "bad") {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        }
        .into_response()
    });
    let settings = [SOON, &[("PROMETHEUS_METRICS", "true")]].concat();
    let (_server, client) = hooked(&settings, &catcher, json!({})).await;
    client.incoming(NUMBER, "bad", "hello").await.expect(200);
    until("it to be given up", || async {
        (metric(&client, "pombo_deliveries_dead_total").await == 1).then_some(())
    })
    .await;
    client.incoming(NUMBER, "good", "hello").await.expect(200);
    message(&catcher, "good").await;
    assert_eq!(metric(&client, "pombo_deliveries_parked_total").await, 0);
    assert_eq!(
        catcher
            .caught()
            .iter()
            .filter(|caught| is_message(caught, "bad"))
            .count(),
        1
    );
}

#[tokio::test]
async fn after_the_last_attempt_a_delivery_is_given_up() {
    let catcher = Catcher::start().await;
    catcher.answer_status(500);
    let settings = [
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
        ("WEBHOOK_RETRY_JITTER_FACTOR", "0"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "2"),
        ("PROMETHEUS_METRICS", "true"),
    ];
    let (_server, client) = hooked(&settings, &catcher, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    until("it to be given up", || async {
        (metric(&client, "pombo_deliveries_dead_total").await == 1).then_some(())
    })
    .await;
    assert_eq!(
        catcher
            .caught()
            .iter()
            .filter(|caught| is_message(caught, "one"))
            .count(),
        2
    );
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let catcher = Catcher::start().await;
    catcher.answer(|number, _| match number {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "4")]).into_response(),
        _ => StatusCode::OK.into_response(),
    });
    let (_server, client) = hooked(SOON, &catcher, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    message(&catcher, "one").await;
    let first = Instant::now();
    until("the second try", || async {
        (catcher.caught().len() >= 2).then_some(())
    })
    .await;
    let waited = first.elapsed();
    assert!(
        waited > Duration::from_millis(3500),
        "{waited:?}, though 4 s were asked for and 1 s is the schedule"
    );
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_switches_its_subscription_off() {
    let catcher = Catcher::start().await;
    catcher.answer_status(410);
    let (mut server, client) = hooked(SOON, &catcher, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let found = until("it to be switched off", || async {
        let found = client.get("/webhook/find/acme").await.expect(200).json();
        (found["enabled"] == false).then_some(found)
    })
    .await;
    assert_eq!(found["url"], catcher.url("/hook"), "everything else stays");
    assert_eq!(found["events"], json!(["MESSAGES_UPSERT"]));
    catcher.answer_status(200);
    client.incoming(NUMBER, "two", "hello").await.expect(200);
    server.kill().await;
    server.start_again().await;
    assert_eq!(
        client.get("/webhook/find/acme").await.expect(200).json()["enabled"],
        false
    );
    // Switched on by hand it works again, from there on.
    let body = json!({"webhook": {"enabled": true, "url": catcher.url("/hook"), "events": ["MESSAGES_UPSERT"]}});
    client.post("/webhook/set/acme", &body).await.expect(201);
    client.incoming(NUMBER, "three", "hello").await.expect(200);
    message(&catcher, "three").await;
    assert!(
        !catcher
            .caught()
            .iter()
            .any(|caught| is_message(caught, "two"))
    );
}

#[tokio::test]
async fn a_slow_receiver_delays_nobody_else() {
    // It accepts connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}/slow", silent.local_addr().expect("bound"));
    let quick = Catcher::start().await;
    let (server, client) = hooked(&[], &quick, json!({})).await;
    client
        .create("slow", "5511900000002", with_webhook(&url))
        .await;
    let token = client
        .create(
            "watched",
            "5511900000003",
            json!({"websocket": {"enabled": true}}),
        )
        .await;
    let (mut socket, _) = crate::support::Socket::ready(
        &format!("ws://{}/ws/watched?apikey={token}", server.address),
        &[],
    )
    .await;
    let started = Instant::now();
    for turn in 0..20 {
        client
            .incoming("5511900000002", &format!("slow-{turn}"), "hello")
            .await
            .expect(200);
        client
            .incoming(NUMBER, &format!("quick-{turn}"), "hello")
            .await
            .expect(200);
        client
            .incoming("5511900000003", &format!("live-{turn}"), "hello")
            .await
            .expect(200);
        socket.message_with_id(&format!("live-{turn}")).await;
    }
    for turn in 0..20 {
        message(&quick, &format!("quick-{turn}")).await;
    }
    // The silent one has 30 s for its first answer.
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "{:?}",
        started.elapsed()
    );
    drop(silent);
}

#[tokio::test]
async fn deleting_an_instance_still_delivers_its_last_events() {
    let catcher = Catcher::start().await;
    let server = Server::start(SOON).await;
    let client = server.client();
    client
        .create("acme", NUMBER, with_webhook(&catcher.url("/hook")))
        .await;
    catcher.event("instance.create").await;
    // The receiver is away while it happens.
    catcher.answer_status(500);
    client.delete("/instance/delete/acme").await.expect(200);
    client
        .get("/instance/connectionState/acme")
        .await
        .expect(404);
    catcher.event("instance.delete").await;
    catcher.forget();
    catcher.answer_status(200);
    let deleted = catcher.event("instance.delete").await;
    assert_eq!(
        (
            &deleted.body["instance"],
            &deleted.body["data"]["instanceName"]
        ),
        (&json!("acme"), &json!("acme"))
    );
    catcher.event("remove.instance").await;
    // A new one of that name owes nothing to the old one.
    client.create("acme", NUMBER, json!({})).await;
    assert_eq!(
        client.get("/webhook/find/acme").await.expect(200).json(),
        Value::Null
    );
}

#[tokio::test]
async fn addresses_that_the_policy_forbids_are_never_called() {
    let catcher = Catcher::start().await;
    let settings = [
        ("POMBO_OUTBOUND_POLICY", "public"),
        ("PROMETHEUS_METRICS", "true"),
    ];
    let (_server, client) = hooked(&settings, &catcher, json!({})).await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    until("it to be given up", || async {
        (metric(&client, "pombo_deliveries_dead_total").await >= 1).then_some(())
    })
    .await;
    assert!(catcher.caught().is_empty());
}

#[tokio::test]
async fn errors_of_the_api_are_reported_where_somebody_asked_for_them() {
    let catcher = Catcher::start().await;
    let url = catcher.url("/errors");
    let server = Server::start(&[
        ("WEBHOOK_EVENTS_ERRORS", "true"),
        ("WEBHOOK_EVENTS_ERRORS_WEBHOOK", &url),
    ])
    .await;
    server
        .client()
        .get("/instance/connectionState/nobody")
        .await
        .expect(404);
    let report = catcher.event("error").await;
    assert!(
        !report.raw.contains(pombo_tests::server::KEY),
        "no keys in reports: {}",
        report.raw
    );
}
