use std::collections::BTreeSet;

use super::{env, reader::Reader};

/// What is logged and how. Source: `LOG_*`.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// The words of `LOG_LEVEL`.
    pub words: BTreeSet<LogWord>,
    /// Colours; `None`: on a terminal.
    pub color: Option<bool>,
    /// How a line looks.
    pub format: LogFormat,
    /// What the WhatsApp library logs: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.
    pub library: &'static str,
}

/// A word of `LOG_LEVEL`. The original switches each on by itself; here a word brings the graver ones with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the original's words")]
pub enum LogWord {
    Error,
    Warn,
    Info,
    Log,
    Debug,
    Verbose,
    Dark,
    /// One line per delivery to a webhook, a broker or Pusher.
    Webhooks,
    /// One line per delivery to a live client.
    Websocket,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, else JSON.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            words: reader
                .words(&env::LOG_LEVEL)
                .into_iter()
                .filter_map(LogWord::named)
                .collect(),
            color: reader.optional_flag(&env::LOG_COLOR),
            format: match reader.word(&env::POMBO_LOG_FORMAT) {
                Some("pretty") => LogFormat::Pretty,
                Some("json") => LogFormat::Json,
                _ => LogFormat::Auto,
            },
            library: reader.word(&env::LOG_BAILEYS).unwrap_or("error"),
        }
    }

    /// The most talkative level that the words ask for.
    pub fn level(&self) -> tracing::Level {
        self.words
            .iter()
            .map(|word| word.level())
            .max()
            .unwrap_or(tracing::Level::ERROR)
    }

    /// Whether deliveries to webhooks and brokers get a line each.
    pub fn webhooks(&self) -> bool {
        self.words.contains(&LogWord::Webhooks)
    }

    /// Whether deliveries to live clients get a line each.
    pub fn websocket(&self) -> bool {
        self.words.contains(&LogWord::Websocket)
    }
}

impl LogWord {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "INFO" => Self::Info,
            "LOG" => Self::Log,
            "DEBUG" => Self::Debug,
            "VERBOSE" => Self::Verbose,
            "DARK" => Self::Dark,
            "WEBHOOKS" => Self::Webhooks,
            "WEBSOCKET" => Self::Websocket,
            _ => return None,
        })
    }

    fn level(self) -> tracing::Level {
        match self {
            Self::Error => tracing::Level::ERROR,
            Self::Warn => tracing::Level::WARN,
            Self::Info | Self::Log | Self::Webhooks | Self::Websocket => tracing::Level::INFO,
            Self::Debug | Self::Verbose | Self::Dark => tracing::Level::DEBUG,
        }
    }
}
