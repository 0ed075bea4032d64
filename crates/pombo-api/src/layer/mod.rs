//! What happens around every route: CORS, the request's id and its log line, canonical paths.

mod cors;
mod counters;
mod front;
mod path;
mod request_id;

pub use cors::{Cors, CorsLayer, CorsPolicy};
pub use counters::HttpCounters;
pub(crate) use front::{Front, too_slow};
pub(crate) use path::Beginnings;
