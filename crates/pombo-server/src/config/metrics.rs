use secrecy::SecretString;

use super::{addresses::AddressList, env, reader::Reader};

/// `GET /metrics`. Source: `PROMETHEUS_METRICS`, `METRICS_*`.
#[derive(Debug, Clone)]
pub struct MetricsConfig {
    /// Whether it exists.
    pub enabled: bool,
    /// Whether it asks for user and password. While one of the two is missing, nobody gets in.
    pub auth_required: bool,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// Who may ask; empty: everybody.
    pub allowed: AddressList,
}

impl MetricsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            enabled: reader.flag(&env::PROMETHEUS_METRICS),
            auth_required: reader.flag(&env::METRICS_AUTH_REQUIRED),
            user: reader.optional_text(&env::METRICS_USER),
            password: reader.optional_secret(&env::METRICS_PASSWORD),
            allowed: reader
                .optional_addresses(&env::METRICS_ALLOWED_IPS)
                .unwrap_or_default(),
        }
    }
}
