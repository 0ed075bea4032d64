//! `pombo simulator`: the network alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use pombo_simulator::Simulator;

use crate::shutdown::asked_to_stop;

/// How the network is to be.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Where to listen; a loopback address.
    pub listen: SocketAddr,
    /// Where it keeps what it knows; `None`: nowhere.
    pub state: Option<PathBuf>,
    /// The same seed makes the same keys and ids.
    pub seed: Option<u64>,
    /// Whether stanzas that it does not know are only logged.
    pub lenient: bool,
}

/// Runs a simulated network until asked to stop. `say` gets the lines for a person once clients can connect.
///
/// # Errors
/// When it cannot start; and, unless lenient, when clients have sent what the network does not know or would refuse.
pub async fn serve_network(options: NetworkOptions, say: impl Fn(&str)) -> anyhow::Result<()> {
    let simulator = start(&options).await?;
    say(&welcome(&simulator));
    asked_to_stop().await.context("cannot listen for signals")?;
    let violations = simulator.take_violations();
    simulator.shutdown().await;
    if options.lenient || violations.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
    bail!(
        "clients sent what the network does not know or would refuse (--lenient accepts that):\n  {}",
        list.join("\n  ")
    )
}

/// Starts the network that the options describe.
pub(super) async fn start(options: &NetworkOptions) -> anyhow::Result<Simulator> {
    let mut builder = Simulator::builder()
        .listen(options.listen)
        .strict(!options.lenient);
    if let Some(path) = &options.state {
        builder = builder.state_file(path);
    }
    if let Some(seed) = options.seed {
        builder = builder.seed(seed);
    }
    Ok(builder.start().await?)
}

/// The last line is the URL, which scripts may wait for.
fn welcome(simulator: &Simulator) -> String {
    let root: String = simulator
        .root_key()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "Root key:  {root}\n\
         Control:   http://{}/admin/openapi.json, phones at /sandbox\n\
         Simulated WhatsApp is ready: {}",
        simulator.addr(),
        simulator.url()
    )
}
