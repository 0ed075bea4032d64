//! Remote control over HTTP, under `/admin/`: JSON in and out, described by `openapi.json` beside the sources.
//!
//! What a test written in Rust does with a [`Simulator`](crate::Simulator) in hand, anybody else does here. One file per
//! family of routes; [`route::all`] is the list of them, and a test holds the description against it.
//!
//! There are no keys: only this machine gets in. A browser is on this machine too, so requests that a page of another site
//! makes are refused, and so are those under another name than that of this machine.

mod account;
mod account_settings;
mod body;
mod clock;
mod error;
mod fault;
mod guard;
mod media;
mod network;
mod pairing;
mod phone;
mod report;
mod route;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;

use crate::network::Network;
use error::AdminError;

/// The description of the routes, OpenAPI 3.1.
pub(crate) const OPENAPI: &str = include_str!("../../openapi.json");

/// Media travels as base64 in JSON.
const LARGEST_BODY: usize = 64 << 20;

/// The routes under `/admin/`.
pub(crate) fn router() -> Router<Arc<Network>> {
    route::all()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.handler)
        })
        .route("/admin/{*rest}", axum::routing::any(no_route))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(guard::check))
}

async fn no_route() -> AdminError {
    AdminError::not_found("no such route; GET /admin/openapi.json describes them all")
}

async fn wrong_method() -> AdminError {
    AdminError::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "no such method here; GET /admin/openapi.json describes all routes",
    )
}
