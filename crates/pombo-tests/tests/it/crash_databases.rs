//! A database of its own for each test, on the servers that are there.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use pombo_tests::parts;
use url::Url;

/// A new, empty database; dropped with this.
pub(crate) struct TestDatabase {
    server: Url,
    name: String,
    postgres: bool,
}

impl TestDatabase {
    /// One on PostgreSQL and one on MySQL or MariaDB; says loudly which server is missing.
    pub(crate) fn all(test: &str) -> Vec<Self> {
        let servers = [
            (
                "POMBO_TEST_POSTGRES_URL",
                "postgresql://postgres@127.0.0.1:5432/postgres",
                true,
            ),
            (
                "POMBO_TEST_MYSQL_URL",
                "mysql://root@127.0.0.1:3306/mysql",
                false,
            ),
        ];
        let open = |(variable, default, postgres): (&str, &str, bool)| {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let server = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
            let server = Url::parse(&server).expect("the address of a database");
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let database = Self {
                server,
                name: format!("pombo_crash_{}_{count}", std::process::id()),
                postgres,
            };
            let made = database.run(&format!("CREATE DATABASE {}", database.name));
            if !made {
                parts::skip(test, variable);
            }
            made.then_some(database)
        };
        servers.into_iter().filter_map(open).collect()
    }

    /// For `DATABASE_PROVIDER`.
    pub(crate) fn provider(&self) -> &'static str {
        if self.postgres { "postgresql" } else { "mysql" }
    }

    /// For `DATABASE_CONNECTION_URI`.
    pub(crate) fn uri(&self) -> String {
        let mut uri = self.server.clone();
        uri.set_path(&self.name);
        uri.to_string()
    }

    /// The same through another address.
    pub(crate) fn uri_at(&self, address: SocketAddr) -> String {
        let mut uri = Url::parse(&self.uri()).expect("it was one before");
        uri.set_ip_host(address.ip()).expect("it has a host");
        uri.set_port(Some(address.port()))
            .expect("it may have a port");
        uri.to_string()
    }

    /// Where the server is.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = self
            .server
            .port()
            .unwrap_or(if self.postgres { 5432 } else { 3306 });
        let host = self.server.host_str().unwrap_or("127.0.0.1");
        let mut found = std::net::ToSocketAddrs::to_socket_addrs(&(host, port))
            .expect("the server's host is known");
        found.next().expect("it has an address")
    }

    fn run(&self, sql: &str) -> bool {
        let mut command;
        if self.postgres {
            command = Command::new("psql");
            command
                .arg("--no-password")
                .arg(self.server.as_str())
                .args(["-c", sql]);
        } else {
            command = Command::new("mysql");
            let address = self.address();
            command.args([
                "-h",
                &address.ip().to_string(),
                "-P",
                &address.port().to_string(),
                "-u",
                self.server.username(),
            ]);
            if let Some(password) = self.server.password() {
                command.env("MYSQL_PWD", password);
            }
            command.args(["-e", sql]);
        }
        command.output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let force = if self.postgres { " WITH (FORCE)" } else { "" };
        self.run(&format!("DROP DATABASE {}{force}", self.name));
    }
}
