//! A real NGINX in front of the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use pombo_tests::until;

use super::{free_address, skip};

/// A running NGINX; it ends when this is dropped.
pub(crate) struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts NGINX with what `config` makes of the address to listen on, in the `http` context. `None`, said loudly,
    /// when it is not installed.
    pub(crate) async fn start(config: impl Fn(SocketAddr) -> String) -> Option<Self> {
        let Some(program) = program() else {
            skip("nginx");
            return None;
        };
        // The port may be taken between its choice and its use.
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a temporary directory can be made");
            let address = free_address();
            let path = folder.path().join("nginx.conf");
            std::fs::write(&path, whole(&config(address))).expect("it can be written");
            let mut child = Command::new(&program)
                .arg("-p")
                .arg(folder.path())
                .arg("-c")
                .arg(&path)
                .args(["-e", "error.log"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .expect("nginx runs");
            let started = until("nginx to listen or to end", || {
                let ended = child.try_wait().ok().flatten().is_some();
                async move {
                    if ended {
                        return Some(false);
                    }
                    TcpStream::connect(address).await.ok().map(|_| true)
                }
            });
            if started.await {
                return Some(Self {
                    child,
                    folder,
                    address,
                });
            }
            let log = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(
                log.contains("Address already in use"),
                "nginx did not start:\n{log}"
            );
        }
        panic!("no port for nginx");
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The status codes that it has answered so far.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let log =
            std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        log.lines()
            .filter_map(|line| line.split(' ').next()?.parse().ok())
            .collect()
    }

    /// What it has answered and complained about so far.
    pub(crate) fn log(&self) -> String {
        let read =
            |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        format!("{}{}", read("access.log"), read("error.log"))
    }

    /// Asserts that it never answered 502.
    pub(crate) fn never_answered_502(&self) {
        assert!(!self.statuses().contains(&502), "{}", self.log());
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Without a master process there is only this one.
        drop(self.child.start_kill());
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    everywhere
        .map(|folder: PathBuf| folder.join("nginx"))
        .find(|program| program.exists())
}

fn whole(http: &str) -> String {
    format!(
        "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log info;
         events {{ worker_connections 256; }}
         http {{
           log_format statuses '$status $request_method $uri $request_time $upstream_status';
           access_log access.log statuses;
           client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
           {http}
         }}"
    )
}
