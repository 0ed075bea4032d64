//! What a key may do.

use crate::id::InstanceId;
use crate::instance::InstanceRef;

/// What a valid key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    Global,
    /// The instances that have this token; normally one, the original allows several.
    Instances(Vec<InstanceId>),
}

impl Access {
    /// Whether the key opens this instance.
    #[must_use]
    pub fn opens(&self, instance: &InstanceId) -> bool {
        match self {
            Self::Global => true,
            Self::Instances(ids) => ids.contains(instance),
        }
    }
}

/// Knows keys and instances. Answers from memory, at once, in constant time with regard to the key's content.
pub trait ApiKeys: Send + Sync {
    /// What `key` opens; `None` when it opens nothing.
    fn access(&self, key: &str) -> Option<Access>;

    /// The instance of exactly this name.
    fn find(&self, name: &str) -> Option<InstanceRef>;
}
