//! Somebody an instance has talked with.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{InstanceId, RowId};

/// One contact row; one per instance and JID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Row id.
    pub id: RowId,
    /// The contact's address.
    pub remote_jid: String,
    /// The name they gave themselves; never overwritten by nothing.
    pub push_name: Option<String>,
    /// URL of their picture.
    pub profile_pic_url: Option<String>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whose contact.
    pub instance_id: InstanceId,
}
