//! Baileys from npm, unmodified, as a client of the network: against a `whatsapp-rust` client and a phone.
//!
//! Two versions, one after the other in a test each: the one that the original gateway pins, and the newest. What is known to
//! go wrong with one of them is named here, in [`Version`], and nowhere ignored.

#![expect(
    clippy::print_stderr,
    reason = "what was skipped, and which known noise was heard, is for whoever runs the tests"
)]

mod accounts;
mod kinds;

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_simulator::Simulator;
use pombo_simulator::phone::{VirtualPhone, content};
use serde_json::{Value, json};
use sha2::Digest as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Notify;
use whatsapp_rust::Jid;

use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

const DEADLINE: Duration = Duration::from_secs(60);

/// A version of Baileys, and what is known of it.
#[derive(Clone, Copy)]
struct Version {
    name: &'static str,
    /// Known noise: its first message to a group after a direct chat with one of the members cannot be read by that member,
    /// which asks for it again (a retry receipt) and then can. Its book-keeping of sessions by phone number and by LID is
    /// double; the network has no part in it.
    first_group_message_is_asked_for_again: bool,
    /// Known limit: it blocks by phone number alone, which the network refuses since it knows accounts by LID.
    blocks_by_phone_number: bool,
    /// Known noise: right after linking, or to somebody whom it knows by LID only, it may find no session for a device whose
    /// keys it has just fetched, and sends nothing; asked again it does. The network has no part in it.
    loses_sessions: bool,
    /// Known noise: it uploads a file that it may not have written to the end, which the network refuses since the file is not
    /// what its name says; asked again it may be quicker.
    uploads_unfinished_files: bool,
    /// Known noise: an answer that comes before it has made the keys of its handshake ends it. On a busy machine it may be that late.
    may_die_of_its_handshake: bool,
    /// Known limit where false: it sends pictures of an album without saying so.
    knows_albums: bool,
}

const PINNED: Version = Version {
    name: "7.0.0-rc.6",
    first_group_message_is_asked_for_again: true,
    blocks_by_phone_number: true,
    loses_sessions: true,
    uploads_unfinished_files: true,
    may_die_of_its_handshake: true,
    knows_albums: false,
};
const NEWEST: Version = Version {
    name: "7.0.0-rc14",
    first_group_message_is_asked_for_again: false,
    blocks_by_phone_number: false,
    loses_sessions: false,
    uploads_unfinished_files: false,
    may_die_of_its_handshake: false,
    knows_albums: true,
};

/// A Baileys in a process of its own; it ends when this is dropped.
struct Baileys {
    _child: Child,
    input: ChildStdin,
    shared: Arc<Shared>,
    commands: u64,
    version: Version,
    _state: tempfile::TempDir,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<Value>>,
    more: Notify,
}

impl Baileys {
    /// `None`, said loudly, when Node or its packages are missing.
    fn start(simulator: &Simulator, version: Version, code_for: Option<&str>) -> Option<Self> {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/baileys");
        let there = folder
            .join(format!("node_modules/baileys-{}", version.name))
            .exists();
        if !there
            || std::process::Command::new("node")
                .arg("--version")
                .output()
                .is_err()
        {
            let missing =
                "node, and conformance/baileys/node_modules (npm ci --prefix conformance/baileys)";
            assert!(
                std::env::var("POMBO_REQUIRE_ALL").as_deref() != Ok("1"),
                "missing: {missing}"
            );
            eprintln!("SKIPPED: {missing}");
            return None;
        }
        let state = tempfile::tempdir().expect("a folder");
        let root: String = simulator
            .root_key()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let job = json!({
            "version": version.name,
            "host": simulator.addr().to_string(),
            "root": root,
            "state": state.path(),
            "code": code_for,
        });
        let mut child = Command::new("node")
            .current_dir(folder)
            .arg("client.mjs")
            .arg(job.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let shared = Arc::new(Shared::default());
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let errors = BufReader::new(child.stderr.take().expect("piped")).lines();
        for (mut lines, plain) in [
            (Box::new(output) as Box<dyn Lines>, false),
            (Box::new(errors) as Box<dyn Lines>, true),
        ] {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                while let Some(line) = lines.next().await {
                    let read = if plain {
                        None
                    } else {
                        serde_json::from_str(&line).ok()
                    };
                    let line = read.unwrap_or_else(|| json!({"type": "text", "text": line}));
                    shared.lines.lock().expect("nobody panicked").push(line);
                    shared.more.notify_waiters();
                }
            });
        }
        Some(Self {
            _child: child,
            input,
            shared,
            commands: 0,
            version,
            _state: state,
        })
    }

    /// Linked to the account of that number by a QR code, and online.
    async fn linked(simulator: &Simulator, version: Version, number: &str) -> Option<Self> {
        simulator.add_account(number, "Baileys");
        let (baileys, qr) = loop {
            let baileys = Self::start(simulator, version, None)?;
            let first = baileys
                .find("a QR code", |line| {
                    let died = version.may_die_of_its_handshake
                        && line["text"]
                            .as_str()
                            .is_some_and(|text| text.contains("unable to authenticate data"));
                    let qr = line["qr"].as_str().map(str::to_owned);
                    qr.map(Some).or(died.then_some(None))
                })
                .await;
            match first {
                Some(qr) => break (baileys, qr),
                None => eprintln!("known noise: {} died of its handshake", version.name),
            }
        };
        simulator.scan(number, &qr).expect("the code is valid");
        baileys.open().await;
        Some(baileys)
    }

    async fn open(&self) {
        self.find("being online", |line| {
            (line["connection"] == "open").then_some(())
        })
        .await;
    }

    /// Waits for a report, wherever it stands among the others.
    async fn find<T>(&self, what: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            let more = self.shared.more.notified();
            let found = {
                let lines = self.shared.lines.lock().expect("nobody panicked");
                lines.iter().find_map(&find)
            };
            if let Some(found) = found {
                return found;
            }
            let left = DEADLINE.saturating_sub(started.elapsed());
            // Woken between the look and the wait it would sleep too long: look again now and then.
            let nap = left.min(Duration::from_millis(500));
            if tokio::time::timeout(nap, more).await.is_err() && left.is_zero() {
                let lines = self.shared.lines.lock().expect("nobody panicked");
                let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                panic!(
                    "waited in vain for {what}; Baileys reported:\n{}",
                    lines.join("\n")
                );
            }
        }
    }

    /// Waits for an event of that name in which something is found.
    async fn event<T>(&self, name: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        self.find(name, |line| {
            (line["name"] == name)
                .then(|| find(&line["data"]))
                .flatten()
        })
        .await
    }

    /// Waits for a message (`messages.upsert`) of which something is found.
    async fn message<T>(&self, what: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        self.find(what, |line| {
            if line["name"] != "messages.upsert" {
                return None;
            }
            line["data"]["messages"].as_array()?.iter().find_map(&find)
        })
        .await
    }

    async fn text(&self, expected: &str) -> Value {
        self.message(expected, |message| {
            let content = &message["message"];
            let found = content["conversation"]
                .as_str()
                .or(content["extendedTextMessage"]["text"].as_str());
            (found == Some(expected)).then(|| message.clone())
        })
        .await
    }

    /// Tells it to do something, and waits until it has.
    async fn tell(&mut self, command: Value) -> Value {
        let started = Instant::now();
        loop {
            let answer = self.tell_once(command.clone()).await;
            let unfinished = answer["message"]
                .as_str()
                .is_some_and(|text| text.contains("Media upload failed on all hosts"));
            if unfinished && self.version.uploads_unfinished_files && started.elapsed() < DEADLINE {
                eprintln!(
                    "known noise: {} had uploaded an unfinished file",
                    self.version.name
                );
                continue;
            }
            assert_eq!(answer["type"], "answer", "{}: {answer}", command["call"]);
            return answer["result"].clone();
        }
    }

    /// The same, whether it can do it or not.
    async fn tell_once(&mut self, mut command: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        command["id"] = id.into();
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("it runs");
        self.input.flush().await.expect("it runs");
        let what = format!("an answer to {}, number {id}", command["call"]);
        self.find(&what, |line| (line["id"] == id).then(|| line.clone()))
            .await
    }

    async fn call(&mut self, method: &str, arguments: Value) -> Value {
        self.tell(json!({"call": method, "arguments": arguments}))
            .await
    }

    /// Sends a message; its id.
    async fn send(&mut self, to: &str, content: Value) -> String {
        let sent = self.call("sendMessage", json!([to, content])).await;
        sent["key"]["id"].as_str().expect("an id").to_owned()
    }
}

trait Lines: Send {
    fn next(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Option<String>> + Send + '_>>;
}

impl<R: tokio::io::AsyncBufRead + Unpin + Send> Lines for tokio::io::Lines<R> {
    fn next(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(async { self.next_line().await.ok().flatten() })
    }
}

fn pn(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

async fn pairs_by_code(version: Version) {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let Some(baileys) = Baileys::start(&simulator, version, Some(ALICE)) else {
        return;
    };
    let code = baileys
        .find("a code", |line| {
            line["code"]
                .as_str()
                .filter(|code| code.len() == 8)
                .map(str::to_owned)
        })
        .await;
    // It shows the code before the network has heard of it.
    let started = Instant::now();
    while let Err(error) = simulator.type_code(ALICE, &code).await {
        assert_eq!(error, pombo_simulator::PairingError::NoCodeRequested);
        assert!(started.elapsed() < DEADLINE, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    baileys.open().await;
    simulator.assert_clean();
}

/// The phone sees a message of that id; what it shows.
async fn shown(phone: &VirtualPhone, id: &str) -> pombo_simulator::phone::view::ShownMessage {
    phone
        .wait_for(DEADLINE, |view| {
            view.chats
                .values()
                .find_map(|chat| chat.message(id))
                .cloned()
        })
        .await
        .unwrap_or_else(|error| panic!("{id}: {error}"))
}

async fn talks(version: Version) {
    let simulator = simulator().await;
    let Some(mut baileys) = Baileys::linked(&simulator, version, ALICE).await else {
        return;
    };
    let bob = Client::linked(&simulator, BOB).await;
    // Receipts of a client whose user is away are not shown by Baileys.
    bob.presence().set_available().await.expect("it has a name");
    let phone = simulator.phone(CAROL);
    phone.set_habits(|habits| habits.delivery_receipts = true);

    // Who is there.
    let known = baileys
        .call("onWhatsApp", json!([BOB, "5500000000000"]))
        .await;
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{known}");

    // Text both ways with a whatsapp-rust client, and its receipts.
    let id = baileys
        .send(&pn(BOB), json!({"text": "hi from baileys"}))
        .await;
    bob.wait("the text", |event| {
        event
            .messages()
            .find_map(|message| (message.info.id == id).then_some(()))
    })
    .await;
    let update = |status: u64| {
        let id = id.clone();
        move |data: &Value| {
            data.as_array()?.iter().find_map(|change| {
                let far = change["update"]["status"].as_u64()? >= status;
                (change["key"]["id"] == id.as_str() && far).then_some(())
            })
        }
    };
    baileys.event("messages.update", update(3)).await;
    let alice = Jid::pn(ALICE);
    bob.mark_as_read(&alice, None, &[id.as_str()])
        .await
        .expect("the receipt is accepted");
    baileys.event("messages.update", update(4)).await;
    bob.send_message(alice.clone(), text("hi from rust"))
        .await
        .expect("it is accepted");
    let received = baileys.text("hi from rust").await;
    baileys
        .call("readMessages", json!([[received["key"]]]))
        .await;

    // Every kind of content that Baileys sends, as a phone shows it.
    let data = json!({"$binary": BASE64_STANDARD.encode(vec![7; 3000])});
    let kinds = [
        (json!({"text": "plain"}), "extended_text_message"),
        (
            json!({"image": data, "caption": "pic", "jpegThumbnail": ""}),
            "image_message",
        ),
        (
            json!({"video": data, "caption": "film", "jpegThumbnail": ""}),
            "video_message",
        ),
        (
            json!({"video": data, "gifPlayback": true, "jpegThumbnail": ""}),
            "video_message",
        ),
        (
            json!({"video": data, "ptv": true, "jpegThumbnail": ""}),
            "ptv_message",
        ),
        (
            json!({"audio": data, "mimetype": "audio/mp4", "seconds": 1}),
            "audio_message",
        ),
        (
            json!({"audio": data, "ptt": true, "seconds": 1, "mimetype": "audio/ogg; codecs=opus"}),
            "audio_message",
        ),
        (
            json!({"document": data, "fileName": "a.pdf", "mimetype": "application/pdf"}),
            "document_message",
        ),
        (json!({"sticker": data}), "sticker_message"),
        (
            json!({"location": {"degreesLatitude": 1.5, "degreesLongitude": 2.5}}),
            "location_message",
        ),
        (
            json!({"contacts": {"displayName": "A", "contacts": [{"vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD"}]}}),
            "contact_message",
        ),
    ];
    for (content, kind) in kinds {
        let id = baileys.send(&pn(CAROL), content.clone()).await;
        let shown = shown(&phone, &id).await;
        assert_eq!(shown.kind(), kind, "{content}");
        if content.get("image").is_some() {
            let file = phone.download(&shown.content).await.expect("it is there");
            assert_eq!(file, vec![7; 3000]);
        }
    }

    // And every kind that a phone sends, as Baileys sees it.
    let file = |kind| phone.upload(kind, &[9; 5000]);
    use pombo_simulator::phone::media::FileKind;
    let picture = content::Picture::default;
    let contents = [
        ("conversation", content::text("from the phone")),
        (
            "imageMessage",
            content::image(file(FileKind::Image).await.expect("online"), picture()),
        ),
        (
            "videoMessage",
            content::video(file(FileKind::Video).await.expect("online"), picture()),
        ),
        (
            "audioMessage",
            content::voice_note(file(FileKind::Audio).await.expect("online"), 1, Vec::new()),
        ),
        (
            "documentMessage",
            content::document(
                file(FileKind::Document).await.expect("online"),
                "a.pdf",
                "application/pdf",
            ),
        ),
        (
            "stickerMessage",
            content::sticker(file(FileKind::Sticker).await.expect("online"), false),
        ),
        ("contactMessage", content::contact("A", "5511900000009")),
        (
            "locationMessage",
            content::location(content::Place {
                latitude: 1.5,
                longitude: 2.5,
                name: None,
                address: None,
            }),
        ),
    ];
    for (kind, message) in contents {
        let sent = phone
            .send(ALICE, message)
            .await
            .expect("the network takes it");
        baileys
            .message(kind, |message| {
                let there =
                    message["key"]["id"] == sent.id.as_str() && !message["message"][kind].is_null();
                there.then_some(())
            })
            .await;
        if kind == "imageMessage" {
            let found = baileys.tell(json!({"download": sent.id})).await;
            let hash: String = sha2::Sha256::digest([9; 5000])
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(
                (&found["size"], &found["sha256"]),
                (&json!(5000), &json!(hash))
            );
        }
    }

    // Reaction, edit, deletion, poll.
    let id = baileys.send(&pn(CAROL), json!({"text": "first"})).await;
    shown(&phone, &id).await;
    let key = json!({"remoteJid": pn(CAROL), "fromMe": true, "id": id});
    baileys
        .send(&pn(CAROL), json!({"text": "second", "edit": key}))
        .await;
    baileys
        .send(&pn(CAROL), json!({"react": {"text": "🌊", "key": key}}))
        .await;
    phone
        .wait_for(DEADLINE, |view| {
            let message = view.chats.values().find_map(|chat| chat.message(&id))?;
            (message.text() == "second" && !message.reactions.is_empty()).then_some(())
        })
        .await
        .expect("edited, and reacted to");
    phone
        .react(ALICE, &id, "👍")
        .await
        .expect("the network takes it");
    baileys
        .event("messages.reaction", |data| {
            data.as_array()?
                .iter()
                .find_map(|reaction| (reaction["key"]["id"] == id.as_str()).then_some(()))
        })
        .await;
    baileys.send(&pn(CAROL), json!({"delete": key})).await;
    phone
        .wait_for(DEADLINE, |view| {
            let message = view.chats.values().find_map(|chat| chat.message(&id))?;
            message.deleted.then_some(())
        })
        .await
        .expect("deleted");
    let poll = baileys
        .send(
            &pn(CAROL),
            json!({"poll": {"name": "which", "values": ["a", "b"], "selectableCount": 1}}),
        )
        .await;
    shown(&phone, &poll).await;
    phone
        .vote(ALICE, &poll, &["b"])
        .await
        .expect("the network takes it");
    baileys
        .event("vote", |data| (data["poll"] == poll.as_str()).then_some(()))
        .await;
    let votes = baileys.tell(json!({"votes": poll})).await;
    assert_eq!(votes[1]["name"], "b");
    assert_eq!(
        votes[1]["voters"].as_array().map(Vec::len),
        Some(1),
        "{votes}"
    );

    // Presence.
    baileys.call("presenceSubscribe", json!([pn(CAROL)])).await;
    phone.typing(ALICE).await.expect("online");
    baileys
        .event("presence.update", |data| {
            data.to_string().contains("composing").then_some(())
        })
        .await;
    simulator.assert_clean();
}

async fn groups(version: Version) {
    let simulator = simulator().await;
    let Some(mut baileys) = Baileys::linked(&simulator, version, ALICE).await else {
        return;
    };
    let bob = Client::linked(&simulator, BOB).await;
    let phone = simulator.phone(CAROL);
    // A direct chat before: what the known noise needs.
    baileys.send(&pn(BOB), json!({"text": "direct"})).await;
    bob.wait("the direct message", |event| {
        event.messages().next().map(|_| ())
    })
    .await;

    let made = baileys
        .call(
            "groupCreate",
            json!(["Baileys' group", [pn(BOB), pn(CAROL)]]),
        )
        .await;
    let group = made["id"].as_str().expect("an address").to_owned();
    let before = simulator.faults().strikes().len();
    let id = baileys.send(&group, json!({"text": "to the group"})).await;
    shown(&phone, &id).await;
    bob.wait("the group message", |event| {
        event
            .messages()
            .find_map(|message| (message.info.id == id).then_some(()))
    })
    .await;
    let unreadable = bob.has_seen(|event| {
        matches!(
            event,
            whatsapp_rust::wacore::types::events::Event::UndecryptableMessage(_)
        )
    });
    if unreadable {
        assert!(
            version.first_group_message_is_asked_for_again,
            "{} is not known for a first group message that cannot be read",
            version.name
        );
        eprintln!(
            "known noise: the first group message of {} was asked for again",
            version.name
        );
    }
    assert_eq!(simulator.faults().strikes().len(), before);
    // From then on without noise.
    for number in 0..3 {
        let id = baileys
            .send(&group, json!({"text": format!("again {number}")}))
            .await;
        bob.wait("the next group message", |event| {
            event
                .messages()
                .find_map(|message| (message.info.id == id).then_some(()))
        })
        .await;
    }
    let jid: Jid = group.parse().expect("an address");
    bob.send_message(jid, text("from rust to the group"))
        .await
        .expect("it is accepted");
    let received = baileys.text("from rust to the group").await;
    assert_eq!(received["key"]["remoteJid"], group.as_str());
    phone
        .send_text(&group, "from the phone to the group")
        .await
        .expect("the network takes it");
    baileys.text("from the phone to the group").await;

    baileys
        .call("groupUpdateSubject", json!([group, "Another name"]))
        .await;
    let metadata = baileys.call("groupMetadata", json!([group])).await;
    assert_eq!(metadata["subject"], "Another name");
    assert_eq!(
        metadata["participants"].as_array().map(Vec::len),
        Some(3),
        "{metadata}"
    );
    baileys
        .call(
            "groupParticipantsUpdate",
            json!([group, [pn(CAROL)], "promote"]),
        )
        .await;
    baileys
        .event("group-participants.update", |data| {
            (data["action"] == "promote").then_some(())
        })
        .await;
    let code = baileys.call("groupInviteCode", json!([group])).await;
    assert!(code.as_str().is_some_and(|code| !code.is_empty()), "{code}");
    simulator.assert_clean();
}

async fn gets_what_waited(version: Version) {
    let simulator = simulator().await;
    let Some(mut baileys) = Baileys::linked(&simulator, version, ALICE).await else {
        return;
    };
    let phone = simulator.phone(BOB);
    phone
        .send_text(ALICE, "while online")
        .await
        .expect("the network takes it");
    baileys.text("while online").await;
    baileys.tell(json!({"end": true})).await;
    baileys
        .find("the end", |line| {
            (line["connection"] == "close" && line["code"] != 515).then_some(())
        })
        .await;
    for number in 0..5 {
        phone
            .send_text(ALICE, &format!("meanwhile {number}"))
            .await
            .expect("the network takes it");
    }
    baileys.tell(json!({"start": true})).await;
    for number in 0..5 {
        baileys.text(&format!("meanwhile {number}")).await;
    }
    simulator.assert_clean();
}

macro_rules! versions {
    ($($module:ident: $version:expr;)*) => {$(
        mod $module {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn pairs_by_code() {
                super::pairs_by_code($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn talks() {
                super::talks($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn groups() {
                super::groups($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn gets_what_waited() {
                super::gets_what_waited($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn asks_about_accounts() {
                super::accounts::asks_about_accounts($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn runs_communities_and_newsletters() {
                super::accounts::runs_communities_and_newsletters($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sends_what_is_pressed() {
                super::kinds::sends_what_is_pressed($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn gets_what_is_pressed() {
                super::kinds::gets_what_is_pressed($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn is_called() {
                super::kinds::is_called($version).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn runs_a_community() {
                super::kinds::runs_a_community($version).await;
            }
        }
    )*};
}

versions! {
    pinned: PINNED;
    newest: NEWEST;
}
