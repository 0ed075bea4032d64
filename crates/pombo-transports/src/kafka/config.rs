use std::time::Duration;

use secrecy::SecretString;

/// The Kafka transport. Source: `KAFKA_*`.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port` of each broker.
    pub brokers: Vec<String>,
    /// How this client calls itself.
    pub client_id: String,
    /// In front of the topics.
    pub topic_prefix: String,
    /// How topics that are missing are made; `None` leaves that to the operator.
    pub create_topics: Option<NewTopics>,
    /// How long reaching the cluster may take.
    pub connect_timeout: Duration,
    /// How long one attempt may take, once the cluster is reached.
    pub request_timeout: Duration,
    /// How to log in.
    pub login: Option<KafkaLogin>,
    /// TLS.
    pub tls: Option<KafkaTls>,
}

/// The shape of a topic made here.
#[derive(Debug, Clone, Copy)]
pub struct NewTopics {
    /// Partitions.
    pub partitions: i32,
    /// Replicas.
    pub replication: i16,
}

/// How to log in.
#[derive(Debug, Clone)]
pub struct KafkaLogin {
    /// By which mechanism of SASL.
    pub mechanism: KafkaMechanism,
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// A mechanism of SASL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum KafkaMechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

/// TLS to the brokers; the texts are PEM.
#[derive(Debug, Clone, Default)]
pub struct KafkaTls {
    /// The certificate authority; `None` trusts those of the operating system.
    pub authority: Option<String>,
    /// The client's certificate and private key.
    pub client: Option<(String, SecretString)>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KafkaSetupError {
    /// No certificate, or none that can be used.
    #[error("KAFKA_SSL_CA holds no usable certificate: {0}")]
    Authority(String),
    /// The client's certificate or key.
    #[error("KAFKA_SSL_CERT and KAFKA_SSL_KEY do not make a client certificate: {0}")]
    Client(String),
}
