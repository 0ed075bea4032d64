//! Who is on WhatsApp, and under which identity.

use async_trait::async_trait;

use crate::channel::ChannelError;

/// What the network says about a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The JID that was asked for.
    pub asked: String,
    /// Whether it is on WhatsApp.
    pub exists: bool,
    /// The phone-number JID that WhatsApp uses for it.
    pub jid: Option<String>,
    /// The LID.
    pub lid: Option<String>,
    /// A business account.
    pub business: bool,
    /// The name that WhatsApp verified.
    pub verified_name: Option<String>,
}

/// Looks people up.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Asks the network about phone-number JIDs, all in one question; the answers in the order of the question.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn registered(&self, jids: &[String]) -> Result<Vec<Registered>, ChannelError>;

    /// The other identity of a person (LID of a phone number, phone number of a LID) as far as it is known here; asks nobody.
    async fn other_identity(&self, jid: &str) -> Option<String>;
}
