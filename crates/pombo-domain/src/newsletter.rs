//! Newsletters, which WhatsApp shows as channels: who runs them, what is posted in them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::MessageKey;

/// What an account is in a newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NewsletterRole {
    /// Made it, or was given it.
    Owner,
    /// Writes in it.
    Admin,
    /// Follows it.
    Subscriber,
    /// Only looks.
    Guest,
}

/// A newsletter as the account sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Newsletter {
    /// `...@newsletter`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description; empty: none.
    pub description: String,
    /// The code at the end of `https://whatsapp.com/channel/...`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_code: Option<String>,
    /// That link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
    /// When it was made: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<i64>,
    /// How many follow it.
    pub subscribers: u64,
    /// WhatsApp vouches for whose it is.
    pub verified: bool,
    /// `active`, `suspended`, `geosuspended`, `deleted`.
    pub state: String,
    /// What the account is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<NewsletterRole>,
    /// The account is not told of new posts.
    pub muted: bool,
    /// Which reactions it takes: `all`, `basic`, `none`, `blocklist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactions: Option<String>,
    /// URL of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// What is to change in a newsletter: only what is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewsletterPatch {
    /// New name.
    pub name: Option<String>,
    /// New description; empty: none.
    pub description: Option<String>,
    /// New picture (JPEG); empty: none.
    pub picture: Option<bytes::Bytes>,
    /// Which reactions it takes: `all`, `basic`, `none`.
    pub reactions: Option<String>,
}

/// How often an emoji was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// The emoji.
    pub reaction: String,
    /// How often.
    pub count: u64,
}

/// Something posted in a newsletter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewsletterPost {
    /// With `server_id`, by which reactions name it.
    pub key: MessageKey,
    /// Such as `conversation`.
    pub message_type: String,
    /// The content, as in records; empty when it was deleted.
    pub message: Value,
    /// Seconds since the epoch.
    pub message_timestamp: i64,
    /// When it was last edited or deleted: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_timestamp: Option<i64>,
    /// It was deleted.
    pub deleted: bool,
    /// How many have seen it, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<u64>,
    /// What followers gave it, the most frequent first.
    pub reactions: Vec<ReactionCount>,
}

/// Somebody who follows a newsletter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewsletterFollower {
    /// As WhatsApp names them: mostly a LID.
    pub id: String,
    /// The phone-number JID, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// What they call themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<NewsletterRole>,
    /// Since when: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}
