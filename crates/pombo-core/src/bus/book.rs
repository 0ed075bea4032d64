//! Cursors on their way to the table: the newest place per line, written together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pombo_domain::event::Seq;
use pombo_domain::id::InstanceId;
use pombo_store::{Db, StoreError, cursor};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Whose line: an instance's, or the one that gets everything.
pub(crate) type Line = Option<InstanceId>;

/// Places that are not in the table yet. Bounded by the number of lines, since a newer place replaces an older one.
///
/// After a crash a sink repeats what it delivered since the last write, which is what was in flight plus one commit.
pub(crate) struct CursorBook {
    sink: &'static str,
    places: Mutex<HashMap<Line, Seq>>,
    changed: Notify,
}

impl CursorBook {
    pub(crate) fn new(sink: &'static str) -> Self {
        Self {
            sink,
            places: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Notes that everything up to `place` is settled. Never waits.
    pub(crate) fn note(&self, line: &Line, place: Seq) {
        self.places
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(line.clone(), place);
        self.changed.notify_one();
    }

    /// Forgets a line that is gone.
    pub(crate) fn forget(&self, line: &Line) {
        self.places
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(line);
    }

    /// Writes places as they are noted, until stopped; then writes the last ones.
    pub(crate) async fn keep(self: Arc<Self>, store: Db, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => {}
            }
            if let Err(error) = self.write(&store).await {
                warn!("cannot store cursors, will try again: {error}");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        if let Err(error) = self.write(&store).await {
            warn!("cannot store the last cursors; some events will be delivered twice: {error}");
        }
    }

    async fn write(&self, store: &Db) -> Result<(), StoreError> {
        let places =
            std::mem::take(&mut *self.places.lock().unwrap_or_else(PoisonError::into_inner));
        if places.is_empty() {
            return Ok(());
        }
        let places = Arc::new(places);
        let (sink, written) = (self.sink, Arc::clone(&places));
        let result = store
            .write(move |tx| {
                let places = Arc::clone(&written);
                Box::pin(async move {
                    for (line, place) in &*places {
                        cursor::set(tx, sink, line.as_ref(), *place).await?;
                    }
                    Ok(())
                })
            })
            .await;
        if result.is_err() {
            let mut kept = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            for (line, place) in &*places {
                kept.entry(line.clone()).or_insert(*place);
            }
            drop(kept);
            self.changed.notify_one();
        }
        result
    }
}
