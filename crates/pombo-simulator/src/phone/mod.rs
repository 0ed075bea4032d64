//! Virtual phones: device 0 of each account.
//!
//! `identity` holds the keys that make a phone the owner of its companions; `handset` is the phone itself.

pub(crate) mod handset;
pub(crate) mod identity;

pub(crate) use handset::{Errand, Phone};
pub(crate) use identity::PhoneIdentity;
