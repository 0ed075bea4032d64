//! The server under load: a process of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::http::{self, Connection, head};
use crate::usage::Usage;

/// Its global key.
pub const KEY: &str = "bench-global-key";

/// A running server on 127.0.0.1; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `host:port`
    pub address: String,
    /// From the start of the process to the first answer.
    pub took: Duration,
}

impl Server {
    /// Starts the program at `program` on this data directory, and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer within half a minute.
    pub async fn start(program: &Path, data: &Path, port: u16) -> io::Result<Self> {
        Self::start_with(program, data, port, &[]).await
    }

    /// The same with these variables beside the usual ones.
    ///
    /// # Errors
    /// When it does not answer within half a minute.
    pub async fn start_with(
        program: &Path,
        data: &Path,
        port: u16,
        variables: &[(&str, &str)],
    ) -> io::Result<Self> {
        let address = format!("127.0.0.1:{port}");
        let log = std::fs::File::create(data.join("log"))?;
        let start = Instant::now();
        let child = Command::new(program)
            .env_clear()
            .env("POMBO_DATA_DIR", data)
            .env("POMBO_LISTEN", "127.0.0.1")
            .env("SERVER_PORT", port.to_string())
            .env("AUTHENTICATION_API_KEY", KEY)
            .env("LOG_LEVEL", "ERROR,WARN")
            .envs(variables.iter().copied())
            .current_dir(data)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Self {
            child,
            address,
            took: Duration::ZERO,
        };
        let mut connection = Connection::to(&server.address);
        let welcome = head("GET", "/", &server.address, &[]);
        while !matches!(connection.ask(&welcome, "").await, Ok((200, _))) {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!(
                    "the server ended: {status}, see {}",
                    data.join("log").display()
                )));
            }
            if start.elapsed() > Duration::from_secs(30) {
                return Err(io::Error::other("the server does not answer"));
            }
            sleep(Duration::from_millis(1)).await;
        }
        server.took = start.elapsed();
        Ok(server)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Its resident memory in MB, once it is at rest.
    pub async fn resident_mb(&self) -> f64 {
        sleep(Duration::from_secs(2)).await;
        Usage::of(self.pid()).map_or(0.0, |usage| usage.resident_kib as f64 / 1024.0)
    }

    /// Asks it something with the global key.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let key = format!("apikey: {KEY}");
        http::ask(&self.address, &[key], method, path, body).await
    }

    /// Ends it in peace.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> io::Result<()> {
        Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .await?;
        tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await??;
        Ok(())
    }
}

/// The program beside this one: `POMBO_BIN`, or `pombo` in the same folder.
///
/// # Errors
/// When this program does not know where it is.
pub fn program() -> io::Result<PathBuf> {
    match std::env::var_os("POMBO_BIN") {
        Some(path) => Ok(path.into()),
        None => Ok(std::env::current_exe()?.with_file_name("pombo")),
    }
}
