//! The server, its network, and those who listen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use pombo_simulator::{Simulator, SimulatorBuilder};
use pombo_tests::server::KEY;
use pombo_tests::{Client, Server, until};
use serde_json::json;
use tokio::sync::RwLock;

use crate::crash_follow::{Follower, Over};
use crate::receiver::Receiver;

/// How many chat.
pub(super) const ACCOUNTS: usize = 20;

pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) client: Client,
    /// Absent while it is restarted; who does something with it holds the lock for so long.
    pub(super) network: Arc<RwLock<Option<Simulator>>>,
    builder: SimulatorBuilder,
    pub(super) receiver: Receiver,
    /// How the webhooks' target behaves.
    pub(super) mood: Arc<AtomicU8>,
    /// One for each account.
    pub(super) followers: Vec<Follower>,
    /// Everybody is in it.
    pub(super) group: String,
    /// What the server has logged in its earlier lives, and the faults of the network in its own.
    log: String,
    _state: tempfile::TempDir,
}

/// `i7`
pub(super) fn name(account: usize) -> String {
    format!("i{account}")
}

/// Its phone number.
pub(super) fn number(account: usize) -> String {
    format!("55119000{account:05}")
}

impl Stage {
    /// Everybody is linked and in one group.
    pub(super) async fn start(seed: u64) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let address = SocketAddr::from(([127, 0, 0, 1], quiet_port()));
        let builder = Simulator::builder()
            .listen(address)
            .seed(seed)
            .state_file(state.path().join("network.json"));
        let network = builder.clone().start().await.expect("a network");
        let mood = Arc::new(AtomicU8::new(0));
        let receiver = Receiver::start({
            let mood = Arc::clone(&mood);
            move |_| answer(mood.load(Ordering::Relaxed))
        })
        .await;
        let (url, port) = (network.url(), quiet_port().to_string());
        let server = Server::start(&[
            ("POMBO_SIMULATOR_URL", url.as_str()),
            ("LOG_LEVEL", "ERROR,WARN,INFO,DEBUG"),
            ("SERVER_PORT", port.as_str()),
            ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
            ("WEBHOOK_RETRY_MAX_DELAY_SECONDS", "2"),
            ("WEBHOOK_RETRY_MAX_ATTEMPTS", "100000"),
        ])
        .await;
        let client = server.client();
        for account in 0..ACCOUNTS {
            link(&network, &client, &receiver, account).await;
        }
        let others: Vec<_> = (1..ACCOUNTS).map(number).collect();
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        let group = network
            .phone(&number(0))
            .create_group("All", &others)
            .await
            .expect("a group");
        let followers = (0..ACCOUNTS)
            .map(|account| {
                let over = if account % 2 == 0 {
                    Over::WebSocket
                } else {
                    Over::SocketIo
                };
                Follower::start(over, server.address, &name(account), KEY)
            })
            .collect();
        let stage = Self {
            server,
            client,
            network: Arc::new(RwLock::new(Some(network))),
            builder,
            receiver,
            mood,
            followers,
            group,
            log: String::new(),
            _state: state,
        };
        stage.everybody_is_open().await;
        for follower in &stage.followers {
            until("the followers to join", || async { follower.joined() }).await;
        }
        stage
    }

    /// The server ends, well or badly, and starts again.
    pub(super) async fn restart_server(&mut self, brutally: bool) {
        if brutally {
            self.server.kill().await;
        } else {
            assert_eq!(self.server.terminate().await, 0, "{}", self.log());
        }
        self.log = self.log();
        self.server.start_again().await;
    }

    /// What the server has logged in all its lives.
    pub(super) fn log(&self) -> String {
        format!("{}\n{}", self.log, self.server.log())
    }

    /// The same, and what the network did on purpose.
    pub(super) async fn whole_log(&self) -> String {
        let network = self.network.read().await;
        let struck = network.as_ref().map(struck).unwrap_or_default();
        format!("{}\n{struck}", self.log())
    }

    /// The network ends, with all connections, and goes on with what is in its file.
    pub(super) async fn restart_network(&mut self) {
        let mut place = self.network.write().await;
        if let Some(network) = place.take() {
            self.log.push_str(&struck(&network));
            network.shutdown().await;
        }
        let again = until("the network's port to be free", || async {
            self.builder.clone().start().await.ok()
        });
        *place = Some(again.await);
    }

    /// Waits until every instance is open, whatever happened before.
    pub(super) async fn everybody_is_open(&self) {
        until("everybody to be open", || async {
            let request = self
                .client
                .request(reqwest::Method::GET, "/instance/fetchInstances");
            let all = self.client.try_send(request).await.ok()?.json();
            let open = all
                .as_array()?
                .iter()
                .filter(|row| row["connectionStatus"] == "open")
                .count();
            (open == ACCOUNTS).then_some(())
        })
        .await;
    }
}

/// The faults so far, one a line.
fn struck(network: &Simulator) -> String {
    let strikes = network.faults().strikes();
    let lines = strikes.iter().map(|strike| format!("{strike:?}\n"));
    lines.collect()
}

async fn link(network: &Simulator, client: &Client, receiver: &Receiver, account: usize) {
    let (name, number) = (name(account), number(account));
    network.add_account(&number, &name);
    let webhook = json!({"enabled": true, "url": receiver.url(&name), "payload": "v2",
                         "events": ["MESSAGES_UPSERT", "SEND_MESSAGE"]});
    let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": true, "webhook": webhook,
                      "websocket": {"enabled": true, "events": ["MESSAGES_UPSERT", "SEND_MESSAGE"]}});
    let created = client
        .post("/instance/create", &body)
        .await
        .expect(201)
        .json();
    let code = created["qrcode"]["code"].as_str().expect("a code");
    network.scan(&number, code).expect("a good code");
}

/// How the webhooks' target behaves in a mood.
fn answer(mood: u8) -> (Duration, StatusCode) {
    match mood {
        1 => (Duration::ZERO, StatusCode::SERVICE_UNAVAILABLE),
        2 => (Duration::from_millis(50), StatusCode::OK),
        _ => (Duration::ZERO, StatusCode::OK),
    }
}

/// A free port that the system does not give to anybody else while we are away.
fn quiet_port() -> u16 {
    loop {
        let random = std::hash::BuildHasher::hash_one(
            &std::collections::hash_map::RandomState::new(),
            std::process::id(),
        );
        let port = 10_000 + u16::try_from(random % 20_000).unwrap_or(0);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
