//! `/`, `/verify-creds`, `/health/*`, `/metrics`, `/ws`.

mod health_live;
mod health_ready;
mod metrics;
mod verify_creds;
mod welcome;

use super::{Key, Method, Route};
use crate::live::upgrade_required;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::Get,
            "/",
            Key::None,
            200,
            "name and version",
            welcome::welcome,
        ),
        Route::new(
            Method::Post,
            "/verify-creds",
            Key::Global,
            200,
            "is this the global key?",
            verify_creds::verify_creds,
        ),
        Route::new(
            Method::Get,
            "/health/live",
            Key::None,
            200,
            "the process answers",
            health_live::health_live,
        ),
        Route::new(
            Method::Get,
            "/health/ready",
            Key::None,
            200,
            "the database answers",
            health_ready::health_ready,
        ),
        Route::new(
            Method::Get,
            "/metrics",
            Key::Own,
            200,
            "Prometheus text",
            metrics::metrics,
        ),
        Route::new(
            Method::Get,
            "/ws",
            Key::Own,
            101,
            "WebSocket: events of all instances of the key",
            upgrade_required,
        ),
        Route::new(
            Method::Get,
            "/ws/{instanceName}",
            Key::Own,
            101,
            "WebSocket: events of one instance",
            upgrade_required,
        ),
    ]
}
