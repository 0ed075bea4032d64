//! The HTTP channel: messages come in by `POST /webhook/evolution`, and whoever consumes `send.message` takes them out.
//!
//! Source: `cloud-api.md` section 7 and the recordings of the original, v2.3.6.

mod channel;
mod inbound;

pub use channel::EvolutionFactory;
pub use inbound::EvolutionWebhook;
