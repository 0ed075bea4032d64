//! The few traits through which the outside world is reached.
//!
//! Each says in prose who retries, what an error means, and whether it may block.

mod api_keys;
mod channel;
mod event_history;
mod event_transport;
mod inbound_webhook;
mod live_feed;
mod live_transport;
mod peer;

pub use api_keys::{Access, ApiKeys};
pub use channel::{Channel, ChannelFactory};
pub use event_history::{EventHistory, HistoryError, HistoryPage};
pub use event_transport::{Delivered, DeliveryError, EventTransport};
pub use inbound_webhook::{Inbound, InboundError, InboundWebhook};
pub use live_feed::{FeedRequest, Frame, LiveFeed, LiveSession, SessionCommand};
pub use live_transport::{LiveEvent, LiveTransport};
pub use peer::PeerAddress;
