//! One upload, from its first byte to its hash.

use std::sync::Arc;

use super::content::{Content, Growing};
use super::store::MediaStore;

/// What has arrived goes back to the store when the connection breaks, that is, when this is dropped.
pub(super) struct Receiving {
    store: Arc<MediaStore>,
    hash: [u8; 32],
    growing: Option<Growing>,
}

/// Why bytes were not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    #[error("`file_offset` is {offset}, but only {arrived} bytes have arrived")]
    Offset { offset: u64, arrived: u64 },
    #[error("the file is too large")]
    TooLarge,
    #[error("the bytes do not have the hash that the token names")]
    Hash,
    #[error("the bytes cannot be stored")]
    Disk(#[from] std::io::Error),
}

impl Receiving {
    /// Begins, or goes on at `offset`.
    pub(super) async fn begin(
        store: &Arc<MediaStore>,
        hash: [u8; 32],
        offset: Option<u64>,
    ) -> Result<Self, ReceiveError> {
        let offset = offset.unwrap_or(0);
        let arrived = store.take_partial(&hash);
        let mut receiving = Self {
            store: Arc::clone(store),
            hash,
            growing: Some(arrived.unwrap_or_else(Growing::new)),
        };
        // From here on what has arrived is not lost, whatever happens.
        let growing = receiving.growing();
        if offset > growing.size() {
            let arrived = growing.size();
            return Err(ReceiveError::Offset { offset, arrived });
        }
        growing.cut(offset).await?;
        Ok(receiving)
    }

    fn growing(&mut self) -> &mut Growing {
        self.growing.get_or_insert_with(Growing::new)
    }

    pub(super) async fn push(&mut self, piece: &[u8]) -> Result<(), ReceiveError> {
        let store = Arc::clone(&self.store);
        let settings = store.settings();
        let growing = self.growing();
        if growing.size() + piece.len() as u64 > settings.size_limit {
            self.growing = None;
            return Err(ReceiveError::TooLarge);
        }
        growing
            .push(piece, settings.memory_limit, store.folder())
            .await?;
        Ok(())
    }

    /// All has come: the file, if its hash is right.
    pub(super) async fn finish(mut self) -> Result<Content, ReceiveError> {
        let growing = self.growing.take().unwrap_or_else(Growing::new);
        let (content, hash) = growing.finish().await?;
        if hash == self.hash {
            Ok(content)
        } else {
            content.forget();
            Err(ReceiveError::Hash)
        }
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if let Some(growing) = self.growing.take()
            && growing.size() > 0
        {
            self.store.put_partial(self.hash, growing);
        }
    }
}
