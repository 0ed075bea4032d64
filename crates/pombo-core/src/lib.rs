//! The rules: instances, what comes in, what goes out, and the event log that carries it to everybody.
//!
//! Start reading at [`gateway`], the assembled program. What this crate does not do: HTTP, SQL, any network.
#![forbid(unsafe_code)]

pub mod auth;
pub mod bus;
pub mod config;
mod file;
pub mod gateway;
pub mod inbound;
pub mod instance;
mod nodes;
pub mod outbound;

pub use bus::{LoggedEvents, Replay, ReplayError, Replayed};
pub use config::{FailedDelivery, GatewayConfig, RetrySchedule, SaveSwitches};
pub use file::{base64_length, base64_stream};
pub use gateway::{Gateway, GatewayBuilder};
pub use inbound::{ReceiveError, Received};
pub use instance::{
    ConnectError, Connection, CreateError, Entry, InstanceState, LogoutError, NewInstance, QrCode,
    SettingsChange, SubscriptionChange,
};
pub use outbound::{
    Album, EditError, INVITE_URL, MessageFile, NamedMember, NumberAnswer, Pictures, Recipient,
    SendError, TooFast, WantedGroup,
};
