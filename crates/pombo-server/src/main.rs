//! `pombo`: serves, or shows its configuration.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pombo_server::banner::VERSION;
use pombo_server::config::{Config, Environment, effective};
use pombo_server::{telemetry, wiring};

/// A WhatsApp gateway, compatible with Evolution API v2.
#[derive(Parser)]
#[command(name = "pombo", version = VERSION, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway (the default).
    Serve,
    /// Print the effective configuration, secrets masked; exits with 1 when something is wrong with it.
    Config,
    /// Run a simulated WhatsApp network on this machine, for clients to develop and test with.
    #[cfg(feature = "sandbox")]
    Simulator(SimulatorArguments),
    /// Run the gateway and a simulated network together, with an instance `demo` that is linked to a phone that answers.
    #[cfg(feature = "sandbox")]
    Sandbox,
    /// Ask a running gateway on this machine whether it is ready; exits with 1 when it is not.
    Health,
}

#[cfg(feature = "sandbox")]
#[derive(clap::Args)]
struct SimulatorArguments {
    /// Where to listen; only addresses of this machine.
    #[arg(long, default_value = "127.0.0.1:28617", value_name = "ADDRESS:PORT")]
    listen: std::net::SocketAddr,
    /// Keep what the network knows in this file, and read it from there at start.
    #[arg(long, value_name = "FILE")]
    state: Option<std::path::PathBuf>,
    /// The same seed makes the same keys, ids and faults.
    #[arg(long)]
    seed: Option<u64>,
    /// Only log stanzas that the network does not know or would refuse; without it the program ends with 1 after them.
    #[arg(long)]
    lenient: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let source = Environment::load(Path::new(".env"))?;
    match command {
        Command::Config => {
            say(&effective(&source));
            let config = Config::read(&source)?;
            config
                .warnings()
                .iter()
                .for_each(|warning| complain(&format!("note: {warning}")));
            Ok(())
        }
        Command::Serve => {
            let config = Config::read(&source)?;
            telemetry::start(&config.log);
            runtime()?.block_on(wiring::serve(config, say))
        }
        #[cfg(feature = "sandbox")]
        Command::Simulator(arguments) => {
            telemetry::start(&Config::read(&source)?.log);
            let options = pombo_server::sandbox::NetworkOptions {
                listen: arguments.listen,
                state: arguments.state,
                seed: arguments.seed,
                lenient: arguments.lenient,
            };
            runtime()?.block_on(pombo_server::sandbox::serve_network(options, say))
        }
        #[cfg(feature = "sandbox")]
        Command::Sandbox => runtime()?.block_on(pombo_server::sandbox::serve_sandbox(&source, say)),
        Command::Health => runtime()?.block_on(wiring::ask_health(&Config::read(&source)?)),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("pombo")
        .build()
}

/// To standard output. Nobody listening any more (`pombo config | head`) is no error.
fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").ok();
}

/// To standard error: logging may not run yet.
fn complain(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}
