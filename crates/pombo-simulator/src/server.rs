//! The HTTP side: where the WebSocket, media and remote control are found.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::{Html, Response};
use axum::routing::get;

use crate::connection;
use crate::network::Network;
use crate::{admin, media};

/// No stanza is larger: the length of a frame has three bytes.
const LARGEST_MESSAGE: usize = 1 << 24;
/// Small, since a network has a thousand idle clients; larger reads take several turns.
const READ_BUFFER: usize = 4096;

/// All routes of the simulator.
pub(crate) fn router(network: Arc<Network>) -> Router {
    Router::new()
        .route("/ws/chat", get(chat))
        .route("/sandbox", get(phones))
        .merge(media::router())
        .merge(admin::router())
        .with_state(network)
}

/// `GET /sandbox`: a page that shows the virtual phones. It has no other source than the routes under `/admin/`.
async fn phones() -> Html<&'static str> {
    Html(include_str!("sandbox.html"))
}

/// `GET /ws/chat`: the clients' WebSocket. Query parameters (`ED` for edge routing, and others) are accepted and say nothing.
async fn chat(State(network): State<Arc<Network>>, upgrade: WebSocketUpgrade) -> Response {
    let tasks = network.tasks.clone();
    upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| tasks.track_future(connection::run(network, socket)))
}
