//! Moto, an independent server of the AWS APIs.

use std::net::SocketAddr;
use std::process::Stdio;

use pombo_tests::{parts, until};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{free_address, skip};

/// A running server; it ends when this is dropped.
pub(crate) struct Moto {
    _child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Moto {
    /// `None`, said loudly, when it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_at(free_address()).await
    }

    /// The same at a known address.
    pub(crate) async fn start_at(address: SocketAddr) -> Option<Self> {
        let program = parts::conformance().join(".venv/bin/moto_server");
        if !program.exists() {
            skip("conformance/.venv/bin/moto_server (see conformance/README.md)");
            return None;
        }
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("moto_server runs");
        until("moto to listen", || async {
            TcpStream::connect(address).await.ok()
        })
        .await;
        Some(Self {
            _child: child,
            address,
        })
    }
}
