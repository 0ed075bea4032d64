//! The few traits through which the outside world is reached.
//!
//! Each says in prose who retries, what an error means, and whether it may block.

mod api_keys;
mod auth_store;
mod calls;
mod channel;
mod channel_inbox;
mod communities;
mod directory;
mod event_history;
mod event_transport;
mod groups;
mod inbound_webhook;
mod live_feed;
mod live_transport;
mod message_actions;
mod newsletters;
mod node_sender;
mod peer;
mod profiles;
mod protocol;

pub use api_keys::{Access, ApiKeys};
pub use auth_store::{AuthChange, AuthStore, AuthStoreError};
pub use calls::{Calls, PlacedCall};
pub use channel::{Channel, ChannelFactory, ChannelOpening, Connecting};
pub use channel_inbox::{ChannelInbox, NotStored};
pub use communities::Communities;
pub use directory::{Directory, Registered};
pub use event_history::{EventHistory, HistoryError, HistoryPage};
pub use event_transport::{Delivered, DeliveryError, EventTransport};
pub use groups::Groups;
pub use inbound_webhook::{Inbound, InboundError, InboundWebhook};
pub use live_feed::{FeedRequest, Frame, LiveFeed, LiveSession, SessionCommand};
pub use live_transport::{LiveEvent, LiveTransport};
pub use message_actions::{Download, MessageActions, Protocolled};
pub use newsletters::{NewsletterName, Newsletters, StaffChange};
pub use node_sender::NodeSender;
pub use peer::PeerAddress;
pub use profiles::{ChatAction, LastMessage, Profiles};
pub use protocol::Protocol;
