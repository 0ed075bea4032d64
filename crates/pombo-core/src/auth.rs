//! What a key may do.

use std::sync::Arc;

use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{Access, ApiKeys};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::instance::Registry;

/// SHA-256 of a key: what is compared and looked up, so that the time taken says nothing about the key.
pub(crate) type KeyHash = [u8; 32];

/// The hash of a key.
pub(crate) fn hash(key: &str) -> KeyHash {
    Sha256::digest(key.as_bytes()).into()
}

/// The global key and the tokens of the instances.
pub struct Keys {
    global: KeyHash,
    registry: Arc<Registry>,
}

impl Keys {
    pub(crate) fn new(global: &SecretString, registry: Arc<Registry>) -> Self {
        Self {
            global: hash(global.expose_secret()),
            registry,
        }
    }
}

impl ApiKeys for Keys {
    fn access(&self, key: &str) -> Option<Access> {
        if key.is_empty() {
            return None;
        }
        let hashed = hash(key);
        if bool::from(hashed.ct_eq(&self.global)) {
            return Some(Access::Global);
        }
        let ids = self.registry.ids_of_token(&hashed);
        (!ids.is_empty()).then_some(Access::Instances(ids))
    }

    fn find(&self, name: &str) -> Option<InstanceRef> {
        self.registry
            .by_name(name)
            .map(|entry| entry.state().instance.reference())
    }
}
