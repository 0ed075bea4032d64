//! Logs: for people on a terminal, one JSON object per line otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Starts logging to standard error. `LOG_LEVEL`'s most talkative word decides for our own crates; of others only what
/// went wrong is shown.
pub fn start(config: &LogConfig) {
    let level = config.level();
    // A target is a path: `pombo` alone would not cover `pombo_core`.
    const OURS: [&str; 7] = [
        "pombo_server",
        "pombo_api",
        "pombo_core",
        "pombo_store",
        "pombo_net",
        "pombo_transports",
        "pombo_channel_cloud",
    ];
    let directives: Vec<_> = OURS
        .iter()
        .map(|target| format!("{target}={level}"))
        .collect();
    let filter = EnvFilter::new(format!("warn,{}", directives.join(",")));
    let terminal = std::io::stderr().is_terminal();
    let registry = tracing_subscriber::registry().with(filter);
    let json = match config.format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let started = if json {
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .compact()
            .with_ansi(config.color.unwrap_or(terminal))
            .with_target(false)
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    };
    if let Err(error) = started {
        tracing::debug!("logging was already started: {error}");
    }
}
