use secrecy::SecretString;

use super::{env, reader::Reader};

/// The bridge to Chatwoot. Source: `CHATWOOT_*`.
#[derive(Debug, Clone)]
pub struct ChatwootConfig {
    /// Whether what is deleted in WhatsApp is deleted in Chatwoot.
    pub delete_messages: bool,
    /// Whether an agent's answer marks the chat as read.
    pub mark_read: bool,
    /// Whether there is the contact that takes commands.
    pub bot_contact: bool,
    /// Chatwoot's PostgreSQL, to import the history.
    pub import_uri: Option<SecretString>,
    /// Whether a placeholder for media is imported.
    pub import_placeholder: bool,
}

impl ChatwootConfig {
    /// `None` when `CHATWOOT_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.flag(&env::CHATWOOT_ENABLED).then(|| Self {
            delete_messages: reader.flag(&env::CHATWOOT_MESSAGE_DELETE),
            mark_read: reader.flag(&env::CHATWOOT_MESSAGE_READ),
            bot_contact: reader.flag(&env::CHATWOOT_BOT_CONTACT),
            import_uri: reader.optional_secret(&env::CHATWOOT_IMPORT_DATABASE_CONNECTION_URI),
            import_placeholder: reader.flag(&env::CHATWOOT_IMPORT_PLACEHOLDER_MEDIA_MESSAGE),
        })
    }
}
