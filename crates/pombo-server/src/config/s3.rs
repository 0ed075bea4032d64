use secrecy::SecretString;

use super::{env, reader::Reader};

/// Media in S3. Source: `S3_*`.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// The access key's id.
    pub access_key: Option<String>,
    /// The access key.
    pub secret_key: Option<SecretString>,
    /// The host, without scheme.
    pub endpoint: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The port.
    pub port: u16,
    /// Whether TLS is used.
    pub tls: bool,
    /// The region.
    pub region: Option<String>,
    /// Whether the bucket's policy is left alone.
    pub skip_policy: bool,
    /// Whether videos are kept too.
    pub save_video: bool,
}

impl S3Config {
    /// `None` when `S3_ENABLED` is not `true`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.flag(&env::S3_ENABLED).then(|| Self {
            access_key: reader.optional_text(&env::S3_ACCESS_KEY),
            secret_key: reader.optional_secret(&env::S3_SECRET_KEY),
            endpoint: reader.optional_text(&env::S3_ENDPOINT),
            bucket: reader.optional_text(&env::S3_BUCKET),
            port: u16::try_from(reader.integer(&env::S3_PORT)).unwrap_or(9000),
            tls: reader.flag(&env::S3_USE_SSL),
            region: reader.optional_text(&env::S3_REGION),
            skip_policy: reader.flag(&env::S3_SKIP_POLICY),
            save_video: reader.flag(&env::S3_SAVE_VIDEO),
        })
    }
}
