//! Virtual phones: device 0 of each account, with real end-to-end encryption.
//!
//! [`VirtualPhone`] is what a test holds in hand. Below it, `handset` is the phone itself: plain data behind a lock, that does
//! one errand after the other. `receive` is what it does with what arrives, `send` what it sends, `duty` what it does for its
//! own companions. `signal` is its encryption, `app_state` the settings that it shares with its companions, [`history`] the past
//! that it gives them, [`media`] its files, `identity` the keys that make it the owner of its companions, [`Passkey`] what
//! else may guard the account. [`content`] builds messages of every kind, [`view`] is what the phone shows.
//!
//! A phone uses the network as a companion does, through `Network::send_from_phone`; only what a real phone
//! gets from the server in other ways (devices and keys of others, its settings) it reads directly.

pub mod app_state;
pub mod content;
mod duty;
mod error;
pub mod habits;
pub(crate) mod handset;
pub mod history;
pub(crate) mod identity;
pub mod media;
mod passkey;
mod receive;
mod send;
pub(crate) mod signal;
pub mod view;
mod virtual_phone;

pub use error::PhoneError;
pub use habits::{Answer, Habits};
pub(crate) use handset::{Errand, Phone};
pub(crate) use identity::PhoneIdentity;
pub use passkey::{Passkey, PasskeyError};
pub use send::{SendOptions, SentBy};
pub use virtual_phone::{SubgroupOnScreen, VirtualPhone};
/// WhatsApp's messages as protobuf.
pub use waproto::whatsapp as protobuf;
