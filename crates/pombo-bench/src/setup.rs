//! What the programs that print tables begin with.
#![expect(
    clippy::print_stderr,
    reason = "this is where the programs say why they failed"
)]

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::server;

/// How long each load runs; `BENCH_SECONDS` changes it.
const SECONDS: u64 = 8;

/// What all rows need.
#[derive(Debug)]
pub struct Setup {
    /// The server's program.
    pub program: PathBuf,
    /// Where it is to listen.
    pub port: u16,
    /// How long each load runs.
    pub time: Duration,
    /// The rows that were asked for; empty: all.
    rows: Vec<String>,
}

impl Setup {
    /// Runs a table, whose rows may be named on the command line.
    pub fn run<F: Future<Output = io::Result<()>>>(table: impl FnOnce(Self) -> F) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        match Self::read().and_then(|setup| runtime.block_on(table(setup))) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn read() -> io::Result<Self> {
        let seconds = std::env::var("BENCH_SECONDS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(SECONDS);
        Ok(Self {
            program: server::program()?,
            // Below the ports that outgoing connections get.
            port: 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or(0),
            time: Duration::from_secs(seconds),
            rows: std::env::args().skip(1).collect(),
        })
    }

    /// Whether this row was asked for.
    #[must_use]
    pub fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.asks_for(row)
    }

    /// Whether this row was asked for by its name.
    #[must_use]
    pub fn asks_for(&self, row: &str) -> bool {
        self.rows.iter().any(|name| name == row)
    }
}
