//! Per-instance behaviour that users switch on and off.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{InstanceId, RowId};

/// The eight settings, in the order and spelling of `GET /settings/find`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Refuse incoming calls.
    pub reject_call: bool,
    /// Text sent to a caller who was refused.
    pub msg_call: String,
    /// Say nothing of groups.
    pub groups_ignore: bool,
    /// Stay "online".
    pub always_online: bool,
    /// Mark messages as read when they arrive.
    pub read_messages: bool,
    /// Mark status posts as seen when they arrive.
    pub read_status: bool,
    /// Ask for the whole history when linking.
    pub sync_full_history: bool,
    /// Token of a voice-call add-on.
    pub wavoip_token: String,
}

/// The stored row, as `fetchInstances` shows it under `Setting`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsRow {
    /// Row id.
    pub id: RowId,
    /// The settings themselves.
    #[serde(flatten)]
    pub settings: Settings,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whose settings.
    pub instance_id: InstanceId,
}
