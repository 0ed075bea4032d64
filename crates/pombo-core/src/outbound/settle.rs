//! Messages that were on their way out when the server died.

use std::sync::Arc;

use pombo_store::{StoreError, outbox};
use tracing::warn;

use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Settles what an earlier life of the server left behind: whether the network took it is not known, so it is told as
    /// failed; the network's acknowledgement or a receipt, which may still come, moves it on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn settle_outbox(&self, entry: &Arc<Entry>) -> Result<(), StoreError> {
        let instance = Arc::clone(&entry.state().instance);
        for intent in outbox::unsettled(&self.store, &instance.id).await? {
            warn!(
                instance = %instance.name, message.id = %intent.key.id,
                "the server ended while it sent a message; told as failed unless the network says otherwise"
            );
            self.failed(&instance, intent).await?;
        }
        Ok(())
    }
}
