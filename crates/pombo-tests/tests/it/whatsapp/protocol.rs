//! `/baileys/*`, `sendNode`, and calls that an account places.

use pombo_simulator::phone::view::CallState;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, BOUND, Listener, Stage};

const BOBS: &str = "5511900000002@s.whatsapp.net";

/// Ann's account, linked as `acme`, with a Socket.IO client that is to be shown all events; Bob has a phone.
async fn acme() -> (Stage, String) {
    let stage = Stage::start().await;
    stage.simulator.add_account(BOB, "Bob");
    let token = stage.linked("acme", ANN).await;
    let wanted = json!({"websocket": {"enabled": true, "events": []}});
    let set = stage.client.post("/websocket/set/acme", &wanted).await;
    set.expect(201);
    (stage, token)
}

async fn ask(stage: &Stage, route: &str, body: Value) -> Value {
    let path = format!("/baileys/{route}/acme");
    stage.client.post(&path, &body).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn add_ons_speak_the_protocol() {
    let (stage, _) = acme().await;
    assert_eq!(
        ask(&stage, "onWhatsapp", json!({"jid": BOBS})).await,
        json!([{"jid": BOBS, "exists": true}])
    );
    assert_eq!(
        ask(&stage, "onWhatsapp", json!({"jid": "5511911111111"})).await,
        json!([])
    );
    let none = json!({"jid": BOBS, "type": "image", "timeoutMs": 5000});
    let path = "/baileys/profilePictureUrl/acme";
    let answer = stage.client.post(path, &none).await.expect(200);
    assert_eq!(answer.text, "");
    stage
        .simulator
        .phone(BOB)
        .set_picture(Some(b"\xff\xd8\xff a picture"))
        .await
        .expect("he has a picture");
    let url = ask(&stage, "profilePictureUrl", none).await;
    assert!(url.as_str().is_some_and(|url| url.contains("://")), "{url}");

    assert_eq!(
        ask(
            &stage,
            "assertSessions",
            json!({"jids": [BOBS], "force": false})
        )
        .await,
        json!(true)
    );
    let devices = ask(&stage, "getUSyncDevices", json!({"jids": [BOBS]})).await;
    assert_eq!(
        devices,
        json!([{"user": BOB, "device": 0, "domainType": 0, "server": "s.whatsapp.net", "jid": BOBS}])
    );
    let none = json!({"jids": [BOBS], "ignoreZeroDevices": true});
    assert_eq!(ask(&stage, "getUSyncDevices", none).await, json!([]));
    let one = ask(&stage, "generateMessageTag", json!({})).await;
    let other = ask(&stage, "generateMessageTag", json!({})).await;
    assert!(one.is_string() && one != other, "{one} {other}");

    let state = ask(&stage, "getAuthState", json!({})).await;
    let id = state["me"]["id"].as_str().expect("an id");
    assert!(id.starts_with(&format!("{ANN}:")), "{state}");
    assert!(state["account"]["accountSignature"].is_string(), "{state}");
    let members = state.as_object().expect("an object");
    assert_eq!(members.len(), 2, "nothing else, above all no keys");
    let account = state["account"].as_object().expect("an object");
    assert_eq!(account.len(), 4, "{state}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_an_add_on_encrypted_is_read_on_the_phone() {
    let (stage, _) = acme().await;
    let body = json!({"jids": [BOBS], "message": {"conversation": "by hand"}, "extraAttrs": {"count": "0"}});
    let made = ask(&stage, "createParticipantNodes", body).await;
    let node = &made["nodes"][0];
    assert_eq!(made["shouldIncludeDeviceIdentity"], true);
    assert_eq!(
        (&node["tag"], &node["content"][0]["tag"]),
        (&json!("to"), &json!("enc"))
    );
    assert_eq!(node["content"][0]["attrs"]["count"], "0");
    assert!(node["content"][0]["content"].is_string());
    let to = node["attrs"]["jid"].as_str().expect("an address");
    let chat = to.replace(":0@", "@");
    let stanza = json!({
        "tag": "message",
        "attrs": {"to": chat, "id": "3EB0000000000000000B01", "type": "text"},
        "content": [{"tag": "participants", "attrs": {}, "content": made["nodes"]}],
    });
    let answer = stage
        .client
        .post("/baileys/sendNode/acme", &json!({"stanza": stanza}))
        .await
        .expect(200);
    assert_eq!(answer.text, "");
    stage
        .simulator
        .phone(BOB)
        .wait_for(BOUND, |view| view.with_text("by hand").next().map(drop))
        .await
        .expect("he reads it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_in_the_usual_shape() {
    let (stage, _) = acme().await;
    for (route, body) in [
        ("onWhatsapp", json!({})),
        ("assertSessions", json!({"jids": "x"})),
        ("assertSessions", json!({"jids": ["no address"]})),
        (
            "createParticipantNodes",
            json!({"jids": [BOBS], "message": {"imageMessage": {"fileLength": "many"}}}),
        ),
        ("sendNode", json!({"stanza": {"attrs": {}}})),
        (
            "signalRepositoryDecryptMessage",
            json!({"jid": BOBS, "type": "msg", "ciphertext": "AAAA"}),
        ),
        (
            "signalRepositoryDecryptMessage",
            json!({"jid": BOBS, "type": "skmsg", "ciphertext": "AAAA"}),
        ),
        (
            "signalRepositoryDecryptMessage",
            json!({"jid": BOBS, "type": "msg", "ciphertext": "%"}),
        ),
    ] {
        let path = format!("/baileys/{route}/acme");
        let answer = stage.client.post(&path, &body).await.expect(400).json();
        assert_eq!(answer["error"], "Bad Request", "{route} {body}");
        assert!(answer["response"]["message"].is_array(), "{answer}");
    }
    let created =
        json!({"instanceName": "idle", "integration": "WHATSAPP-BAILEYS", "qrcode": false});
    stage
        .client
        .post("/instance/create", &created)
        .await
        .expect(201);
    let answer = stage
        .client
        .post("/baileys/getAuthState/idle", &json!({}))
        .await;
    assert_eq!(
        answer.expect(400).json()["response"]["message"][0],
        "Connection Closed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_client_sends_nodes_for_its_own_instance_alone() {
    let (stage, token) = acme().await;
    let bob = stage.simulator.phone(BOB);
    bob.watch(ANN).await.expect("he looks");
    let mut socket = Listener::join(&stage, "acme", &token).await;
    let stanza = json!({"tag": "presence", "attrs": {"type": "available", "name": "acme"}});
    let sent = socket
        .ask("sendNode", json!({"instanceId": "acme", "stanza": stanza}))
        .await;
    assert_eq!(sent, json!({"ok": true}));
    let ann = format!("{ANN}@s.whatsapp.net");
    bob.wait_for(BOUND, |view| {
        view.presences.get(&ann).filter(|there| **there).map(drop)
    })
    .await
    .expect("he sees her");

    let body = json!({"instanceName": "other", "integration": "WHATSAPP-BAILEYS", "qrcode": false});
    stage
        .client
        .post("/instance/create", &body)
        .await
        .expect(201);
    let refused = socket
        .ask("sendNode", json!({"instanceId": "other", "stanza": stanza}))
        .await;
    assert_eq!(refused, json!({"ok": false, "error": "Unauthorized"}));
    let mut owner = Listener::join(&stage, "other", pombo_tests::server::KEY).await;
    let refused = owner
        .ask("sendNode", json!({"instanceId": "other", "stanza": stanza}))
        .await;
    assert_eq!(refused, json!({"ok": false, "error": "Connection Closed"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_rings_and_its_stanzas_are_shown_to_socket_clients_only() {
    let (stage, token) = acme().await;
    let bob = stage.simulator.phone(BOB);
    let mut socket = Listener::join(&stage, "acme", &token).await;
    let id = bob.call(ANN, true).await.expect("he calls");
    let raw = socket
        .event(|envelope| envelope["data"]["event"] == "CB:call")
        .await;
    assert_eq!(
        (&raw["event"], &raw["instance"]),
        (&json!("call"), &json!("acme"))
    );
    let packet = &raw["data"]["packet"];
    assert_eq!(packet["tag"], "call");
    let offer = &packet["content"][0];
    assert_eq!(
        (&offer["tag"], &offer["attrs"]["call-id"]),
        (&json!("offer"), &json!(id))
    );
    // Everybody hears that it rings.
    let told = stage.heard("acme", "call").await;
    assert_eq!(
        (&told["id"], &told["status"]),
        (&json!(id), &json!("offer"))
    );
    bob.hang_up(&id).await.expect("he gives up");
    stage
        .catcher
        .next("the end of the call", |caught| {
            caught.body["event"] == "call" && caught.body["data"]["status"] == "timeout"
        })
        .await;
    let raw = stage
        .events("acme")
        .into_iter()
        .filter(|(_, data)| data.get("packet").is_some())
        .count();
    assert_eq!(raw, 0, "no webhook gets stanzas");
    let log = stage
        .client
        .get("/event/find/acme?limit=500")
        .await
        .expect(200);
    assert!(!log.text.contains("CB:call"), "the log has no stanzas");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_placed_call_rings_on_the_phone_until_its_time_is_over() {
    let (stage, token) = acme().await;
    let bob = stage.simulator.phone(BOB);
    let mut socket = Listener::join(&stage, "acme", &token).await;
    let body = json!({"number": BOB, "isVideo": true, "callDuration": 1});
    let placed = stage
        .client
        .post("/call/offer/acme", &body)
        .await
        .expect(201)
        .json();
    let id = placed["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        placed,
        json!({"id": id, "jid": BOBS, "isVideo": true, "callDuration": 1})
    );
    socket
        .event(|envelope| envelope["data"]["event"] == "CB:ack,class:call")
        .await;
    let ended = bob
        .wait_for(BOUND, |view| {
            let call = view.call(&id)?;
            (call.state == CallState::Missed).then(|| call.clone())
        })
        .await
        .expect("it rings, and stops");
    assert!(ended.incoming && ended.video && ended.has_key, "{ended:?}");
    assert_eq!(ended.peer, format!("{ANN}@s.whatsapp.net"));

    // Somebody who does not want to talk says so.
    let body = json!({"number": BOB, "callDuration": 15});
    let placed = stage
        .client
        .post("/call/offer/acme", &body)
        .await
        .expect(201)
        .json();
    let id = placed["id"].as_str().expect("an id").to_owned();
    bob.wait_for(BOUND, |view| view.call(&id).map(drop))
        .await
        .expect("it rings");
    bob.reject(&id).await.expect("he refuses");
    stage
        .catcher
        .next("the refusal", |caught| {
            caught.body["event"] == "call"
                && caught.body["data"]["status"] == "reject"
                && caught.body["data"]["id"] == *id
        })
        .await;
    let group = bob.create_group("Team", &[ANN]).await.expect("a group");
    let body = json!({"number": group, "callDuration": 1});
    let refused = stage
        .client
        .post("/call/offer/acme", &body)
        .await
        .expect(400)
        .json();
    assert_eq!(
        refused["response"]["message"][0],
        "only people can be called"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_with_the_own_phone_are_built_anew() {
    let (stage, _) = acme().await;
    let (ann, bob) = (stage.simulator.phone(ANN), stage.simulator.phone(BOB));
    let text = async |text: &str| {
        let body = json!({"number": BOB, "text": text});
        let sent = stage.client.post("/message/sendText/acme", &body).await;
        sent.expect(201);
        for phone in [&ann, &bob] {
            phone
                .wait_for(BOUND, |view| view.with_text(text).next().map(|_| ()))
                .await
                .unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    };
    text("before").await;
    let reset = stage
        .client
        .post("/baileys/resetSessions/acme", &json!({}))
        .await;
    assert_eq!(reset.expect(200).json(), json!(true));
    // Both ways: what the instance writes is on her phone, and what she writes there is told.
    text("after").await;
    let sent = ann.send_text(BOB, "from her phone").await.expect("online");
    stage
        .catcher
        .next("what she writes", |caught| {
            caught.body["event"] == "messages.upsert"
                && caught.body["data"]["key"]["id"] == *sent.id
        })
        .await;
    ann.look(|view| assert!(view.waiting_for.is_empty(), "{:?}", view.waiting_for));
    stage.simulator.assert_clean();
}
