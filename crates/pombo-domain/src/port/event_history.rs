//! Reading the log again.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::event::{Event, Seq};
use crate::id::InstanceId;

/// A piece of the log, oldest first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The events that the asker is subscribed to, each with its encoded envelope (without `id` and `seq`).
    pub events: Vec<(Arc<Event>, Bytes)>,
    /// Everything up to here has been looked at; ask again from here. Equal to the asked `after` when nothing was newer.
    pub through: Seq,
    /// The newest place in the log at the time of the answer.
    pub head: Seq,
    /// False when events newer than `after` have already been pruned: the asker missed something.
    pub complete: bool,
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the event log cannot be read right now")]
pub struct HistoryError;

/// The log, as live receivers that come back may read it.
#[async_trait]
pub trait EventHistory: Send + Sync {
    /// Events after `after`, at most `limit` looked at, filtered by the instance's websocket subscription; with `None`
    /// those of every instance, as the global mode would have shown them.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn after(
        &self,
        instance: Option<&InstanceId>,
        after: Seq,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError>;

    /// The newest place in the log.
    fn head(&self) -> Seq;
}
