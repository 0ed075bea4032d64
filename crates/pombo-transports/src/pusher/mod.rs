//! Pusher Channels, over its HTTP API: signed POSTs, of one event or, where several wait, of up to ten.
//!
//! The channel is the instance's name, the event its dotted name, and `data` the envelope as JSON text. Each subscription
//! names its own app, or the environment names one for everybody. Not here: private channels and their authorisation (the business of whoever reads), encrypted channels.

mod channel;
mod config;
mod desk;
mod request;
mod signature;
#[cfg(test)]
mod tests;
mod transport;

pub use config::PusherConfig;
pub use transport::PusherTransport;
