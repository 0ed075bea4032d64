use super::{env, reader::Reader};

/// A simulator of WhatsApp instead of WhatsApp. Source: `POMBO_SIMULATOR_URL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxConfig {
    /// Where it listens; always an address of this machine, and always `None` in a build without the feature `sandbox`.
    pub simulator: Option<String>,
}

impl SandboxConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            simulator: reader.optional_text(&env::POMBO_SIMULATOR_URL),
        }
    }
}
