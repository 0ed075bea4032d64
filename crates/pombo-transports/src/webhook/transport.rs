use std::time::SystemTime;

use async_trait::async_trait;
use http::StatusCode;
use pombo_domain::clock::SharedClock;
use pombo_domain::event::Event;
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_net::{OutboundClient, Response};

use super::config::WebhookConfig;
use super::request::Request;
use crate::outbound::failed;

/// Delivers events by HTTP POST.
#[derive(Debug)]
pub struct WebhookTransport {
    config: WebhookConfig,
    client: OutboundClient,
    clock: SharedClock,
}

impl WebhookTransport {
    /// A transport that sends through `client`, and so under its policy.
    #[must_use]
    pub fn new(config: WebhookConfig, client: OutboundClient, clock: SharedClock) -> Self {
        Self {
            config,
            client,
            clock,
        }
    }

    /// Sorts an answer. What the receiver wrote is not repeated: it may be anything.
    fn judge(&self, response: &Response) -> Result<Delivered, DeliveryError> {
        let status = response.status;
        let code = Some(status.as_u16());
        if status.is_success() {
            return Ok(Delivered { status: code });
        }
        if status == StatusCode::GONE {
            return Err(DeliveryError::Gone);
        }
        let reason = format!("the receiver answered {status}");
        if self.config.non_retryable.contains(&status.as_u16()) {
            return Err(DeliveryError::Permanent {
                reason,
                status: code,
            });
        }
        let patient = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ]
        .contains(&status);
        let after = if patient {
            response.retry_after(SystemTime::now())
        } else {
            None
        };
        Err(DeliveryError::Retry {
            reason,
            status: code,
            after,
        })
    }
}

#[async_trait]
impl EventTransport for WebhookTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Webhook
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let now = self.clock.now();
        let request = Request::new(event, envelope, subscription, &self.config.user_agent, now)
            .map_err(|error| DeliveryError::Permanent {
                reason: error.to_string(),
                status: None,
            })?;
        let timeout = Some(self.config.timeout);
        match self
            .client
            .post(&request.url, request.headers, request.body, timeout)
            .await
        {
            Ok(response) => self.judge(&response),
            Err(error) => Err(failed(&error)),
        }
    }
}
