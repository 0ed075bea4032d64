//! An instance: one WhatsApp account that the gateway keeps connected, under a unique name.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::InstanceId;

/// Name of an instance: 1 to 255 characters, unique; part of URLs, queue names and Socket.IO namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceName(Arc<str>);

/// Why a text cannot name an instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// No characters at all.
    #[error("\"instanceName\" cannot be empty")]
    Empty,
    /// More than 255 characters.
    #[error("\"instanceName\" does not meet maximum length of 255")]
    TooLong,
    /// A control character, which no URL or namespace can carry.
    #[error("\"instanceName\" cannot contain control characters")]
    ControlCharacter,
}

impl InstanceName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidName`] says what is wrong.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
        let text = text.as_ref();
        if text.trim().is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > 255 {
            return Err(InvalidName::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidName::ControlCharacter);
        }
        Ok(Self(text.into()))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for InstanceName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl From<InstanceName> for String {
    fn from(name: InstanceName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How an instance reaches WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChannelKind {
    /// WhatsApp Web, multi-device.
    #[serde(rename = "WHATSAPP-BAILEYS")]
    Whatsapp,
    /// Meta's Cloud API.
    #[serde(rename = "WHATSAPP-BUSINESS")]
    Cloud,
    /// The generic HTTP channel: messages come in by `POST /webhook/evolution` and go out as events.
    #[serde(rename = "EVOLUTION")]
    Evolution,
}

impl ChannelKind {
    /// The spelling that clients use (`integration`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "WHATSAPP-BAILEYS",
            Self::Cloud => "WHATSAPP-BUSINESS",
            Self::Evolution => "EVOLUTION",
        }
    }

    /// The channel of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Whatsapp, Self::Cloud, Self::Evolution]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Whether the instance can send and receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    /// Connected.
    Open,
    /// On the way, or waiting for a QR scan.
    Connecting,
    /// Not connected.
    Close,
}

impl ConnectionState {
    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Connecting => "connecting",
            Self::Close => "close",
        }
    }

    /// The state of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Connecting, Self::Close]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One instance as it is stored. Its JSON is the head of a `fetchInstances` element; the token is in it, as clients need.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// UUID.
    pub id: InstanceId,
    /// Unique name.
    pub name: InstanceName,
    /// Stored connection state.
    #[serde(rename = "connectionStatus")]
    pub connection: ConnectionState,
    /// The account's own JID, known once connected.
    pub owner_jid: Option<String>,
    /// The account's display name.
    pub profile_name: Option<String>,
    /// URL of the account's picture.
    pub profile_pic_url: Option<String>,
    /// The channel.
    #[serde(rename = "integration")]
    pub channel: ChannelKind,
    /// Phone number, Meta phone number id, or the `numberId` of the HTTP channel.
    pub number: Option<String>,
    /// Meta business account id.
    pub business_id: Option<String>,
    /// The instance's own API key.
    pub token: String,
    /// `DATABASE_CONNECTION_CLIENT_NAME` of the server that owns it.
    pub client_name: String,
    /// Status code of the last final disconnection.
    pub disconnection_reason_code: Option<i32>,
    /// What was known about it: a JSON text.
    pub disconnection_object: Option<String>,
    /// When it happened.
    pub disconnection_at: Option<Timestamp>,
    /// When the instance was created.
    pub created_at: Timestamp,
    /// When its row last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Instance")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("channel", &self.channel)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// The two ways to point at an instance, together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceRef {
    /// UUID.
    pub id: InstanceId,
    /// Unique name.
    pub name: InstanceName,
}

impl Instance {
    /// Id and name.
    #[must_use]
    pub fn reference(&self) -> InstanceRef {
        InstanceRef {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(InstanceName::new("ora é sp/1").is_ok());
        assert_eq!(InstanceName::new(" "), Err(InvalidName::Empty));
        assert_eq!(
            InstanceName::new("x".repeat(256)),
            Err(InvalidName::TooLong)
        );
        assert_eq!(
            InstanceName::new("a\nb"),
            Err(InvalidName::ControlCharacter)
        );
    }

    #[test]
    fn channel_spellings_round_trip() {
        for kind in [
            ChannelKind::Whatsapp,
            ChannelKind::Cloud,
            ChannelKind::Evolution,
        ] {
            assert_eq!(ChannelKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChannelKind::parse("FOO"), None);
    }

    #[test]
    fn debug_hides_the_token() {
        let instance = Instance {
            id: "1".into(),
            name: InstanceName::new("a").unwrap(),
            connection: ConnectionState::Open,
            owner_jid: None,
            profile_name: None,
            profile_pic_url: None,
            channel: ChannelKind::Evolution,
            number: None,
            business_id: None,
            token: "TOPSECRET".to_owned(),
            client_name: String::new(),
            disconnection_reason_code: None,
            disconnection_object: None,
            disconnection_at: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        };
        assert!(!format!("{instance:?}").contains("TOPSECRET"));
    }
}
