//! `pombo sandbox`: the gateway and a network in one process, with an instance that is linked already.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use pombo_net::OutboundClient;
use pombo_simulator::Simulator;
use pombo_simulator::phone::Answer;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::network::{NetworkOptions, start};
use crate::config::{self, Config, Source};
use crate::{telemetry, wiring};

/// The account of the instance `demo`.
const DEMO: (&str, &str) = ("5511900000001", "Demo");
/// A phone that answers what it is told.
const ECHO: (&str, &str) = ("5511900000002", "Echo");
/// The data directory, unless one is named. Never the gateway's own: an instance that is known to WhatsApp would lose its
/// credentials at a simulator that does not know it.
const DATA_DIR: &str = "./sandbox-data";
const PATIENCE: Duration = Duration::from_secs(60);

/// The environment, with what a sandbox needs in place of some of it.
struct SandboxSource<'a, S> {
    outside: &'a S,
    data_dir: String,
    simulator: String,
}

impl<S: Source> Source for SandboxSource<'_, S> {
    fn get(&self, name: &str) -> Option<String> {
        match name {
            "POMBO_SIMULATOR_URL" => Some(self.simulator.clone()),
            "POMBO_DATA_DIR" => Some(self.data_dir.clone()),
            // Only this machine gets in, unless somebody wants it otherwise.
            "POMBO_LISTEN" => self
                .outside
                .get(name)
                .or_else(|| Some("127.0.0.1".to_owned())),
            "DATABASE_PROVIDER" => Some("sqlite".to_owned()),
            name if name.starts_with("DATABASE_") && name.ends_with("_URI") => None,
            name => self.outside.get(name),
        }
    }

    fn names(&self) -> Vec<String> {
        self.outside.names()
    }
}

/// Runs gateway and network until asked to stop.
///
/// # Errors
/// When one of them cannot start.
pub async fn serve_sandbox<S: Source>(
    outside: &S,
    say: impl Fn(&str) + Send + Sync + Clone + 'static,
) -> anyhow::Result<()> {
    let data_dir = outside
        .get("POMBO_DATA_DIR")
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| DATA_DIR.to_owned());
    std::fs::create_dir_all(&data_dir).with_context(|| format!("cannot make {data_dir}"))?;
    let options = NetworkOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        state: Some(PathBuf::from(&data_dir).join("network.json")),
        seed: None,
        lenient: true,
    };
    let simulator = start(&options).await?;
    people(&simulator);
    let source = SandboxSource {
        outside,
        data_dir,
        simulator: simulator.url(),
    };
    let config = Config::read(&source)?;
    telemetry::start(&config.log);
    pombo_net::install_crypto_provider();
    let gateway = Gateway::of(&config)?;
    let linking = tokio::spawn(link_demo(gateway, simulator.clone(), say.clone()));
    let served = wiring::serve(config, |text| say(text)).await;
    linking.abort();
    simulator.shutdown().await;
    served
}

/// The accounts that are there from the start.
fn people(simulator: &Simulator) {
    simulator.add_account(DEMO.0, DEMO.1);
    simulator.add_account(ECHO.0, ECHO.1);
    simulator.phone(ECHO.0).set_habits(|habits| {
        habits.delivery_receipts = true;
        habits.reads = true;
        habits.typing = Duration::from_millis(400);
        habits.answers = Answer::Echo("You said: ".to_owned());
    });
}

/// The gateway, as its clients see it.
struct Gateway {
    client: OutboundClient,
    base: String,
    key: SecretString,
}

impl Gateway {
    fn of(config: &Config) -> anyhow::Result<Self> {
        let mut address = config.server.socket_address();
        if address.port() == 0 {
            bail!("SERVER_PORT=0: a sandbox needs a port that is known");
        }
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        config::prepare_data_dir(&config.data_dir).context("POMBO_DATA_DIR")?;
        let key = match &config.auth.api_key {
            Some(key) => key.clone(),
            None => config::load_or_create_api_key(&config.data_dir)?.key,
        };
        Ok(Self {
            client: OutboundClient::new(pombo_net::OutboundConfig {
                policy: pombo_net::OutboundPolicy::Open,
                ..Default::default()
            })?,
            base: format!("http://{address}"),
            key,
        })
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("apikey"),
            HeaderValue::from_str(self.key.expose_secret())?,
        );
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let body = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let url = format!("{}{path}", self.base);
        let answer = self
            .client
            .request(method, &url, headers, body, None)
            .await?;
        Ok((
            answer.status.as_u16(),
            serde_json::from_slice(&answer.body).unwrap_or_default(),
        ))
    }
}

/// Makes the instance `demo`, unless it is there, and lets the phone of its account scan its QR code.
async fn link_demo(gateway: Gateway, simulator: Simulator, say: impl Fn(&str)) {
    let linked = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Ok(true) = is_linked(&gateway, &simulator).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    if linked.await.is_err() {
        tracing::warn!("the instance `demo` could not be linked");
        return;
    }
    // Something to see: the phone that answers says hello.
    if simulator.phone(ECHO.0).chat(DEMO.0).is_none() {
        let hello = "Hello! Write to me, and I answer.";
        if let Err(error) = simulator.phone(ECHO.0).send_text(DEMO.0, hello).await {
            tracing::warn!("the phone cannot write: {error}");
        }
    }
    say(&format!(
        "Sandbox:   the instance `demo` is linked to {}; {} answers what it is told\n\
         Phones:    http://{}/sandbox",
        DEMO.0,
        ECHO.0,
        simulator.addr()
    ));
}

/// One step towards it: whether it is done.
async fn is_linked(gateway: &Gateway, simulator: &Simulator) -> anyhow::Result<bool> {
    let (status, state) = gateway
        .ask(Method::GET, "/instance/connectionState/demo", Value::Null)
        .await?;
    if status == 404 {
        let body =
            json!({"instanceName": "demo", "integration": "WHATSAPP-BAILEYS", "qrcode": true});
        gateway.ask(Method::POST, "/instance/create", body).await?;
        return Ok(false);
    }
    if state["instance"]["state"] == "open" {
        return Ok(true);
    }
    let (_, shown) = gateway
        .ask(Method::GET, "/instance/connect/demo", Value::Null)
        .await?;
    let code = shown["code"].as_str().or(shown["qrcode"]["code"].as_str());
    if let Some(code) = code
        && let Err(error) = simulator.scan(DEMO.0, code)
    {
        tracing::debug!("the code of `demo` cannot be scanned (yet): {error}");
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::config::MapSource;

    /// Starts the sandbox as `pombo sandbox` does, and talks to the phone that answers through the gateway's routes.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_instance_demo_is_linked_and_the_phone_answers() {
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago: the sandbox wants to know its port beforehand.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let source = MapSource::from_iter([
            ("SERVER_PORT".to_owned(), port.to_string()),
            (
                "POMBO_DATA_DIR".to_owned(),
                folder.path().display().to_string(),
            ),
            (
                "AUTHENTICATION_API_KEY".to_owned(),
                "sandbox-test-key".to_owned(),
            ),
        ]);
        let (said, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let running = {
            let source = source.clone();
            tokio::spawn(async move {
                serve_sandbox(&source, move |text: &str| {
                    said.send(text.to_owned()).unwrap()
                })
                .await
            })
        };
        let started = Instant::now();
        loop {
            let line = tokio::time::timeout(PATIENCE, lines.recv())
                .await
                .unwrap()
                .unwrap();
            if line.contains("`demo` is linked") {
                break;
            }
        }
        assert!(started.elapsed() < PATIENCE);
        let inside = SandboxSource {
            outside: &source,
            data_dir: folder.path().display().to_string(),
            simulator: "ws://127.0.0.1:1/ws/chat".to_owned(),
        };
        let gateway = Gateway::of(&Config::read(&inside).unwrap()).unwrap();
        let (status, sent) = gateway
            .ask(
                Method::POST,
                "/message/sendText/demo",
                json!({"number": ECHO.0, "text": "ping"}),
            )
            .await
            .unwrap();
        assert_eq!(status, 201, "{sent}");
        loop {
            let (_, found) = gateway
                .ask(Method::POST, "/chat/findMessages/demo", json!({}))
                .await
                .unwrap();
            if found.to_string().contains("You said: ping") {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{found}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        running.abort();
    }
}
