use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use bytes::Bytes;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{LiveEvent, LiveTransport, PeerAddress};
use pombo_transports::socketio::{SocketIoConfig, SocketIoLive, build};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::fakes::{Keys, Log, Nodes, event};

/// A server with Socket.IO in front of a router that knows nothing.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) live: SocketIoLive,
    pub(crate) keys: Arc<Keys>,
    pub(crate) log: Arc<Log>,
    pub(crate) nodes: Arc<Nodes>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Heartbeats as short as in the official suites.
pub(crate) fn quick() -> SocketIoConfig {
    SocketIoConfig {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_millis(500),
        ..SocketIoConfig::default()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(SocketIoConfig::default()).await
    }

    pub(crate) async fn with(config: SocketIoConfig) -> Self {
        let (keys, log) = (Arc::new(Keys::default()), Arc::new(Log::default()));
        let nodes = Arc::new(Nodes::default());
        let (live, layer) = build(config, keys.clone(), log.clone(), nodes.clone());
        let peer = |ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request| async move {
            request.extensions_mut().insert(PeerAddress(address));
            request
        };
        let app = Router::new()
            .fallback(|| async { (axum::http::StatusCode::IM_A_TEAPOT, "the router") })
            .layer(layer)
            .layer(middleware::map_request(peer));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move {
            axum::serve(
                listener,
                app.into_make_service_with_connect_info::<SocketAddr>(),
            )
            .await
            .unwrap();
        });
        Self {
            address,
            live,
            keys,
            log,
            nodes,
            server,
        }
    }

    /// An instance whose token is `token-of-{name}`.
    pub(crate) fn instance(&self, name: &str) -> InstanceRef {
        let instance = self.keys.add(name, &format!("token-of-{name}"));
        self.live.instance_added(&instance);
        instance
    }

    pub(crate) async fn delete(&self, instance: &InstanceRef) {
        self.keys.remove(instance);
        self.live.instance_removed(instance).await;
    }

    /// Logs and shows an event, to the instance and to the root.
    pub(crate) async fn emit(&self, instance: &InstanceRef, kind: EventKind, data: &str) -> Bytes {
        self.emit_to(instance, kind, data, true, true).await
    }

    pub(crate) async fn emit_to(
        &self,
        instance: &InstanceRef,
        kind: EventKind,
        data: &str,
        to_instance: bool,
        to_all: bool,
    ) -> Bytes {
        let (event, envelope) = self.log.append(instance, kind, data);
        self.live
            .emit(&LiveEvent {
                event,
                envelope: envelope.clone(),
                to_instance,
                to_all,
            })
            .await;
        envelope
    }

    /// Shows an event that is in no log.
    pub(crate) async fn emit_volatile(
        &self,
        instance: &InstanceRef,
        kind: EventKind,
        data: &str,
    ) -> Bytes {
        let event = Event::volatile(event(instance, kind, data));
        let envelope = EnvelopeStyle::default().encode(&event.event, None);
        self.live
            .emit(&LiveEvent {
                event,
                envelope: envelope.clone(),
                to_instance: true,
                to_all: true,
            })
            .await;
        envelope
    }
}
