use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::sigv4::Credentials;

/// The SQS transport. Source: `SQS_*`.
#[derive(Debug, Clone)]
pub struct SqsConfig {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: SecretString,
    /// The account that the queues belong to.
    pub account_id: String,
    /// Such as `sa-east-1`.
    pub region: String,
    /// A compatible server instead of `https://sqs.{region}.amazonaws.com`, without a slash at the end
    /// (`POMBO_SQS_ENDPOINT`).
    pub endpoint: Option<String>,
    /// The largest message, in bytes.
    pub max_payload: u64,
    /// The sender's name in messages and group ids (`SERVER_NAME`).
    pub server_name: String,
    /// With `SQS_GLOBAL_ENABLED`: then these queues take everything, and the instances' own subscriptions are not used.
    pub global: Option<GlobalQueues>,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// The queues that take the events of all instances.
#[derive(Debug, Clone)]
pub struct GlobalQueues {
    /// In front of their names.
    pub prefix: String,
    /// One queue for all events.
    pub single: bool,
}

impl SqsConfig {
    pub(super) fn base_url(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None if self.region.starts_with("cn-") => {
                format!("https://sqs.{}.amazonaws.com.cn", self.region)
            }
            None => format!("https://sqs.{}.amazonaws.com", self.region),
        }
    }

    pub(super) fn credentials(&self) -> Credentials<'_> {
        Credentials {
            access_key_id: &self.access_key_id,
            secret_access_key: self.secret_access_key.expose_secret(),
            region: &self.region,
            service: "sqs",
        }
    }
}
