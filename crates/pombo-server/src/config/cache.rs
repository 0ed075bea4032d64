use super::{env, reader::Reader};

/// The original's caches. Nothing here needs them. Source: `CACHE_REDIS_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// Whether any of the variables is set; they change nothing.
    pub redis_mentioned: bool,
}

impl CacheConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Self {
        let variables = [
            &env::CACHE_REDIS_ENABLED,
            &env::CACHE_REDIS_URI,
            &env::CACHE_REDIS_PREFIX_KEY,
            &env::CACHE_REDIS_TTL,
            &env::CACHE_REDIS_SAVE_INSTANCES,
        ];
        Self {
            redis_mentioned: variables
                .into_iter()
                .any(|variable| reader.text_of(variable).is_some()),
        }
    }
}
