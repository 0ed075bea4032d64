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
    /// Ask a running gateway on this machine whether it is ready; exits with 1 when it is not.
    Health,
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
