//! What the tests of brokers share.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{EventList, Subscription};
use serde_json::{Map, json};

use super::event;

/// Whether somebody listens there. A test without its broker says so, and fails where everything is required.
#[expect(clippy::print_stdout, reason = "a person must see it")]
pub(crate) fn reachable(name: &str, port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let there = TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
    if !there {
        assert_ne!(
            std::env::var("POMBO_REQUIRE_ALL").as_deref(),
            Ok("1"),
            "{name} is missing"
        );
        println!("\n*** SKIPPED: {name} is missing ***\n");
    }
    there
}

/// A name that no other test uses.
pub(crate) fn unique(start: &str) -> String {
    format!("{start}-{:08x}", fastrand::u32(..))
}

pub(crate) fn an_event(instance: &str, kind: EventKind) -> Arc<Event> {
    let instance = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new(instance).unwrap(),
    };
    Event::logged(7, event(&instance, kind, "{\"a\":1}"))
}

pub(crate) fn subscription(transport: &dyn EventTransport, global: bool) -> Subscription {
    Subscription {
        id: RowId::new(Timestamp::from_millis(1)),
        instance_id: InstanceId::random(),
        transport: transport.kind(),
        enabled: true,
        events: EventList::all(),
        options: if global {
            Map::from_iter([("global".to_owned(), json!(true))])
        } else {
            Map::new()
        },
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        retired_at_seq: None,
    }
}

/// One attempt for the instance, or for the global subscription.
pub(crate) async fn attempt(
    transport: &dyn EventTransport,
    event: &Event,
    global: bool,
) -> Result<Delivered, DeliveryError> {
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    transport
        .deliver(event, &envelope, &subscription(transport, global), 1)
        .await
}

/// Attempts, as the sink would, until one works.
pub(crate) async fn insist(transport: &dyn EventTransport, event: &Event) {
    super::soon("a delivery", async {
        while let Err(error) = attempt(transport, event, false).await {
            let again = matches!(
                error,
                DeliveryError::Unreachable { .. } | DeliveryError::Retry { .. }
            );
            assert!(again, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

/// A way to a broker that can be cut and opened again.
pub(crate) struct Way {
    pub(crate) port: u16,
    to: u16,
    open: Option<tokio::task::JoinHandle<()>>,
}

impl Way {
    /// Closed at first.
    pub(crate) async fn to(to: u16) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        Self {
            port,
            to,
            open: None,
        }
    }

    pub(crate) async fn open(&mut self) {
        let listener = super::soon("the port", async {
            loop {
                match tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        })
        .await;
        let to = self.to;
        self.open = Some(tokio::spawn(async move {
            let mut ways = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                ways.spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(("127.0.0.1", to)).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        }));
    }

    /// Every connection ends with it.
    pub(crate) async fn cut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            open.await.ok();
        }
    }
}
