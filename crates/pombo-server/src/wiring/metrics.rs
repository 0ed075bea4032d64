//! Collects the figures for `/metrics`.

use std::sync::Arc;
use std::time::Instant;

use pombo_api::HttpCounters;
use pombo_core::Gateway;
use pombo_transports::socketio::SocketIoLive;
use pombo_transports::websocket::Hub;

use crate::config::Config;
use crate::metrics::Metrics;

/// The text of `/metrics`.
pub(super) type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

pub(super) fn metrics(
    config: &Config,
    gateway: &Arc<Gateway>,
    http: &Arc<HttpCounters>,
    socketio: Option<SocketIoLive>,
    hub: Option<Arc<Hub>>,
    started: Instant,
) -> Option<MetricsText> {
    if !config.metrics.enabled {
        return None;
    }
    let metrics = Metrics {
        gateway: Arc::downgrade(gateway),
        http: Arc::clone(http),
        live: Box::new(move || {
            let mut figures = Vec::new();
            if let Some(socketio) = &socketio {
                let live = socketio.metrics();
                figures.push((
                    "pombo_socketio_clients",
                    "Connected Socket.IO clients",
                    live.clients() as u64,
                ));
                figures.push((
                    "pombo_socketio_deliveries_total",
                    "Events handed to Socket.IO clients",
                    live.delivered(),
                ));
                figures.push((
                    "pombo_socketio_slow_clients_total",
                    "Socket.IO clients that fell behind and were disconnected",
                    live.dropped_slow(),
                ));
                figures.push((
                    "pombo_socketio_refused_handshakes_total",
                    "Refused Socket.IO handshakes",
                    live.refused_handshakes(),
                ));
                figures.push((
                    "pombo_socketio_refused_joins_total",
                    "Refused Socket.IO joins",
                    live.refused_joins(),
                ));
            }
            if let Some(hub) = &hub {
                let live = hub.metrics();
                figures.push((
                    "pombo_websocket_clients",
                    "Connected WebSocket clients",
                    live.clients() as u64,
                ));
                figures.push((
                    "pombo_websocket_deliveries_total",
                    "Events handed to WebSocket clients",
                    live.delivered(),
                ));
                figures.push((
                    "pombo_websocket_slow_clients_total",
                    "WebSocket clients that fell behind and were closed",
                    live.dropped_slow(),
                ));
            }
            figures
        }),
        client_name: config.instances.client_name.clone(),
        server_url: config.server.url.clone().unwrap_or_default(),
        started,
    };
    Some(Arc::new(move || metrics.render()))
}
