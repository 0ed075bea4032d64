//! Labels that sort chats and messages.

use serde::{Deserialize, Serialize};

/// A label. JSON as `GET /label/findLabels` shows it: `{color, name, id, predefinedId}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Label {
    /// Index of its colour, as text.
    pub color: String,
    /// Its name.
    pub name: String,
    /// Its id on WhatsApp.
    pub id: String,
    /// Id of the ready-made label that it is.
    pub predefined_id: Option<String>,
}
