//! A Socket.IO server without the rest of the gateway, for load tests: one instance `inst1`, key `bench`, and
//! `POST /emit`, whose body becomes the data of an event.
//!
//! `cargo run --release -p pombo-transports --example socketio_load -- 127.0.0.1:3901 [eio3] [suite]`

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use pombo_domain::channel::ChannelError;
use pombo_domain::clock::{Clock, SystemClock};
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind, NewEvent, Seq};
use pombo_domain::id::{EventId, InstanceId};
use pombo_domain::instance::{ChannelKind, InstanceName, InstanceRef};
use pombo_domain::port::{
    Access, ApiKeys, EventHistory, HistoryError, HistoryPage, LiveEvent, LiveTransport, NodeSender,
};
use pombo_transports::socketio::{AllowedHosts, SocketIoConfig, SocketIoLive, build};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

struct OneKey;

impl ApiKeys for OneKey {
    fn access(&self, key: &str) -> Option<Access> {
        (key == "bench").then_some(Access::Global)
    }

    fn find(&self, _: &str) -> Option<InstanceRef> {
        None
    }
}

struct NoHistory;

#[async_trait]
impl EventHistory for NoHistory {
    async fn after(
        &self,
        _: Option<&InstanceId>,
        after: Seq,
        _: usize,
    ) -> Result<HistoryPage, HistoryError> {
        Ok(HistoryPage {
            events: Vec::new(),
            through: after,
            head: after,
            complete: true,
        })
    }

    fn head(&self) -> Seq {
        0
    }
}

struct NoNodes;

#[async_trait]
impl NodeSender for NoNodes {
    async fn send_node(&self, _: &InstanceId, _: &Value) -> Result<(), ChannelError> {
        Err(ChannelError::NotAvailable(ChannelKind::Evolution))
    }
}

struct Source {
    live: SocketIoLive,
    instance: InstanceRef,
    seq: AtomicI64,
    /// Events are shown one after the other, as by the real log.
    turn: Mutex<()>,
}

async fn emit(State(source): State<Arc<Source>>, body: String) -> &'static str {
    let Ok(data) = RawValue::from_string(body) else {
        return "not JSON";
    };
    let at = SystemClock.now();
    let seq = source.seq.fetch_add(1, Ordering::Relaxed) + 1;
    let event = NewEvent {
        id: EventId::new(at),
        instance: source.instance.clone(),
        kind: EventKind::MessagesUpsert,
        at,
        sender: None,
        data,
    };
    let event = Event::logged(seq, event);
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    let _turn = source.turn.lock().await;
    source
        .live
        .emit(&LiveEvent {
            event,
            envelope,
            to_instance: true,
            to_all: false,
        })
        .await;
    "ok"
}

/// `eio3`: with clients of Socket.IO 2. `suite`: as the official protocol suites want their server, and without keys.
fn config() -> SocketIoConfig {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let mut config = SocketIoConfig {
        eio3: asked("eio3"),
        ..SocketIoConfig::default()
    };
    if asked("suite") {
        config.ping_interval = Duration::from_millis(300);
        config.ping_timeout = Duration::from_millis(200);
        config.connect_timeout = Duration::from_millis(1000);
        config.allowed_hosts = AllowedHosts::parse(["*"]).unwrap_or_default();
    }
    config
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:3901".to_owned());
    let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
    let config = config();
    let (live, layer) = build(
        config,
        Arc::new(OneKey),
        Arc::new(NoHistory),
        Arc::new(NoNodes),
    );
    let name = InstanceName::new("inst1").map_err(std::io::Error::other)?;
    let instance = InstanceRef {
        id: InstanceId::random(),
        name,
    };
    live.instance_added(&instance);
    let name = InstanceName::new("custom").map_err(std::io::Error::other)?;
    live.instance_added(&InstanceRef {
        id: InstanceId::random(),
        name,
    });
    let source = Arc::new(Source {
        live,
        instance,
        seq: AtomicI64::new(0),
        turn: Mutex::new(()),
    });
    let app = Router::new()
        .route("/emit", post(emit))
        .with_state(source)
        .layer(layer);
    let listener = tokio::net::TcpSocket::new_v4()?;
    listener.set_reuseaddr(true)?;
    listener.bind(address)?;
    let listener = listener.listen(4096)?.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, app).await
}
