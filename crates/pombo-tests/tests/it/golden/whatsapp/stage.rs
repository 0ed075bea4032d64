//! The server, the network, the people, and the places that the recording knows by other names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use pombo_simulator::phone::{SendOptions, content};
use pombo_simulator::{Simulator, VirtualPhone};
use pombo_tests::{Answer, Client, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::compare::Comparison;
use super::super::recording::Recorded;
use super::recording::Exchange;
use super::socketio;
use super::witness::Witness;

/// The key that the recording was made with.
const KEY: &str = "oraclekey";
/// Where webhooks went, where files were, and the server itself.
const RECORDED_HOOKS: &str = "127.0.0.1:18197";
const RECORDED_FILES: &str = "127.0.0.1:18196";
/// Numbers, names, and the LIDs that the recording's network gave.
const PEOPLE: [(&str, &str, &str); 4] = [
    (ALICE, "Alice", "108205380617683"),
    (BOB, "Bob", "108205380617684"),
    (CAROL, "Carol", "108205380617685"),
    (DAVE, "Dave", "108205380617686"),
];
/// The group of the recording.
const RECORDED_GROUP: &str = "120363002866886739@g.us";

pub(super) const ALICE: &str = "5511900000001";
pub(super) const BOB: &str = "5511900000002";
pub(super) const CAROL: &str = "5511900000003";
pub(super) const DAVE: &str = "5511900000004";

/// Of which the recording keeps the beginning only.
pub(super) const FILES: [(&str, &[u8]); 3] = [
    ("v.mp4", include_bytes!("../../../../golden/files/v.mp4")),
    ("a.mp3", include_bytes!("../../../../golden/files/a.mp3")),
    ("a.ogg", include_bytes!("../../../../golden/files/a.ogg")),
];

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

pub(super) struct Stage {
    server: Server,
    client: Client,
    pub(super) simulator: Simulator,
    pub(super) witness: Arc<Witness>,
    hooks: String,
    host: String,
    files: Files,
    /// Their names for things, and ours.
    names: Vec<(String, String)>,
    /// The newest code of each instance.
    pub(super) codes: BTreeMap<String, String>,
    pub(super) pairing_code: String,
}

impl Stage {
    pub(super) async fn start() -> Self {
        let simulator = Simulator::builder()
            .groups_by_phone_number()
            .start()
            .await
            .expect("a network");
        let url = simulator.url();
        let server = Server::start(&[
            ("AUTHENTICATION_API_KEY", KEY),
            ("SERVER_URL", "http://127.0.0.1:18193"),
            ("DATABASE_CONNECTION_CLIENT_NAME", "evolution_exchange"),
            ("WEBSOCKET_ENABLED", "true"),
            ("WEBSOCKET_BINARY", "true"),
            ("DATABASE_DELETE_MESSAGE", "true"),
            // As the original does always.
            ("AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES", "true"),
            ("POMBO_SIMULATOR_URL", &url),
        ])
        .await;
        let mut names = Vec::new();
        for (number, name, lid) in PEOPLE {
            simulator.add_account(number, name);
            let phone = simulator.phone(number);
            phone.set_habits(|habits| habits.delivery_receipts = true);
            let ours = phone.lid().split('@').next().unwrap_or_default().to_owned();
            names.push((lid.to_owned(), ours));
        }
        past(&simulator).await;
        let kept = FILES.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        let files: Files = Arc::new(Mutex::new(kept.into_iter().collect()));
        let witness = Arc::new(Witness::default());
        let host = listen(Arc::clone(&witness), Arc::clone(&files)).await;
        Self {
            client: Client::new(server.url(), KEY),
            hooks: host.clone(),
            host,
            server,
            simulator,
            witness,
            files,
            names,
            codes: BTreeMap::new(),
            pairing_code: String::new(),
        }
    }

    pub(super) fn phone(&self, number: &str) -> VirtualPhone {
        self.simulator.phone(number)
    }

    /// The network's name for the group of the recording.
    pub(super) fn group(&self) -> String {
        self.our_names(RECORDED_GROUP)
    }

    /// Sends the recorded request with our own names in it.
    pub(super) async fn send(&mut self, exchange: &Exchange, comparison: &Comparison) -> Answer {
        let request = &exchange.request;
        let ours = |text: &str| self.our_names(&comparison.our_ids(text));
        let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut sending = self.client.request(method, &ours(&request.path));
        sending = match &request.body {
            Value::Null => sending,
            Value::String(text) if text.starts_with('[') => sending.multipart(self.form()),
            other => {
                self.keep_file(other);
                let body = self.with_files(&ours(&other.to_string()));
                sending
                    .header("content-type", "application/json")
                    .body(self.with_event(&body))
            }
        };
        let mut answer = self.client.send(sending).await;
        answer.text = self.their_names(&answer.text);
        if exchange.request.path == "/instance/create" {
            let name = exchange.request.body["instanceName"]
                .as_str()
                .expect("a name");
            socketio::follow(self.server.address, name, KEY, Arc::clone(&self.witness));
        }
        answer
    }

    /// What an answer teaches us: codes, pictures, the group.
    pub(super) async fn learn(&mut self, exchange: &Exchange, answer: &Answer) {
        let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        let path = exchange.request.path.split('?').next().unwrap_or_default();
        let instance = match exchange.request.body["instanceName"].as_str() {
            Some(name) => name,
            None => path.rsplit('/').next().unwrap_or_default(),
        };
        for shown in [&body, &body["qrcode"]] {
            if let Some(code) = shown["code"].as_str() {
                self.codes.insert(instance.to_owned(), code.to_owned());
            }
            if let Some(code) = shown["pairingCode"].as_str() {
                self.pairing_code = code.to_owned();
            }
        }
        let recorded = exchange.response.as_ref();
        let recorded = recorded.and_then(|recorded| recorded.body["inviteCode"].as_str());
        if let (Some(theirs), Some(ours)) = (recorded, body["inviteCode"].as_str()) {
            self.names.push((theirs.to_owned(), ours.to_owned()));
        }
        let thumbnail = &body["message"]["imageMessage"]["jpegThumbnail"];
        if let Some(bytes) = thumbnail.as_object() {
            let bytes: Vec<u8> = (0..bytes.len())
                .filter_map(|at| u8::try_from(bytes.get(&at.to_string())?.as_u64()?).ok())
                .collect();
            self.put_file("i.jpg", bytes);
        }
        if exchange.name == "group-create" {
            let group = match body["id"].as_str() {
                Some(group) => group.to_owned(),
                None => self
                    .phone(ALICE)
                    .create_group("Team", &[BOB, CAROL])
                    .await
                    .expect("a group"),
            };
            self.names.push((RECORDED_GROUP.to_owned(), group));
        }
    }

    /// Sends a text through another companion of an account, which is there for that only.
    pub(super) async fn send_from_another_companion(
        &self,
        account: &str,
        to: &str,
        text: &str,
    ) -> Option<()> {
        let body =
            json!({"instanceName": "another", "integration": "WHATSAPP-BAILEYS", "qrcode": true});
        let made = self.client.post("/instance/create", &body).await;
        let made = made.expect(201).json();
        let code = made["qrcode"]["code"].as_str()?;
        self.simulator.scan(account, code).ok()?;
        self.until_open("another").await;
        let body = json!({"number": to, "text": text});
        let sent = self.client.post("/message/sendText/another", &body).await;
        sent.expect(201);
        let gone = self.client.delete("/instance/delete/another").await;
        gone.expect(200);
        Some(())
    }

    /// Something that the recording has another name for.
    pub(super) fn is_called(&mut self, theirs: &str, ours: &str) {
        self.names.push((theirs.to_owned(), ours.to_owned()));
    }

    pub(super) async fn until_told_of_call(&self, id: &str) {
        until(&format!("{id} rings"), || async {
            self.witness.was_told_of_call(id).then_some(())
        })
        .await;
    }

    pub(super) async fn until_received(&self, id: &str) {
        until(&format!("{id} is received"), || async {
            self.witness.received(id).map(drop)
        })
        .await;
    }

    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(name).cloned()
    }

    pub(super) async fn until_open(&self, instance: &str) {
        self.until_state(instance, "open").await;
    }

    pub(super) async fn until_state(&self, instance: &str, state: &str) {
        until(&format!("{instance} is {state}"), || async {
            let path = format!("/instance/connectionState/{instance}");
            let answer = self.client.get(&path).await.json();
            (answer["instance"]["state"] == state).then_some(())
        })
        .await;
    }

    /// A recorded answer with our names in it.
    pub(super) fn ours(&self, recorded: &Recorded) -> Recorded {
        Recorded {
            status: recorded.status,
            body: self.ours_in(&recorded.body),
            body_kind: recorded.body_kind.clone(),
        }
    }

    /// The same in any JSON. Ids are left to the comparison.
    pub(super) fn ours_in(&self, recorded: &Value) -> Value {
        let named = self
            .names
            .iter()
            .fold(recorded.to_string(), |text, (theirs, ours)| {
                text.replace(theirs.as_str(), ours)
            });
        serde_json::from_str(&named).expect("it is still JSON")
    }

    /// What we told, with the recording's names for our own places.
    pub(super) fn theirs_in(&self, body: &Value) -> Value {
        serde_json::from_str(&self.their_names(&body.to_string())).expect("it is still JSON")
    }

    pub(super) fn our_names(&self, text: &str) -> String {
        let text = text
            .replace(RECORDED_HOOKS, &self.hooks)
            .replace(RECORDED_FILES, &self.host);
        self.names.iter().fold(text, |text, (theirs, ours)| {
            text.replace(theirs.as_str(), ours)
                .replace(&theirs.replace('@', "%40"), &ours.replace('@', "%40"))
        })
    }

    fn their_names(&self, text: &str) -> String {
        text.replace(&self.hooks, RECORDED_HOOKS)
    }

    /// Files of which the recording keeps the beginning only are ours in the body.
    fn with_files(&self, body: &str) -> String {
        let mut body = body.to_owned();
        for (name, bytes) in FILES {
            let mark = format!("\"[{name}]\"");
            if body.contains(&mark) {
                body = body.replace(&mark, &format!("\"{}\"", socketio::base64(bytes)));
            }
        }
        body
    }

    /// A whole event in the body, with its keys and addresses, is the one that we told.
    fn with_event(&self, body: &str) -> String {
        let mut request: Value = serde_json::from_str(body).unwrap_or_default();
        if request["message"]["message"].is_null() {
            return body.to_owned();
        }
        let id = request["message"]["key"]["id"].as_str();
        if let Some(told) = id.and_then(|id| self.witness.received(id)) {
            request["message"] = told;
        }
        request.to_string()
    }

    /// The files that the recording had at a URL are, in other requests, in the body.
    fn keep_file(&self, body: &Value) {
        const KINDS: [(&str, &str); 7] = [
            ("iVBOR", "i.png"),
            ("AAAAI", "v.mp4"),
            ("JVBER", "d.pdf"),
            ("SUQzB", "a.mp3"),
            ("T2dnU", "a.ogg"),
            ("UklGR", "i.webp"),
            ("R0lGO", "g.gif"),
        ];
        for member in ["media", "audio", "video", "sticker"] {
            let Some(text) = body[member].as_str() else {
                continue;
            };
            if let Some((_, name)) = KINDS.iter().find(|(start, _)| text.starts_with(start)) {
                self.put_file(name, bytes(text));
            }
        }
    }

    fn put_file(&self, name: &str, bytes: Vec<u8>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(name.to_owned()).or_insert(bytes);
    }

    /// The form of the recording: a picture for Bob.
    fn form(&self) -> reqwest::multipart::Form {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = files.get("i.jpg").cloned().unwrap_or_default();
        let file = reqwest::multipart::Part::bytes(picture)
            .file_name("m.jpg")
            .mime_str("image/jpeg")
            .expect("a type");
        reqwest::multipart::Form::new()
            .text("number", BOB)
            .text("mediatype", "image")
            .text("caption", "multi")
            .part("file", file)
    }
}

/// What was written before the instances were linked.
async fn past(simulator: &Simulator) {
    for owner in [ALICE, BOB] {
        for (from, to, id, text) in [
            (CAROL, owner, "OLD1", "old message"),
            (owner, CAROL, "OLD2", "old answer"),
        ] {
            let options = SendOptions {
                id: Some(id.to_owned()),
                ..SendOptions::default()
            };
            let phone = simulator.phone(from);
            let sent = phone.send_with(to, content::text(text), options).await;
            sent.expect("the network takes it");
        }
    }
}

/// Takes webhooks, and gives files; where it is.
async fn listen(witness: Arc<Witness>, files: Files) -> String {
    /// The smallest there is.
    const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
    files
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert("g.gif".to_owned(), GIF.to_vec());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let host = listener.local_addr().expect("bound").to_string();
    let router = Router::new()
        .fallback(answer)
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state((witness, files));
    tokio::spawn(async move { axum::serve(listener, router).await });
    host
}

async fn answer(
    State((witness, files)): State<(Arc<Witness>, Files)>,
    method: axum::http::Method,
    uri: Uri,
    body: String,
) -> Response {
    let name = uri.path().trim_start_matches('/');
    if method == axum::http::Method::POST {
        let body = serde_json::from_str(&body).unwrap_or_default();
        witness.tell("webhook", name, body);
        return StatusCode::OK.into_response();
    }
    if name == "page" {
        let page = "<html><head><title>Page title</title></head><body>x</body></html>";
        return ([(header::CONTENT_TYPE, "text/html")], page).into_response();
    }
    let kind = match name.rsplit('.').next() {
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("mp4") => "video/mp4",
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    };
    let files = files.lock().unwrap_or_else(PoisonError::into_inner);
    match files.get(name) {
        Some(bytes) => ([(header::CONTENT_TYPE, kind)], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Bytes of a base64 text.
fn bytes(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|letter| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).unwrap_or(0));
        }
    }
    bytes
}
