use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::StatusCode;
use pombo_domain::clock::SharedClock;
use pombo_domain::event::{Event, envelope};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_net::OutboundClient;
use serde_json::{Value, json};

use super::config::SqsConfig;
use super::names::{group, queue};
use super::request::Request;
use crate::outbound::{is_away, unanswered};

/// A queue of the same name may be made again this long after it was deleted. Source: Amazon SQS API reference,
/// `DeleteQueue`.
const AFTER_DELETION: Duration = Duration::from_secs(60);

/// Delivers events to queues of Amazon SQS.
#[derive(Debug)]
pub struct SqsTransport {
    config: SqsConfig,
    client: OutboundClient,
    clock: SharedClock,
}

/// What a call came to, as far as we act on it.
#[derive(Debug)]
pub(super) enum Answer {
    Done(StatusCode),
    NoSuchQueue,
    Refused(DeliveryError),
}

impl SqsTransport {
    /// A transport that sends through `client`, and so under its policy.
    #[must_use]
    pub fn new(config: SqsConfig, client: OutboundClient, clock: SharedClock) -> Self {
        Self {
            config,
            client,
            clock,
        }
    }

    async fn call(&self, action: &str, input: &Value) -> Result<Answer, DeliveryError> {
        let Some(request) = Request::new(&self.config, action, input, self.clock.now()) else {
            return Err(DeliveryError::Permanent {
                reason: "POMBO_SQS_ENDPOINT cannot be used".to_owned(),
                status: None,
            });
        };
        let timeout = Some(self.config.timeout);
        let answer = self
            .client
            .post(&request.url, request.headers, request.body, timeout)
            .await;
        let answer = answer.map_err(|error| unanswered(&error))?;
        let asked = answer.retry_after(SystemTime::now());
        Ok(judge(action, answer.status, &answer.body, asked))
    }

    async fn create(&self, queue: &str) -> Result<(), DeliveryError> {
        let mut attributes = json!({"FifoQueue": "true"});
        if self.config.global.is_some() {
            attributes["ContentBasedDeduplication"] = "true".into();
        }
        let input = json!({"QueueName": queue, "Attributes": attributes});
        match self.call("CreateQueue", &input).await? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(error) => Err(error),
            Answer::NoSuchQueue => Err(retry("SQS does not know the queue yet", None)),
        }
    }
}

/// A message that is refused stays refused. Everything else, wrong keys too, may be put right while the event waits.
pub(super) fn judge(
    action: &str,
    status: StatusCode,
    body: &[u8],
    asked: Option<Duration>,
) -> Answer {
    if status.is_success() {
        return Answer::Done(status);
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| body[name].as_str());
    let kind = text(["__type", "code"]).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    // The second name is that of the older protocol, which some servers still use here.
    if ["QueueDoesNotExist", "NonExistentQueue"]
        .iter()
        .any(|name| kind.ends_with(name))
    {
        return Answer::NoSuchQueue;
    }
    let message: String = text(["message", "Message"])
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    let reason = format!("SQS answered {status} to {action}: {kind} {message}");
    let permanent = [
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidAddress",
    ]
    .iter()
    .any(|name| kind.starts_with(name));
    let code = Some(status.as_u16());
    Answer::Refused(if permanent {
        DeliveryError::Permanent {
            reason,
            status: code,
        }
    } else if is_away(status) {
        DeliveryError::Unreachable { reason }
    } else {
        DeliveryError::Retry {
            reason,
            status: code,
            after: asked.or_else(|| {
                kind.ends_with("QueueDeletedRecently")
                    .then_some(AFTER_DELETION)
            }),
        }
    })
}

fn retry(reason: &str, after: Option<Duration>) -> DeliveryError {
    DeliveryError::Retry {
        reason: reason.to_owned(),
        status: None,
        after,
    }
}

#[async_trait]
impl EventTransport for SqsTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Sqs
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let global = self.config.global.as_ref();
        if global.is_some() && !subscription.flag("global") {
            // Compatible: global queues replace those of the instances.
            return Ok(Delivered { status: None });
        }
        let server = self.config.server_name.as_str();
        let body = envelope::extend(envelope, &[("dataType", &"json"), ("server", &server)]);
        if body.len() as u64 > self.config.max_payload {
            return Err(DeliveryError::Permanent {
                reason: format!(
                    "the event has {} bytes, and SQS_MAX_PAYLOAD_SIZE allows {}; handing large events over through S3 is not \
                     part of this build yet",
                    body.len(),
                    self.config.max_payload
                ),
                status: None,
            });
        }
        let (instance, kind) = (event.event.instance.name.as_str(), event.event.kind);
        let queue = queue(instance, kind, global);
        let input = json!({
            "QueueUrl": format!("{}/{}/{queue}", self.config.base_url(), self.config.account_id),
            "MessageBody": String::from_utf8_lossy(&body),
            "MessageGroupId": group(instance, kind, server, global.is_some()),
            "MessageDeduplicationId": event.event.id.as_str(),
        });
        let mut answer = self.call("SendMessage", &input).await?;
        if matches!(answer, Answer::NoSuchQueue) {
            self.create(&queue).await?;
            answer = self.call("SendMessage", &input).await?;
        }
        match answer {
            Answer::Done(status) => Ok(Delivered {
                status: Some(status.as_u16()),
            }),
            // A new queue may take a second to be known everywhere.
            Answer::NoSuchQueue => Err(retry(
                "SQS does not know the queue yet",
                Some(Duration::from_secs(1)),
            )),
            Answer::Refused(error) => Err(error),
        }
    }
}
