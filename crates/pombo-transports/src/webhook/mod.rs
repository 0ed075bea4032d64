//! The webhook: one HTTP POST per event.
//!
//! [`WebhookTransport`] makes exactly one attempt and says what came of it; when to try again, in which order, and when to
//! give up is the business of `pombo-core`. Which addresses may be reached at all is decided by `pombo-net`.

mod config;
mod jwt;
mod request;
mod signature;
#[cfg(test)]
mod tests;
mod transport;

pub use config::WebhookConfig;
pub use transport::WebhookTransport;
