//! Instances that reach the network through real proxies.

use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_simulator::phone::content;
use pombo_simulator::phone::media::FileKind;
use pombo_tests::until;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::kit::{BOUND, Stage};
use super::relay::Relay;
use crate::support::{free_address, skip};

const ANN: &str = "5511900000001";
const BOB: &str = "5511900000002";

/// A proxy that wants the login `ana`, `secret`.
struct Proxy {
    child: Child,
    address: SocketAddr,
    protocol: &'static str,
    /// Its configuration.
    _files: tempfile::TempDir,
}

impl Proxy {
    /// `None` when it is not installed.
    async fn start(protocol: &'static str, address: SocketAddr) -> Option<Self> {
        let files = tempfile::tempdir().expect("a directory");
        let (program, arguments) = match protocol {
            "socks5" => (
                "microsocks",
                vec![
                    "-i".to_owned(),
                    address.ip().to_string(),
                    "-p".to_owned(),
                    address.port().to_string(),
                    "-u".to_owned(),
                    "ana".to_owned(),
                    "-P".to_owned(),
                    "secret".to_owned(),
                ],
            ),
            _ => {
                let path = files.path().join("tinyproxy.conf");
                let text = format!(
                    "Port {}\nListen {}\nTimeout 600\nMaxClients 50\nBasicAuth ana secret\nLogLevel Critical\n",
                    address.port(),
                    address.ip()
                );
                std::fs::write(&path, text).expect("written");
                (
                    "tinyproxy",
                    vec!["-d".to_owned(), "-c".to_owned(), path.display().to_string()],
                )
            }
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new(program)
            .args(arguments)
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(child) = child else {
            skip(program);
            return None;
        };
        until("the proxy listens", || async {
            TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()
        })
        .await;
        Some(Self {
            child,
            address,
            protocol,
            _files: files,
        })
    }

    fn settings(&self, password: &str) -> Value {
        self.settings_at(self.address, password)
    }

    /// The same for a proxy that is reached at `address`.
    fn settings_at(&self, address: SocketAddr, password: &str) -> Value {
        json!({
            "enabled": true, "host": address.ip().to_string(), "port": address.port().to_string(),
            "protocol": self.protocol, "username": "ana", "password": password,
        })
    }
}

async fn through(protocol: &'static str) {
    let Some(mut proxy) = Proxy::start(protocol, free_address()).await else {
        return;
    };
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;

    let wrong = stage
        .client
        .post("/proxy/set/acme", &proxy.settings("wrong"))
        .await;
    assert!(wrong.expect(400).text.contains("Invalid proxy"));
    let nobody = json!({"enabled": true, "host": "127.0.0.1", "port": free_address().port().to_string(),
                        "protocol": protocol});
    stage
        .client
        .post("/proxy/set/acme", &nobody)
        .await
        .expect(400);
    assert_eq!(stage.state("acme").await, "open");

    stage.catcher.forget();
    stage
        .client
        .post("/proxy/set/acme", &proxy.settings("secret"))
        .await
        .expect(201);
    stage.update("acme", "open", 200).await;
    // It really goes through there: without the proxy there is no connection, and with it again there is.
    stage.catcher.forget();
    proxy.child.kill().await.expect("it was running");
    stage.until_state("acme", "connecting").await;
    let _proxy = Proxy::start(protocol, proxy.address)
        .await
        .expect("installed");
    stage.until_state("acme", "open").await;
    assert_eq!(stage.simulator.companions(ANN).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks5_proxy_with_a_login() {
    through("socks5").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_proxy_with_a_login() {
    through("http").await;
}

/// Files are uploaded and downloaded through the proxy too: what it carries is counted.
async fn media_through(protocol: &'static str) {
    let Some(proxy) = Proxy::start(protocol, free_address()).await else {
        return;
    };
    let relay = Relay::to(proxy.address).await;
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    stage.simulator.add_account(BOB, "Bob");
    let bob = stage.simulator.phone(BOB);
    stage.catcher.forget();
    let settings = proxy.settings_at(relay.address, "secret");
    stage
        .client
        .post("/proxy/set/acme", &settings)
        .await
        .expect(201);
    stage.update("acme", "open", 200).await;

    let bytes = vec![7_u8; 300_000];
    let before = relay.carried();
    let body = json!({"number": BOB, "mediatype": "document", "mimetype": "application/octet-stream",
                      "fileName": "a.bin", "media": BASE64_STANDARD.encode(&bytes)});
    stage
        .client
        .post("/message/sendMedia/acme", &body)
        .await
        .expect(201);
    let shown = bob.next_message(BOUND).await.expect("it arrives");
    let got = bob.download(&shown.content).await.expect("it is there");
    assert_eq!(got, bytes);
    let uploaded = relay.carried() - before;
    assert!(
        uploaded >= bytes.len() as u64,
        "{uploaded} bytes went through the proxy"
    );

    let file = bob
        .upload(FileKind::Document, &bytes)
        .await
        .expect("online");
    let document = content::document(file, "b.bin", "application/octet-stream");
    let sent = bob.send(ANN, document).await.expect("online");
    stage.heard("acme", "messages.upsert").await;
    let before = relay.carried();
    let body = json!({"message": {"key": {"id": sent.id}}});
    let path = "/chat/getBase64FromMediaMessage/acme";
    let answer = stage.client.post(path, &body).await.expect(201).json();
    let base64 = answer["base64"].as_str().expect("a file");
    assert_eq!(BASE64_STANDARD.decode(base64).expect("base64"), bytes);
    let downloaded = relay.carried() - before;
    assert!(
        downloaded >= bytes.len() as u64,
        "{downloaded} bytes came through the proxy"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_through_a_socks5_proxy() {
    media_through("socks5").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_through_an_http_proxy() {
    media_through("http").await;
}
