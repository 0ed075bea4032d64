//! The network as a whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde_json::{Value, json};

use crate::network::Network;

/// `GET /admin/openapi.json`: the description of these routes.
pub(super) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], super::OPENAPI)
}

/// `GET /admin/network`: where clients connect, and what they must trust.
pub(super) async fn show(State(network): State<Arc<Network>>) -> Json<Value> {
    Json(describe(&network))
}

/// `POST /admin/network/server-key`: a new key for the handshakes. Clients that know the old one fall back to the long one.
pub(super) async fn rotate_server_key(State(network): State<Arc<Network>>) -> Json<Value> {
    network.rotate_server_key();
    Json(describe(&network))
}

fn describe(network: &Arc<Network>) -> Value {
    let hex = |bytes: [u8; 32]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let server = network.server();
    let url = network
        .address
        .get()
        .map(|address| format!("ws://{address}/ws/chat"));
    let (accounts, connections, strict) = network.with(|state| {
        (
            state.accounts.len(),
            state.connections.len(),
            state.settings.strict,
        )
    });
    json!({
        "url": url,
        "rootKey": hex(server.root_public()),
        "seed": network.faults.seed(),
        "strict": strict,
        "accounts": accounts,
        "connections": connections,
    })
}
