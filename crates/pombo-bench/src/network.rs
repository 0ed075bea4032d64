//! The simulated WhatsApp network as a process of its own (`pombo simulator`), and what its phones are told to do.

use std::io;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::http;

/// A running network; killed when dropped.
#[derive(Debug)]
pub struct Network {
    _child: Child,
    /// `ws://127.0.0.1:PORT/ws/chat`
    pub url: String,
    /// `host:port`
    pub address: String,
}

impl Network {
    /// Starts the program at `program`, which must be a build with the feature `sandbox`.
    ///
    /// # Errors
    /// When it does not tell its URL.
    pub async fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["simulator", "--listen", "127.0.0.1:0", "--lenient"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("no output"))?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            let Some(at) = line.find("ws://") else {
                continue;
            };
            let url = line[at..].trim().to_owned();
            let address = url
                .trim_start_matches("ws://")
                .split('/')
                .next()
                .unwrap_or_default();
            return Ok(Self {
                _child: child,
                address: address.to_owned(),
                url: url.clone(),
            });
        }
        Err(io::Error::other(
            "the simulator did not start: is this a build with the feature `sandbox`?",
        ))
    }

    /// Asks its remote control something.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        http::ask(&self.address, &[], method, path, body).await
    }

    /// A phone with this number, which only takes what comes.
    ///
    /// # Errors
    /// What the network says.
    pub async fn phone(&self, number: &str) -> io::Result<()> {
        let account = json!({"number": number, "name": format!("Phone {number}")});
        self.ask("POST", "/admin/accounts", &account).await?;
        let path = format!("/admin/phones/{number}");
        self.ask("PUT", &path, &json!({})).await?;
        Ok(())
    }

    /// The phone of this number scans a code.
    ///
    /// # Errors
    /// What the network says.
    pub async fn scan(&self, number: &str, qr: &str) -> io::Result<()> {
        let path = format!("/admin/accounts/{number}/scan-qr");
        self.ask("POST", &path, &json!({"qr": qr})).await?;
        Ok(())
    }
}
