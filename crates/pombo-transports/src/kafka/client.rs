//! The cluster as we use it: a topic's partitions, and one record put into one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rskafka::BackoffConfig;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rskafka::record::Record;
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use super::config::{KafkaConfig, KafkaLogin, KafkaMechanism};
use super::partitioner::partition;

/// Each partition has a connection of its own while it is remembered.
const REMEMBERED: usize = 64;

/// What a record that was not written came to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("Kafka: {0}")]
    Client(#[from] Error),
    #[error("no Kafka broker could be reached within {0:?}")]
    Unreachable(Duration),
    #[error("topic `{0}` does not exist, and KAFKA_AUTO_CREATE_TOPICS is not `true`")]
    NoTopic(String),
}

impl Failed {
    /// Whether no broker answered.
    pub(super) fn is_unanswered(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Client(error) => matches!(
                error,
                Error::Connection(_) | Error::Request(_) | Error::RetryFailed(_) | Error::Timeout
            ),
            Self::NoTopic(_) => false,
        }
    }

    /// Whether the same record would be refused again.
    pub(super) fn is_permanent(&self) -> bool {
        matches!(
            protocol_error(self),
            Some(
                ProtocolError::MessageTooLarge
                    | ProtocolError::RecordListTooLarge
                    | ProtocolError::InvalidTopicException
                    | ProtocolError::InvalidRecord
            )
        )
    }
}

fn protocol_error(failed: &Failed) -> Option<ProtocolError> {
    match failed {
        Failed::Client(Error::ServerError { protocol_error, .. }) => Some(*protocol_error),
        Failed::Client(_) | Failed::Unreachable(_) | Failed::NoTopic(_) => None,
    }
}

pub(super) struct Cluster {
    config: KafkaConfig,
    tls: Option<Arc<rustls::ClientConfig>>,
    client: OnceCell<Client>,
    /// By name: how many partitions each has, and the clients of those in use. At most [`REMEMBERED`].
    topics: Mutex<HashMap<String, Topic>>,
}

#[derive(Default, Clone)]
struct Topic {
    partitions: usize,
    clients: HashMap<usize, Arc<PartitionClient>>,
}

impl Cluster {
    pub(super) fn new(config: KafkaConfig, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        Self {
            config,
            tls,
            client: OnceCell::new(),
            topics: Mutex::default(),
        }
    }

    /// Writes one record; done when every replica in step has it.
    pub(super) async fn write(&self, topic: &str, record: Record) -> Result<(), Failed> {
        let key = record.key.clone().unwrap_or_default();
        let partition = self.partition(topic, &key).await?;
        let written = partition
            .produce(vec![record], Compression::NoCompression)
            .await;
        if written.is_err() {
            // It may be gone, or led by another broker: look again.
            self.topics().remove(topic);
        }
        written?;
        Ok(())
    }

    /// An attempt was cut off: what it used may be stuck.
    pub(super) fn forget(&self, topic: &str) {
        self.topics().remove(topic);
    }

    async fn partition(&self, topic: &str, key: &[u8]) -> Result<Arc<PartitionClient>, Failed> {
        let known = self.topics().get(topic).cloned().unwrap_or_default();
        let client = self.client().await?;
        let count = match known.partitions {
            0 => self.find_or_create(client, topic).await?,
            count => count,
        };
        let number = partition(key, count);
        if let Some(partition) = known.clients.get(&number) {
            return Ok(Arc::clone(partition));
        }
        let number_there = i32::try_from(number).unwrap_or(0);
        let partition = client
            .partition_client(topic, number_there, UnknownTopicHandling::Error)
            .await?;
        let partition = Arc::new(partition);
        let mut topics = self.topics();
        if topics.len() >= REMEMBERED && !topics.contains_key(topic) {
            let other = topics.keys().next().cloned();
            other.and_then(|other| topics.remove(&other));
        }
        let entry = topics.entry(topic.to_owned()).or_default();
        entry.partitions = count;
        entry.clients.insert(number, Arc::clone(&partition));
        Ok(partition)
    }

    /// How many partitions the topic has.
    async fn find_or_create(&self, client: &Client, topic: &str) -> Result<usize, Failed> {
        let found = client.list_topics().await?;
        if let Some(found) = found.iter().find(|found| found.name == topic) {
            return Ok(found.partitions.len());
        }
        let Some(shape) = self.config.create_topics else {
            return Err(Failed::NoTopic(topic.to_owned()));
        };
        let patience = i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let made = client
            .controller_client()?
            .create_topic(topic, shape.partitions, shape.replication, patience)
            .await;
        made?;
        Ok(usize::try_from(shape.partitions).unwrap_or(1))
    }

    async fn client(&self) -> Result<&Client, Failed> {
        let limit = self.config.connect_timeout;
        let connected = self.client.get_or_try_init(|| async {
            match tokio::time::timeout(limit, self.builder().build()).await {
                Ok(client) => Ok(client?),
                Err(_) => Err(Failed::Unreachable(limit)),
            }
        });
        connected.await
    }

    fn builder(&self) -> ClientBuilder {
        let builder = ClientBuilder::new(self.config.brokers.clone())
            .client_id(self.config.client_id.as_str())
            .backoff_config(BackoffConfig {
                max_backoff: Duration::from_secs(5),
                deadline: Some(self.config.request_timeout),
                ..BackoffConfig::default()
            });
        let builder = match &self.tls {
            Some(tls) => builder.tls_config(Arc::clone(tls)),
            None => builder,
        };
        match &self.config.login {
            Some(login) => builder.sasl_config(sasl(login)),
            None => builder,
        }
    }

    fn topics(&self) -> std::sync::MutexGuard<'_, HashMap<String, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sasl(login: &KafkaLogin) -> SaslConfig {
    let credentials = Credentials::new(
        login.username.clone(),
        login.password.expose_secret().to_owned(),
    );
    match login.mechanism {
        KafkaMechanism::Plain => SaslConfig::Plain(credentials),
        KafkaMechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
        KafkaMechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
    }
}
