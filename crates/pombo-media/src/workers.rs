use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::MediaError;

/// Runs what keeps a processor busy on threads that may block, and no more of it at once than there are processors.
///
/// The bound is also one on memory: decoded pictures are large.
#[derive(Debug, Clone)]
pub(crate) struct Workers(Arc<Semaphore>);

impl Workers {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(2, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new(processors)))
    }

    /// Waits for a free place. Work that has begun ends by itself, also when nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
    ) -> Result<T, MediaError> {
        let permit = Arc::clone(&self.0)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        // A library panicked over somebody's file, and the runtime has caught it.
        .unwrap_or(Err(MediaError::Stumbled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let workers = Workers(Arc::new(Semaphore::new(1)));
        let failed = workers
            .run(|| -> Result<(), MediaError> { panic!("a damaged file") })
            .await;
        assert!(matches!(failed, Err(MediaError::Stumbled)));
        assert_eq!(workers.run(|| Ok(7)).await.unwrap(), 7);
    }
}
