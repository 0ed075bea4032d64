use secrecy::SecretString;

use super::{env, reader::Reader};

/// A service that converts audio. Source: `API_AUDIO_CONVERTER*`.
#[derive(Debug, Clone)]
pub struct AudioConverterConfig {
    /// Where it is.
    pub url: String,
    /// Its key, sent in the header `apikey`.
    pub key: Option<SecretString>,
}

impl AudioConverterConfig {
    /// `None` when there is none.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.optional_text(&env::API_AUDIO_CONVERTER)?;
        Some(Self {
            url,
            key: reader.optional_secret(&env::API_AUDIO_CONVERTER_KEY),
        })
    }
}
