//! What was uploaded, by the last part of its path.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Files of the network.
#[derive(Debug, Default)]
pub(crate) struct MediaStore {
    files: Mutex<HashMap<String, Bytes>>,
}

impl MediaStore {
    /// Keeps a file under a name.
    pub(crate) fn put(&self, name: impl Into<String>, content: impl Into<Bytes>) {
        self.files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.into(), content.into());
    }

    pub(crate) fn get(&self, name: &str) -> Option<Bytes> {
        self.files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }
}
