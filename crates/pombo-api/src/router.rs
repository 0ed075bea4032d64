//! Puts the routes together.

use axum::Router;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use http::{Method, Uri};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::error::ApiError;
use crate::layer::{Beginnings, CorsLayer, CorsPolicy, Front};
use crate::routes;
use crate::state::{Api, ApiState};

/// Smaller answers are sent as they are.
const COMPRESS_ABOVE: u16 = 1024;

/// Everything under one port but Socket.IO: REST, health, metrics and the native WebSocket.
///
/// The server puts a [`PeerAddress`](crate::PeerAddress) into each request's extensions, and serves with upgrades.
pub fn router(state: ApiState) -> Router {
    let cors = cors_layer(state.config.cors.clone());
    let api = Api::new(state);
    let all = routes::all();
    let beginnings = Beginnings::new(all.iter().map(|route| route.path));
    let mut routes = Router::new();
    for route in all {
        routes = routes.route(route.path, route.handler);
    }
    let compressed = SizeAbove::new(COMPRESS_ABOVE).and(NotForContentType::IMAGES);
    let routes = routes
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(CompressionLayer::new().gzip(true).compress_when(compressed))
        .with_state(api.clone());
    Router::new()
        .fallback_service(Front::new(api, beginnings, routes))
        .layer(cors)
}

/// CORS for any HTTP service: the same rules for REST, Socket.IO and WebSocket handshakes.
#[must_use]
pub fn cors_layer(policy: CorsPolicy) -> CorsLayer {
    CorsLayer::new(policy)
}

/// `Cannot GET /path?query`, as it was sent.
async fn no_route(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    let sent = uri
        .path_and_query()
        .map_or_else(|| Uri::path(&uri).to_owned(), ToString::to_string);
    ApiError::not_found(format!("Cannot {method} {sent}")).into_response()
}
