use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};
use pombo_domain::clock::SharedClock;
use pombo_domain::event::Event;
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_net::{OutboundClient, Response};

use super::config::PusherConfig;
use super::desk::{Desk, Outcome};
use super::request::{App, Impossible, Item, LARGEST_BATCH, Request};
use crate::outbound::{is_away, unanswered};

/// Delivers events to Pusher Channels.
pub struct PusherTransport {
    config: PusherConfig,
    client: OutboundClient,
    clock: SharedClock,
    /// Of the apps to which something is under way.
    desks: Mutex<HashMap<App, Weak<Desk>>>,
}

impl PusherTransport {
    /// A transport that sends through `client`, and so under its policy.
    #[must_use]
    pub fn new(config: PusherConfig, client: OutboundClient, clock: SharedClock) -> Self {
        Self {
            config,
            client,
            clock,
            desks: Mutex::default(),
        }
    }

    fn desk(&self, app: &App) -> Arc<Desk> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = desks.get(app).and_then(Weak::upgrade) {
            return desk;
        }
        desks.retain(|_, desk| desk.strong_count() > 0);
        let desk = Arc::new(Desk::default());
        desks.insert(app.clone(), Arc::downgrade(&desk));
        desk
    }

    async fn send(&self, items: Vec<Item>, app: &App) -> Outcome {
        let now = self.clock.now().seconds();
        let request = Request::new(&items, app, self.config.host.as_deref(), now);
        let headers = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )]);
        let timeout = Some(self.config.timeout);
        let answer = self
            .client
            .post(&request.url, headers, request.body, timeout)
            .await;
        judge(&answer.map_err(|error| unanswered(&error))?)
    }
}

fn impossible(error: &Impossible) -> DeliveryError {
    DeliveryError::Permanent {
        reason: error.to_string(),
        status: None,
    }
}

/// A request that is wrong stays wrong. A key that is, an app that is switched off and a quota that is used up can be put
/// right, and the event still arrives. Source: Pusher Channels HTTP API reference, "HTTP response codes".
fn judge(response: &Response) -> Result<Delivered, DeliveryError> {
    let status = Some(response.status.as_u16());
    if response.status.is_success() {
        return Ok(Delivered { status });
    }
    let reason = format!(
        "Pusher answered {}: {}",
        response.status,
        response.snippet(200)
    );
    Err(match status {
        _ if is_away(response.status) => DeliveryError::Unreachable { reason },
        Some(400 | 413) => DeliveryError::Permanent { reason, status },
        _ => DeliveryError::Retry {
            reason,
            status,
            after: response.retry_after(SystemTime::now()),
        },
    })
}

#[async_trait]
impl EventTransport for PusherTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Pusher
    }

    fn in_flight(&self) -> usize {
        LARGEST_BATCH
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let app = App::of(subscription).map_err(|error| impossible(&error))?;
        let item = Item::new(event, envelope, &app).map_err(|error| impossible(&error))?;
        let desk = self.desk(&app);
        desk.deliver(item, |items| self.send(items, &app)).await
    }
}
