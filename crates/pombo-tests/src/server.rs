//! The real program as a process of its own, with its own data directory.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;

/// The global API key of test servers.
pub const KEY: &str = "test-global-key";

/// A running server. Killed when dropped; the data directory goes with it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    data: Arc<tempfile::TempDir>,
    settings: Vec<(String, String)>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server with an empty embedded database and these variables.
    ///
    /// # Panics
    /// When it does not become ready; the text holds its log.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a temporary directory can be made"));
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self::spawn(data, settings, 0)
            .await
            .unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// Starts a server that is expected to refuse; its exit code and output.
    ///
    /// # Panics
    /// When it starts all the same, or takes longer than a minute to refuse.
    pub async fn refused(settings: &[(&str, &str)]) -> (i32, String) {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let output = command(&data.path().to_path_buf(), &[], 0)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(60), output)
            .await
            .expect("it refuses in time")
            .expect("it runs");
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.code().unwrap_or(-1), text)
    }

    async fn spawn(
        data: Arc<tempfile::TempDir>,
        settings: Vec<(String, String)>,
        port: u16,
    ) -> Result<Self, String> {
        let mut child = command(&data.path().to_path_buf(), &settings, port)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program was built: cargo build -p pombo-server");
        let log = Arc::new(Mutex::new(Vec::new()));
        let keep = |log: &Arc<Mutex<Vec<String>>>, line: &str| {
            log.lock().expect("not poisoned").push(line.to_owned())
        };
        let stderr = child.stderr.take().expect("piped");
        let errors = Arc::clone(&log);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                keep(&errors, &line);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                keep(&log, &line);
                if let Some(url) = line
                    .split("ready: http://")
                    .nth(1)
                    .or_else(|| line.split("ready: https://").nth(1))
                {
                    return url.trim().trim_end_matches('/').parse::<SocketAddr>().ok();
                }
            }
            None
        };
        let address = tokio::time::timeout(Duration::from_secs(60), ready)
            .await
            .ok()
            .flatten();
        let everything = || log.lock().expect("not poisoned").join("\n");
        let Some(address) = address else {
            return Err(everything());
        };
        let output = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                keep(&output, &line);
            }
        });
        Ok(Self {
            child,
            address,
            data,
            settings,
            log,
        })
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client with the global key.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.url(), KEY)
    }

    /// Where its database is.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.data.path().to_path_buf()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// What it has printed and logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().expect("not poisoned").join("\n")
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it was running");
    }

    /// SIGTERM; its exit code once it has ended.
    ///
    /// # Panics
    /// When it takes longer than the promised ten seconds (and some, on a busy machine).
    pub async fn terminate(&mut self) -> i32 {
        let pid = self.pid().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .expect("kill runs");
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        ended
            .expect("it ends in time")
            .expect("it was running")
            .code()
            .unwrap_or(-1)
    }

    /// Starts again after [`Server::kill`] or [`Server::terminate`], on the same data and the same port.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start_again(&mut self) {
        let again = Self::spawn(
            Arc::clone(&self.data),
            self.settings.clone(),
            self.address.port(),
        )
        .await;
        *self = again.unwrap_or_else(|log| panic!("the server did not start again:\n{log}"));
    }

    /// Starts again with other variables.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start_again_with(&mut self, settings: &[(&str, &str)]) {
        self.settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.start_again().await;
    }
}

fn command(data: &PathBuf, settings: &[(String, String)], port: u16) -> Command {
    let mut command = Command::new(program());
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("POMBO_DATA_DIR", data)
        .env("POMBO_LISTEN", "127.0.0.1")
        .env("SERVER_PORT", port.to_string())
        .env("AUTHENTICATION_API_KEY", KEY)
        .env("LOG_LEVEL", "ERROR,WARN,INFO")
        .current_dir(data)
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// The program beside the test's own executable: `POMBO_BIN`, or `target/<profile>/pombo`.
#[must_use]
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("POMBO_BIN") {
        return path.into();
    }
    let mut path = std::env::current_exe().expect("the test knows where it is");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("pombo")
}
