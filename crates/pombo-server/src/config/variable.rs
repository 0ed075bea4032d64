use super::kind::Kind;

/// One environment variable: what it is called, what it may hold, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name, as the original spells it.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// The text that an unset variable stands for; empty when there is none.
    pub default: &'static str,
    /// What it does, in one line.
    pub meaning: &'static str,
    /// Where it belongs.
    pub section: Section,
    /// Whether this build does something with it.
    pub status: Status,
}

/// What this build does with a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is used.
    Used,
    /// It is accepted, whatever it holds, and changes nothing.
    NoEffect,
    /// It is checked and kept, for a part that this build does not have yet.
    Later,
}

/// A group of variables; one file and one struct each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the titles say it")]
pub enum Section {
    Server,
    Cors,
    Auth,
    Log,
    Database,
    Events,
    Webhook,
    Websocket,
    Outbound,
    Media,
    Metrics,
    Instances,
    Business,
    Rabbitmq,
    Nats,
    Mqtt,
    Kafka,
    Sqs,
    Pusher,
    Chatbots,
    Chatwoot,
    S3,
    Audio,
    Proxy,
    Cache,
    Telemetry,
    Sandbox,
}

impl Section {
    /// Every section, in the order of the documentation.
    pub const ALL: [Self; 27] = [
        Self::Server,
        Self::Cors,
        Self::Auth,
        Self::Log,
        Self::Database,
        Self::Events,
        Self::Webhook,
        Self::Websocket,
        Self::Outbound,
        Self::Media,
        Self::Metrics,
        Self::Instances,
        Self::Business,
        Self::Rabbitmq,
        Self::Nats,
        Self::Mqtt,
        Self::Kafka,
        Self::Sqs,
        Self::Pusher,
        Self::Chatbots,
        Self::Chatwoot,
        Self::S3,
        Self::Audio,
        Self::Proxy,
        Self::Cache,
        Self::Telemetry,
        Self::Sandbox,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Cors => "CORS",
            Self::Auth => "Authentication",
            Self::Log => "Logs",
            Self::Database => "Database",
            Self::Events => "Event log",
            Self::Webhook => "Webhook",
            Self::Websocket => "Socket.IO and WebSocket",
            Self::Outbound => "Outgoing requests",
            Self::Media => "Files",
            Self::Metrics => "Metrics",
            Self::Instances => "Instances",
            Self::Business => "WhatsApp Cloud API",
            Self::Rabbitmq => "RabbitMQ",
            Self::Nats => "NATS",
            Self::Mqtt => "MQTT",
            Self::Kafka => "Kafka",
            Self::Sqs => "SQS",
            Self::Pusher => "Pusher",
            Self::Chatbots => "Chatbots",
            Self::Chatwoot => "Chatwoot",
            Self::S3 => "S3",
            Self::Audio => "Audio converter",
            Self::Proxy => "Proxy to WhatsApp",
            Self::Cache => "Cache",
            Self::Telemetry => "Telemetry and error reports",
            Self::Sandbox => "Sandbox",
        }
    }
}
