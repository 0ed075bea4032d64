use secrecy::SecretString;

use super::{env, reader::Reader};

/// Which chatbots exist. Source: `TYPEBOT_*`, `OPENAI_*`, `*_ENABLED`.
#[derive(Debug, Clone)]
pub struct ChatbotsConfig {
    /// Typebot.
    pub typebot: Option<TypebotConfig>,
    /// OpenAI.
    pub openai: Option<OpenaiConfig>,
    /// Dify.
    pub dify: bool,
    /// n8n.
    pub n8n: bool,
    /// Flowise.
    pub flowise: bool,
    /// EvoAI.
    pub evoai: bool,
}

/// Typebot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypebotConfig {
    /// `latest`, or anything else for the old API.
    pub api_version: String,
    /// Whether media are sent as base64.
    pub media_base64: bool,
}

/// OpenAI.
#[derive(Debug, Clone)]
pub struct OpenaiConfig {
    /// The key for speech recognition of instances without credentials of their own.
    pub global_key: Option<SecretString>,
}

impl ChatbotsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            typebot: reader.flag(&env::TYPEBOT_ENABLED).then(|| TypebotConfig {
                api_version: reader.text(&env::TYPEBOT_API_VERSION),
                media_base64: reader.flag(&env::TYPEBOT_SEND_MEDIA_BASE64),
            }),
            openai: reader.flag(&env::OPENAI_ENABLED).then(|| OpenaiConfig {
                global_key: reader.optional_secret(&env::OPENAI_API_KEY_GLOBAL),
            }),
            dify: reader.flag(&env::DIFY_ENABLED),
            n8n: reader.flag(&env::N8N_ENABLED),
            flowise: reader.flag(&env::FLOWISE_ENABLED),
            evoai: reader.flag(&env::EVOAI_ENABLED),
        }
    }
}
