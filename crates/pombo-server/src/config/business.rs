use secrecy::SecretString;

use super::{env, reader::Reader};

/// Meta's Cloud API. Source: `WA_BUSINESS_*`, `FACEBOOK_*`.
#[derive(Debug, Clone)]
pub struct BusinessConfig {
    /// The token that Meta shows when it checks the webhook.
    pub webhook_token: SecretString,
    /// `https://graph.facebook.com`
    pub url: String,
    /// `v18.0`
    pub version: String,
    /// What `POST /verify-creds` tells.
    pub facebook: FacebookConfig,
}

/// What `POST /verify-creds` tells.
#[derive(Debug, Clone)]
pub struct FacebookConfig {
    /// `facebookAppId`
    pub app_id: Option<String>,
    /// `facebookConfigId`
    pub config_id: Option<String>,
    /// `facebookUserToken`
    pub user_token: Option<SecretString>,
}

impl BusinessConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            webhook_token: reader.secret(&env::WA_BUSINESS_TOKEN_WEBHOOK),
            url: reader.text(&env::WA_BUSINESS_URL),
            version: reader.text(&env::WA_BUSINESS_VERSION),
            facebook: FacebookConfig {
                app_id: reader.optional_text(&env::FACEBOOK_APP_ID),
                config_id: reader.optional_text(&env::FACEBOOK_CONFIG_ID),
                user_token: reader.optional_secret(&env::FACEBOOK_USER_TOKEN),
            },
        }
    }
}
