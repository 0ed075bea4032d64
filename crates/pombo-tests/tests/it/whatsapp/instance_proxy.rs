//! Instances that reach the network through real proxies.

use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_simulator::Simulator;
use pombo_simulator::phone::content;
use pombo_simulator::phone::media::FileKind;
use pombo_tests::{parts, until};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::kit::{ANN, BOB, BOUND, Stage};
use super::relay::Relay;
use crate::operations::Certificate;
use crate::support::{free_address, skip};

/// A proxy in Python that speaks nearly everything (`conformance/requirements.txt`).
fn pproxy() -> String {
    let program = parts::conformance().join(".venv/bin/pproxy");
    program.display().to_string()
}

/// A proxy that wants the login `ana`, `secret`.
struct Proxy {
    child: Child,
    address: SocketAddr,
    protocol: &'static str,
    /// Its configuration.
    _files: tempfile::TempDir,
    /// What it shows itself with, if it speaks TLS.
    certificate: Option<Certificate>,
}

impl Proxy {
    /// `None` when it is not installed.
    async fn start(protocol: &'static str, address: SocketAddr) -> Option<Self> {
        let certificate = match protocol {
            "https" => Some(Certificate::make()?),
            _ => None,
        };
        Self::with_certificate(protocol, address, certificate).await
    }

    async fn with_certificate(
        protocol: &'static str,
        address: SocketAddr,
        certificate: Option<Certificate>,
    ) -> Option<Self> {
        let files = tempfile::tempdir().expect("a directory");
        let (program, arguments) = match protocol {
            "socks4" => (
                pproxy(),
                vec!["-l".to_owned(), format!("socks4://{address}#ana")],
            ),
            "https" => {
                let certificate = certificate.as_ref().expect("made for this protocol");
                let (chain, key) = (certificate.chain.display(), certificate.key.display());
                (
                    pproxy(),
                    vec![
                        "-l".to_owned(),
                        format!("http+ssl://{address}#ana:secret"),
                        "--ssl".to_owned(),
                        format!("{chain},{key}"),
                    ],
                )
            }
            "socks5" => (
                "microsocks".to_owned(),
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
                    "tinyproxy".to_owned(),
                    vec!["-d".to_owned(), "-c".to_owned(), path.display().to_string()],
                )
            }
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new(&program)
            .args(arguments)
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(child) = child else {
            skip(&program);
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
            certificate,
        })
    }

    /// The file of those whom a server trusts, so that it trusts this proxy.
    fn trusted(&self) -> Option<String> {
        let certificate = self.certificate.as_ref()?;
        Some(certificate.chain.display().to_string())
    }

    /// A stage whose server trusts this proxy.
    async fn stage(&self) -> Stage {
        let trusted = self.trusted();
        let settings: Vec<_> = trusted
            .iter()
            .map(|file| ("SSL_CERT_FILE", file.as_str()))
            .collect();
        Stage::with(Simulator::builder(), &settings).await
    }

    fn settings(&self, password: &str) -> Value {
        self.settings_at(self.address, password)
    }

    /// The same for a proxy that is reached at `address`.
    fn settings_at(&self, address: SocketAddr, password: &str) -> Value {
        // SOCKS 4 knows users and no passwords.
        let user = match (self.protocol, password) {
            ("socks4", "wrong") => "eve",
            _ => "ana",
        };
        json!({
            "enabled": true, "host": address.ip().to_string(), "port": address.port().to_string(),
            "protocol": self.protocol, "username": user, "password": password,
        })
    }
}

async fn through(protocol: &'static str) {
    let Some(mut proxy) = Proxy::start(protocol, free_address()).await else {
        return;
    };
    let stage = proxy.stage().await;
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
    let _proxy = Proxy::with_certificate(protocol, proxy.address, proxy.certificate.take())
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks4_proxy_with_a_user() {
    through("socks4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_https_proxy_with_a_login() {
    through("https").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_https_proxy_that_nobody_vouches_for_is_not_kept() {
    let Some(proxy) = Proxy::start("https", free_address()).await else {
        return;
    };
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    let settings = proxy.settings("secret");
    let refused = stage.client.post("/proxy/set/acme", &settings).await;
    assert!(refused.expect(400).text.contains("Invalid proxy"));
    // Neither is one that speaks something else.
    let mut odd = settings;
    odd["protocol"] = json!("ftp");
    stage.client.post("/proxy/set/acme", &odd).await.expect(400);
    assert_eq!(stage.state("acme").await, "open");
}

/// Files are uploaded and downloaded through the proxy too: what it carries is counted.
async fn media_through(protocol: &'static str) {
    if let Some(proxy) = Proxy::start(protocol, free_address()).await {
        files_through(&proxy, proxy.address).await;
    }
}

/// The same, for a proxy that is reached at `address`.
async fn files_through(proxy: &Proxy, address: SocketAddr) {
    let relay = Relay::to(address).await;
    let stage = proxy.stage().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_through_a_socks4_proxy() {
    media_through("socks4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_through_an_https_proxy() {
    let Some(mut proxy) = Proxy::start("http", free_address()).await else {
        return;
    };
    let Some(certificate) = Certificate::make() else {
        return;
    };
    // tinyproxy speaks no TLS itself.
    let front = free_address();
    let (chain, key) = (certificate.chain.display(), certificate.key.display());
    let listen = format!(
        "OPENSSL-LISTEN:{},bind={},fork,reuseaddr,verify=0,cert={chain},key={key}",
        front.port(),
        front.ip()
    );
    let tls = Command::new("socat")
        .args([listen, format!("TCP:{}", proxy.address)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(_tls) = tls else {
        skip("socat");
        return;
    };
    until("TLS is spoken", || async {
        TcpStream::connect_timeout(&front, Duration::from_millis(200)).ok()
    })
    .await;
    proxy.protocol = "https";
    proxy.certificate = Some(certificate);
    files_through(&proxy, front).await;
}
