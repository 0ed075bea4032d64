use std::time::Duration;

use secrecy::SecretString;

use super::{
    env,
    event_flags::{self, EventFlags},
    reader::Reader,
};

/// Kafka transport. Source: `KAFKA_*`.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port` of each broker.
    pub brokers: Vec<String>,
    /// How this client calls itself.
    pub client_id: String,
    /// In front of the topics.
    pub topic_prefix: String,
    /// Whether topics that are missing are made.
    pub create_topics: bool,
    /// Partitions of a topic made here.
    pub partitions: u32,
    /// Replicas of a topic made here.
    pub replication: u16,
    /// How long connecting may take.
    pub connection_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How to log in.
    pub sasl: Option<KafkaSasl>,
    /// TLS.
    pub tls: Option<KafkaTls>,
    /// The events of all instances that are sent; `None` without `KAFKA_GLOBAL_ENABLED`.
    pub global: Option<EventFlags>,
}

/// How to log in.
#[derive(Debug, Clone)]
pub struct KafkaSasl {
    /// `plain`, `scram-sha-256` or `scram-sha-512`.
    pub mechanism: &'static str,
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// TLS to the brokers; the texts are PEM.
#[derive(Debug, Clone)]
pub struct KafkaTls {
    /// Whether the broker's certificate is checked.
    pub verify: bool,
    /// The certificate authority.
    pub authority: Option<String>,
    /// The client's certificate.
    pub certificate: Option<String>,
    /// The client's private key.
    pub private_key: Option<SecretString>,
}

impl KafkaConfig {
    /// `None` when `KAFKA_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.flag(&env::KAFKA_ENABLED) {
            return None;
        }
        Some(Self {
            brokers: reader.list(&env::KAFKA_BROKERS),
            client_id: reader.text(&env::KAFKA_CLIENT_ID),
            topic_prefix: reader.text(&env::KAFKA_TOPIC_PREFIX),
            create_topics: reader.flag(&env::KAFKA_AUTO_CREATE_TOPICS),
            partitions: u32::try_from(reader.integer(&env::KAFKA_NUM_PARTITIONS)).unwrap_or(1),
            replication: u16::try_from(reader.integer(&env::KAFKA_REPLICATION_FACTOR)).unwrap_or(1),
            connection_timeout: Duration::from_millis(
                reader.integer(&env::KAFKA_CONNECTION_TIMEOUT),
            ),
            request_timeout: Duration::from_millis(reader.integer(&env::KAFKA_REQUEST_TIMEOUT)),
            sasl: reader
                .flag(&env::KAFKA_SASL_ENABLED)
                .then(|| KafkaSasl::read(reader)),
            tls: reader
                .flag(&env::KAFKA_SSL_ENABLED)
                .then(|| KafkaTls::read(reader)),
            global: reader
                .flag(&env::KAFKA_GLOBAL_ENABLED)
                .then(|| reader.event_flags(event_flags::KAFKA)),
        })
    }
}

impl KafkaSasl {
    fn read(reader: &Reader<'_>) -> Self {
        Self {
            mechanism: reader.word(&env::KAFKA_SASL_MECHANISM).unwrap_or("plain"),
            username: reader
                .optional_text(&env::KAFKA_SASL_USERNAME)
                .unwrap_or_default(),
            password: reader
                .optional_secret(&env::KAFKA_SASL_PASSWORD)
                .unwrap_or_default(),
        }
    }
}

impl KafkaTls {
    fn read(reader: &Reader<'_>) -> Self {
        Self {
            verify: reader.flag(&env::KAFKA_SSL_REJECT_UNAUTHORIZED),
            authority: reader.optional_text(&env::KAFKA_SSL_CA),
            certificate: reader.optional_text(&env::KAFKA_SSL_CERT),
            private_key: reader.optional_secret(&env::KAFKA_SSL_KEY),
        }
    }
}
