//! A server, the network that it reaches, and somebody who hears its events.

use std::time::Duration;

use pombo_simulator::{Simulator, SimulatorBuilder, VirtualPhone};
use pombo_tests::{Catcher, Caught, Client, DEADLINE, Server, until};
use serde_json::{Value, json};

use crate::support::Socket;

/// A server whose WhatsApp is a simulator.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) catcher: Catcher,
    pub(crate) simulator: Simulator,
}

/// The number of the account that is linked as `acme`.
pub(crate) const ANN: &str = "5511900000001";
/// Somebody with a phone.
pub(crate) const BOB: &str = "5511900000002";

impl Stage {
    /// Ann's linked instance `acme`, her phone and Bob's.
    pub(crate) async fn acme() -> (Self, VirtualPhone, VirtualPhone) {
        let stage = Self::start().await;
        stage.linked("acme", ANN).await;
        stage.simulator.add_account(BOB, "Bob");
        let (ann, bob) = (stage.simulator.phone(ANN), stage.simulator.phone(BOB));
        (stage, ann, bob)
    }

    /// Posts to a route of `acme`, such as `chat/archiveChat`; the answer.
    pub(crate) async fn post(&self, route: &str, body: Value, status: u16) -> Value {
        let path = format!("/{route}/acme");
        self.client.post(&path, &body).await.expect(status).json()
    }

    /// Waits until a message was told; the key under which it is known.
    pub(crate) async fn arrived(&self, id: &str) -> Value {
        let what = format!("the message {id}");
        let told = self.catcher.next(&what, |caught| {
            caught.body["event"] == "messages.upsert" && caught.body["data"]["key"]["id"] == *id
        });
        told.await.body["data"]["key"].clone()
    }

    /// With a strict network.
    pub(crate) async fn start() -> Self {
        Self::with(Simulator::builder(), &[]).await
    }

    /// With this network and these settings.
    pub(crate) async fn with(network: SimulatorBuilder, settings: &[(&str, &str)]) -> Self {
        let simulator = network.start().await.expect("the simulator starts");
        let url = simulator.url();
        Self::at(simulator, &url, settings).await
    }

    /// With a network that is reached at `url`.
    pub(crate) async fn at(simulator: Simulator, url: &str, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("POMBO_SIMULATOR_URL", url)];
        all.extend_from_slice(settings);
        let server = Server::start(&all).await;
        Self {
            client: server.client(),
            catcher: Catcher::start().await,
            simulator,
            server,
        }
    }

    /// Creates an instance that shows its events and connects at once; the answer.
    pub(crate) async fn create(&self, name: &str, more: Value) -> Value {
        let mut body = json!({
            "instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": true,
            "webhook": {"enabled": true, "url": self.catcher.url(&format!("/{name}"))},
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        self.client
            .post("/instance/create", &body)
            .await
            .expect(201)
            .json()
    }

    /// Creates an instance and links it with the account of that number; its token.
    pub(crate) async fn linked(&self, name: &str, number: &str) -> String {
        let created = self.create(name, json!({})).await;
        self.simulator.add_account(number, name);
        let code = created["qrcode"]["code"].as_str().expect("a code");
        self.simulator.scan(number, code).expect("a good code");
        self.until_state(name, "open").await;
        created["hash"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn state(&self, name: &str) -> String {
        let path = format!("/instance/connectionState/{name}");
        let answer = self.client.get(&path).await.expect(200).json();
        answer["instance"]["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) async fn until_state(&self, name: &str, wanted: &str) {
        until(&format!("{name} is {wanted}"), || async move {
            (self.state(name).await == wanted).then_some(())
        })
        .await;
    }

    /// The row of an instance.
    pub(crate) async fn row(&self, name: &str) -> Value {
        let path = format!("/instance/fetchInstances?instanceName={name}");
        self.client.get(&path).await.expect(200).json()[0].clone()
    }

    pub(crate) async fn connect(&self, name: &str, query: &str) -> Value {
        let path = format!("/instance/connect/{name}{query}");
        self.client.get(&path).await.expect(200).json()
    }

    /// The events of an instance so far: names and data.
    pub(crate) fn events(&self, name: &str) -> Vec<(String, Value)> {
        let path = format!("/{name}");
        self.catcher
            .caught()
            .into_iter()
            .filter(|caught| caught.path == path)
            .map(|caught| {
                let event = caught.body["event"].as_str().unwrap_or_default().to_owned();
                (event, caught.body["data"].clone())
            })
            .collect()
    }

    /// Waits for an instance's `connection.update` with that state and code.
    pub(crate) async fn update(&self, name: &str, state: &str, code: u16) -> Caught {
        let path = format!("/{name}");
        self.catcher
            .next(&format!("{name}: {state} {code}"), |caught| {
                caught.path == path
                    && caught.body["event"] == "connection.update"
                    && caught.body["data"]["state"] == state
                    && caught.body["data"]["statusReason"] == code
            })
            .await
    }

    /// Waits until an instance was told of something; events may come in any number before.
    pub(crate) async fn heard(&self, name: &str, event: &str) -> Value {
        let path = format!("/{name}");
        let what = format!("{name}: {event}");
        let caught = self.catcher.next(&what, |caught| {
            caught.path == path && caught.body["event"] == event
        });
        caught.await.body["data"].clone()
    }
}

/// Within this, what is bounded ends; generous, for a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(14);

/// A Socket.IO client in the namespace of an instance.
pub(crate) struct Listener {
    socket: Socket,
    namespace: String,
}

impl Listener {
    /// Joins `/{name}` with a key.
    pub(crate) async fn join(stage: &Stage, name: &str, key: &str) -> Self {
        let url = format!(
            "ws://{}/socket.io/?EIO=4&transport=websocket&apikey={key}",
            stage.server.address
        );
        let mut socket = Socket::open(&url, &[]).await;
        socket.text().await;
        socket.send(&format!("40/{name},")).await;
        let mut listener = Self {
            socket,
            namespace: format!("/{name},"),
        };
        listener.packet("40").await;
        listener
    }

    /// The JSON of the next packet of this kind. The server's heartbeat alone keeps nobody waiting for ever.
    async fn packet(&mut self, kind: &str) -> Value {
        let next = self.next(kind);
        match tokio::time::timeout(DEADLINE, next).await {
            Ok(packet) => packet,
            Err(_) => panic!("no packet of the kind {kind} came in time"),
        }
    }

    async fn next(&mut self, kind: &str) -> Value {
        let start = format!("{kind}{}", self.namespace);
        loop {
            let text = self.socket.text().await;
            if text == "2" {
                self.socket.send("3").await;
            } else if let Some(rest) = text.strip_prefix(&start) {
                let json = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                return serde_json::from_str(json)
                    .unwrap_or_else(|error| panic!("{error}: {text}"));
            }
        }
    }

    /// Waits for an event whose envelope is wanted.
    pub(crate) async fn event(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let packet = self.packet("42").await;
            if wanted(&packet[1]) {
                return packet[1].clone();
            }
        }
    }

    /// Says something; the acknowledgement.
    pub(crate) async fn ask(&mut self, event: &str, argument: Value) -> Value {
        let packet = json!([event, argument]);
        self.socket
            .send(&format!("42{}7{packet}", self.namespace))
            .await;
        self.packet("43").await[0].clone()
    }
}
