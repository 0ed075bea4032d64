//! HTTP: the REST routes, the native WebSocket's handshake, health and metrics.
//!
//! What this crate does not do: Socket.IO (see `pombo-transports`), TLS and sockets (see `pombo-server`), rules (see
//! `pombo-core`). Start reading at [`router`], then the `routes` folder, which mirrors the paths: one route per file.
#![forbid(unsafe_code)]

mod error;
mod extract;
mod layer;
mod live;
mod router;
mod routes;
mod schema;
mod state;

pub use error::{ApiError, ErrorReport, Failure, Message};
pub use layer::{Cors, CorsLayer, CorsPolicy, HttpCounters};
pub use router::{cors_layer, router};
pub use routes::routes_markdown;
pub use state::{
    AddressRule, ApiConfig, ApiState, ErrorHook, MetaConfig, MetricsAccess, MetricsLogin,
    PeerAddress,
};
