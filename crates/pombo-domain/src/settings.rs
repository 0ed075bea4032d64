//! Per-instance behaviour that users switch on and off.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{InstanceId, RowId};

/// The eight settings, in the order and spelling of `GET /settings/find`, and what is ours.
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
    /// How fast messages are sent; `None`: as they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Pacing>,
}

/// How fast an instance sends. Zeros limit nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pacing {
    /// The shortest pause between two messages, in milliseconds.
    pub min_delay: u64,
    /// The longest; each pause is drawn between the two.
    pub max_delay: u64,
    /// Messages in any minute.
    pub per_minute: u32,
    /// Messages in any hour.
    pub per_hour: u32,
    /// Messages in any 24 hours.
    pub per_day: u32,
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
