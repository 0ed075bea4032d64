//! Groups: who is in them, and how they are addressed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wacore_binary::Jid;

use super::account::{AccountId, Addressing};

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    Member,
    Admin,
    /// The creator.
    SuperAdmin,
}

/// A group of this network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Digits only: the user part of its address.
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) addressing: Addressing,
    pub(crate) members: BTreeMap<AccountId, Role>,
}

impl Group {
    pub(crate) fn jid(&self) -> Jid {
        Jid::group(self.id.as_str())
    }
}
