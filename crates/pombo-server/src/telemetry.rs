//! Logs: for people on a terminal, one JSON object per line otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Starts logging to standard error. `LOG_LEVEL`'s most talkative word decides for our own crates; of others only what
/// went wrong is shown.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::new(directives(config));
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

/// What is shown, as the filter wants it. `WEBHOOKS` and `WEBSOCKET` ask for a line per delivery, without its content.
fn directives(config: &LogConfig) -> String {
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
    let mut directives = vec!["warn".to_owned()];
    directives.extend(OURS.iter().map(|target| format!("{target}={level}")));
    if config.webhooks() {
        directives.push("pombo_core::bus::attempt=debug".to_owned());
    }
    if config.websocket() {
        directives.push("pombo_core::bus::live=debug".to_owned());
    }
    directives.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, MapSource};

    fn of(words: &str) -> String {
        let source = MapSource::default().with("LOG_LEVEL", words);
        directives(&Config::read(&source).unwrap().log)
    }

    #[test]
    fn words_become_levels() {
        assert!(of("ERROR,WARN").contains("pombo_core=WARN"));
        assert!(of("DEBUG").contains("pombo_api=DEBUG"));
        assert!(!of("DEBUG").contains("bus::"));
    }

    #[test]
    fn deliveries_have_words_of_their_own() {
        let text = of("WARN,WEBHOOKS");
        assert!(
            text.contains("bus::attempt=debug") && !text.contains("bus::live"),
            "{text}"
        );
        assert!(of("WARN,WEBSOCKET").contains("bus::live=debug"));
    }
}
