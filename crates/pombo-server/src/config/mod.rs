//! The configuration: read once from the environment, checked whole, then handed out section by section.
//!
//! Start reading at [`Config`]. [`mod@env`] holds every variable as a documented constant (`docs/env.md` is made from it),
//! each section has a file with its struct, and [`Source`] is where the text comes from, so that tests pass a map.
//! Nothing else in the program reads environment variables.
//!
//! What it deliberately does not do: there is no configuration file besides an optional `.env`, and nothing is read
//! again while the program runs.

mod addresses;
mod api_key;
mod audio;
mod auth;
mod business;
mod cache;
mod chatbots;
mod chatwoot;
mod cors;
mod data_dir;
mod database;
#[cfg(test)]
mod docs;
mod dotenv;
mod effective;
pub mod env;
mod error;
mod event_flags;
mod events;
mod instances;
mod kafka;
mod kind;
mod log;
mod mask;
mod media;
mod metrics;
mod mqtt;
mod nats;
mod outbound;
mod parse;
mod proxy;
mod pusher;
mod rabbitmq;
mod read;
mod reader;
mod s3;
mod sandbox;
mod server;
mod source;
mod sqs;
#[cfg(test)]
mod tests;
mod variable;
mod warnings;
mod webhook;
mod websocket;

pub use addresses::AddressList;
pub use api_key::{ApiKeyError, FILE_NAME as API_KEY_FILE, StoredApiKey, load_or_create_api_key};
pub use audio::AudioConverterConfig;
pub use auth::AuthConfig;
pub use business::{BusinessConfig, FacebookConfig};
pub use cache::CacheConfig;
pub use chatbots::{ChatbotsConfig, OpenaiConfig, TypebotConfig};
pub use chatwoot::ChatwootConfig;
pub use cors::{CorsConfig, Origins};
pub use data_dir::prepare_data_dir;
pub use database::{DatabaseBackend, DatabaseConfig, SaveConfig, SqliteSynchronous};
pub use effective::effective;
pub use error::{ConfigError, ConfigErrors};
pub use event_flags::EventFlags;
pub use events::EventsConfig;
pub use instances::{InstancesConfig, QrCodeConfig};
pub use kafka::{KafkaConfig, KafkaSasl, KafkaTls};
pub use kind::Kind;
pub use log::{LogConfig, LogFormat, LogWord};
pub use mask::mask_uri;
pub use media::MediaConfig;
pub use metrics::MetricsConfig;
pub use mqtt::MqttConfig;
pub use nats::NatsConfig;
pub use outbound::{OutboundConfig, OutboundPolicy};
pub use proxy::DefaultProxyConfig;
pub use pusher::{PusherApp, PusherConfig};
pub use rabbitmq::RabbitmqConfig;
pub use read::Config;
pub use s3::S3Config;
pub use sandbox::SandboxConfig;
pub use server::{ServerConfig, TlsFiles};
pub use source::{Environment, EnvironmentError, MapSource, Source};
pub use sqs::SqsConfig;
pub use variable::{Section, Status, Variable};
pub use webhook::{ErrorWebhook, GlobalWebhook, WebhookConfig, WebhookRetry};
pub use websocket::WebsocketConfig;
