//! `kill -9` under load, again and again: nothing that was acknowledged is lost, and nothing is told twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use pombo_tests::server::KEY;
use pombo_tests::{Catcher, Client, Server, client, until};
use serde_json::{Value, json};

use crate::crash_databases::TestDatabase;
use crate::crash_follow::{Follower, Over, is_about_a_message};

/// How often the server is killed; `POMBO_CRASH_ROUNDS` changes it.
const ROUNDS: usize = 30;
/// The two instances under load: name and number.
const INSTANCES: [(&str, &str); 2] = [("north", "5511900000001"), ("south", "5511900000002")];
const POSTERS: usize = 4;
const SENDERS: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    survives_kill_9(&[], rounds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_9_on_database_servers() {
    for database in TestDatabase::all("nothing_acknowledged_is_lost_by_kill_9_on_database_servers")
    {
        let uri = database.uri();
        let settings = [
            ("DATABASE_PROVIDER", database.provider()),
            ("DATABASE_CONNECTION_URI", uri.as_str()),
        ];
        survives_kill_9(&settings, rounds().div_ceil(5)).await;
    }
}

fn rounds() -> usize {
    std::env::var("POMBO_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS)
}

async fn survives_kill_9(settings: &[(&str, &str)], rounds: usize) {
    let port = quiet_port().to_string();
    // Failed deliveries come back soon, so that many rounds have some waiting when the server dies.
    let quick = [
        ("SERVER_PORT", port.as_str()),
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_MAX_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
    ];
    let mut server = Server::start(&[&quick, settings].concat()).await;
    let client = server.client();
    let (catcher, hooked) = hooks().await;
    for (name, number) in INSTANCES {
        let webhook = json!({"url": catcher.url(&format!("/{name}")), "events": ["MESSAGES_UPSERT", "SEND_MESSAGE"]});
        client
            .create(
                name,
                number,
                json!({"webhook": webhook, "websocket": {"enabled": true, "events": []}}),
            )
            .await;
    }
    let followers: Vec<_> = INSTANCES
        .iter()
        .flat_map(|(name, _)| [Over::WebSocket, Over::SocketIo].map(|over| (*name, over)))
        .map(|(name, over)| (name, Follower::start(over, server.address, name, KEY)))
        .collect();
    for (_, follower) in &followers {
        until("the followers to join", || async { follower.joined() }).await;
    }

    let ledger = Arc::new(Ledger::default());
    let mut load = tokio::task::JoinSet::new();
    for (name, number) in INSTANCES {
        for writer in 0..POSTERS {
            load.spawn(Arc::clone(&ledger).post_in(client.clone(), name, number, writer));
        }
        for writer in 0..SENDERS {
            load.spawn(Arc::clone(&ledger).send(client.clone(), name, writer));
        }
    }
    load.spawn(Arc::clone(&ledger).administer(client.clone()));

    for round in 0..rounds {
        // Sometimes in the middle of the start, mostly under full load.
        let life = if round % 5 == 4 {
            random(20)
        } else {
            50 + random(450)
        };
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill().await;
        server.start_again().await;
        ledger.instances_are_there(&client).await;
    }
    ledger.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.expect("a writer does not fail");
    }
    ledger.instances_are_there(&client).await;

    for (name, _) in INSTANCES {
        let (acknowledged, offered) = ledger.of(name);
        assert!(
            acknowledged.len() >= rounds,
            "the load was too small: {}",
            acknowledged.len()
        );
        let stored = stored(&client, name).await;
        assert_eq!(
            missing(&acknowledged, &stored),
            [""; 0],
            "acknowledged, but not in the store of {name}"
        );
        // Texts have ids that the server made up.
        let posted = stored
            .iter()
            .filter(|key| key.starts_with(name))
            .cloned()
            .collect();
        assert_eq!(
            missing(&posted, &offered),
            [""; 0],
            "in the store of {name}, but never offered"
        );
        // What was never answered may have been stored; then it is told like everything else, and nothing more is told.
        for (of, follower) in &followers {
            if *of == name {
                until("a follower to see everything", || async {
                    let notes = follower.notes();
                    let told = notes.told();
                    stored
                        .iter()
                        .all(|key| told.contains_key(key.as_str()))
                        .then_some(())
                })
                .await;
                let notes = follower.notes();
                let unknown: Vec<_> = notes
                    .told()
                    .into_keys()
                    .filter(|key| !stored.contains(*key))
                    .collect();
                assert_eq!(unknown, [""; 0], "told, but not in the store of {name}");
            }
        }
        until("the webhook to see everything", || async {
            let hooked = hooked.lock().expect("not poisoned");
            stored
                .iter()
                .all(|key| hooked.delivered.contains(key))
                .then_some(())
        })
        .await;
    }
    check_ids(&followers, &hooked.lock().expect("not poisoned"));
    say(&format!("{rounds} rounds: {}", ledger.summary()));
}

#[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
fn say(text: &str) {
    println!("{text}");
}

/// Everybody was told the same, once, in the order of the log.
fn check_ids(followers: &[(&str, Follower)], hooked: &Hooked) {
    let mut ids: BTreeMap<String, BTreeSet<String>> = hooked.ids.clone();
    let mut places: BTreeMap<i64, String> = BTreeMap::new();
    for (name, follower) in followers {
        let notes = follower.notes();
        assert_eq!(notes.trouble, [""; 0], "a follower of {name}");
        for seen in &notes.seen {
            if is_about_a_message(&seen.event) {
                ids.entry(seen.key.clone())
                    .or_default()
                    .insert(seen.id.clone());
            }
            let id = places.entry(seen.seq).or_insert_with(|| seen.id.clone());
            assert_eq!(*id, seen.id, "two events in place {}", seen.seq);
        }
    }
    for (key, ids) in ids {
        assert_eq!(
            ids.len(),
            1,
            "message {key} was told by several events: {ids:?}"
        );
    }
}

/// What the webhook receiver got.
#[derive(Default)]
struct Hooked {
    /// Message to event ids, the calls that were answered with an error included.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// Messages whose call was answered with 200.
    delivered: BTreeSet<String>,
}

/// A receiver that refuses one call in twenty.
async fn hooks() -> (Catcher, Arc<Mutex<Hooked>>) {
    let catcher = Catcher::start().await;
    let hooked = Arc::new(Mutex::new(Hooked::default()));
    let shared = Arc::clone(&hooked);
    catcher.answer(move |number, caught| {
        let key = caught.body["data"]["key"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let id = caught
            .headers
            .get("webhook-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let mut hooked = shared.lock().expect("not poisoned");
        hooked.ids.entry(key.clone()).or_default().insert(id);
        if number % 20 == 19 {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        hooked.delivered.insert(key);
        StatusCode::OK.into_response()
    });
    (catcher, hooked)
}

/// What the writers offered, and what was acknowledged.
#[derive(Default)]
struct Ledger {
    stop: AtomicBool,
    retried: AtomicU64,
    messages: Mutex<BTreeMap<&'static str, Messages>>,
    /// What each instance's `msgCall` may be: what was acknowledged last, and what was offered since.
    instances: Mutex<BTreeMap<String, Vec<Value>>>,
    /// Held while settings change, so that they can be looked at in peace.
    office: tokio::sync::RwLock<()>,
}

#[derive(Default)]
struct Messages {
    acknowledged: BTreeSet<String>,
    offered: BTreeSet<String>,
}

impl Ledger {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn note(
        &self,
        instance: &'static str,
        list: impl FnOnce(&mut Messages) -> &mut BTreeSet<String>,
        id: &str,
    ) {
        list(
            self.messages
                .lock()
                .expect("not poisoned")
                .entry(instance)
                .or_default(),
        )
        .insert(id.to_owned());
    }

    /// Acknowledged and offered messages of this instance.
    fn of(&self, instance: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let messages = self.messages.lock().expect("not poisoned");
        let messages = &messages[instance];
        (messages.acknowledged.clone(), messages.offered.clone())
    }

    /// Posts messages in. One without an answer is mostly posted again, sometimes given up.
    async fn post_in(
        self: Arc<Self>,
        client: Client,
        instance: &'static str,
        number: &'static str,
        writer: usize,
    ) {
        for count in 0.. {
            if self.stopped() {
                return;
            }
            let id = format!("{instance}-in-{writer}-{count}");
            self.note(instance, |messages| &mut messages.offered, &id);
            let body = client::incoming(number, &id, "under load");
            let mut answer = self.offer(&client, "/webhook/evolution", &body).await;
            while answer.is_none() && count % 4 != 3 {
                self.retried.fetch_add(1, Ordering::Relaxed);
                answer = self.offer(&client, "/webhook/evolution", &body).await;
            }
            if answer.is_some() {
                self.note(instance, |messages| &mut messages.acknowledged, &id);
            }
        }
    }

    /// Sends texts. One without an answer may or may not have been sent; it is not sent again.
    async fn send(self: Arc<Self>, client: Client, instance: &'static str, writer: usize) {
        for count in 0.. {
            if self.stopped() {
                return;
            }
            let body =
                json!({"number": "5511988887777", "text": format!("answer {writer} {count}")});
            if let Some(answer) = self
                .offer(&client, &format!("/message/sendText/{instance}"), &body)
                .await
            {
                let id = answer["key"]["id"].as_str().expect("a message has an id");
                self.note(instance, |messages| &mut messages.acknowledged, id);
            }
        }
    }

    /// Creates instances and changes their settings.
    async fn administer(self: Arc<Self>, client: Client) {
        for count in 0.. {
            let name = format!("clerk-{count}");
            let body = json!({"instanceName": name, "integration": "EVOLUTION", "number": format!("551177{count:07}")});
            // 403 in the second try: the first one was lost on its way back, not on its way in.
            while !matches!(
                self.change(&client, "/instance/create", &body).await,
                Some(201 | 403)
            ) {
                if self.stopped() {
                    return;
                }
            }
            // What a new instance has.
            self.possible(&name, |possible| possible.push(json!("")));
            for change in 0..25 {
                if self.stopped() {
                    return;
                }
                let text = json!(format!("{name} {change}"));
                let body = json!({"rejectCall": true, "groupsIgnore": false, "alwaysOnline": false, "readMessages": false,
                                  "readStatus": false, "syncFullHistory": false, "msgCall": text});
                let _working = self.office.read().await;
                self.possible(&name, |possible| possible.push(text.clone()));
                if self
                    .change(&client, &format!("/settings/set/{name}"), &body)
                    .await
                    == Some(201)
                {
                    self.possible(&name, |possible| *possible = vec![text]);
                }
            }
        }
    }

    fn possible(&self, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
        change(
            self.instances
                .lock()
                .expect("not poisoned")
                .entry(name.to_owned())
                .or_default(),
        );
    }

    /// The status of the answer, if one came.
    async fn change(&self, client: &Client, path: &str, body: &Value) -> Option<u16> {
        let answer = client
            .try_send(client.request(reqwest::Method::POST, path).json(body))
            .await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer.ok().map(|answer| answer.status)
    }

    /// The answer, if one came. It must be a good one: a server that is killed answers nothing else.
    async fn offer(&self, client: &Client, path: &str, body: &Value) -> Option<Value> {
        let Ok(answer) = client
            .try_send(client.request(reqwest::Method::POST, path).json(body))
            .await
        else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            return None;
        };
        assert!(
            (200..300).contains(&answer.status),
            "{path} answered {}: {}",
            answer.status,
            answer.text
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
        Some(answer.json())
    }

    /// Every acknowledged instance exists, and every acknowledged setting holds.
    async fn instances_are_there(&self, client: &Client) {
        let _nobody_works = self.office.write().await;
        let expected = self.instances.lock().expect("not poisoned").clone();
        let listed = client
            .get("/instance/fetchInstances")
            .await
            .expect(200)
            .json();
        let listed: BTreeSet<_> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["name"].as_str())
            .collect();
        for (name, possible) in expected {
            assert!(
                listed.contains(name.as_str()),
                "instance {name} was acknowledged and is gone"
            );
            let found = client
                .get(&format!("/settings/find/{name}"))
                .await
                .expect(200)
                .json()["msgCall"]
                .clone();
            assert!(
                possible.contains(&found),
                "{name} has {found}, expected one of {possible:?}"
            );
        }
    }

    fn summary(&self) -> String {
        let messages = self.messages.lock().expect("not poisoned");
        let acknowledged: usize = messages
            .values()
            .map(|messages| messages.acknowledged.len())
            .sum();
        let instances = self.instances.lock().expect("not poisoned").len();
        format!(
            "{acknowledged} messages acknowledged, {} posted again, {instances} instances created",
            self.retried.load(Ordering::Relaxed)
        )
    }
}

/// The ids of all messages of the instance, each once.
async fn stored(client: &Client, instance: &str) -> BTreeSet<String> {
    let mut stored = BTreeSet::new();
    for page in 1.. {
        let body = json!({"offset": 500, "page": page});
        let answer = client
            .post(&format!("/chat/findMessages/{instance}"), &body)
            .await
            .expect(200)
            .json();
        let records = answer["messages"]["records"]
            .as_array()
            .expect("records")
            .clone();
        for record in &records {
            let key = record["key"]["id"]
                .as_str()
                .expect("a message has an id")
                .to_owned();
            assert!(stored.insert(key), "stored twice: {record}");
        }
        if records.len() < 500 {
            assert_eq!(answer["messages"]["total"], stored.len());
            break;
        }
    }
    stored
}

/// What is in `these` and not in `those`.
fn missing(these: &BTreeSet<String>, those: &BTreeSet<String>) -> Vec<String> {
    these.difference(those).cloned().collect()
}

/// Below `limit`.
fn random(limit: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish() % limit
}

/// A free port that no outgoing connection is given: one that hammers on a dead server's port would end up connected to
/// itself, and keep the server from coming back.
fn quiet_port() -> u16 {
    loop {
        let port = 12_000 + u16::try_from(random(18_000)).unwrap_or(0);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
