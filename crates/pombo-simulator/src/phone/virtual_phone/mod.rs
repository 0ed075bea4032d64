//! A virtual phone in a test's hands: what its user can do with it, and what its user sees.
//!
//! [`VirtualPhone`] is a handle; `handle` says whose phone it is, `messages` sends, `live` is what others see at once (presence,
//! typing, calls), `groups`, `communities`, `newsletters` and `account` ask
//! the network, `screen` looks.

mod account;
mod communities;
mod groups;
mod handle;
mod live;
mod messages;
mod newsletters;
mod screen;

pub use communities::SubgroupOnScreen;
pub use handle::VirtualPhone;
