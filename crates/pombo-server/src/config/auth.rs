use secrecy::SecretString;

use super::{env, reader::Reader};

/// Who may call. Source: `AUTHENTICATION_*`.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// The global key. `None`: one is generated, see [`load_or_create_api_key`](super::load_or_create_api_key).
    pub api_key: Option<SecretString>,
    /// Whether the `apikey` field of an event holds the instance's token.
    pub expose_in_fetch_instances: bool,
    /// Whether `POST /webhook/evolution` asks for the key.
    pub evolution_webhook: bool,
}

impl AuthConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            api_key: reader.optional_secret(&env::AUTHENTICATION_API_KEY),
            expose_in_fetch_instances: reader.flag(&env::AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES),
            evolution_webhook: reader.flag(&env::POMBO_EVOLUTION_WEBHOOK_AUTH),
        }
    }
}
