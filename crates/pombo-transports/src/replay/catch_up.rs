use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::event::{Event, Seq, envelope};
use pombo_domain::id::InstanceId;
use pombo_domain::port::EventHistory;
use tokio::time::{Instant, sleep, timeout};

use super::progress::{Progress, Switch};

/// Where a client wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what comes; it only wants to learn its place.
    Latest,
    /// With everything after this place.
    After(Seq),
}

/// The last word of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct End {
    /// What the client asked for.
    pub(crate) from: Seq,
    /// The place that it has reached.
    pub(crate) to: Seq,
    /// False when something between the two is no longer known.
    pub(crate) complete: bool,
}

/// Why something could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendError {
    /// The client's queue is full.
    Full,
    /// The client is no longer there.
    Gone,
}

/// A client that catches up.
pub(crate) trait Receiver: Send + Sync {
    /// How far it is.
    fn progress(&self) -> &Progress;

    /// How many events fit into one turn.
    fn turn(&self) -> usize;

    /// Waits until a whole turn fits into the client's queue, with room left for everything else. As long as the client
    /// takes; how long it may, others watch over.
    fn room(&self) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Sends one event with its place.
    fn send(&self, event: &Event, placed: &Bytes) -> Result<(), SendError>;

    /// Sends the last word.
    fn send_end(&self, end: End) -> Result<(), SendError>;
}

/// Why a client did not catch up. It is to be disconnected: a gap must not pass silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Interrupted {
    /// The log could not be read.
    #[error("the event log cannot be read right now")]
    History,
    /// The client left, or did not take what it asked for.
    #[error("the client is gone")]
    Gone,
}

/// How long the log may take to answer, or to show an event that was seen live.
const HISTORY_PATIENCE: Duration = Duration::from_secs(10);

/// Sends to `receiver` what it missed, then makes it live. `scope` is one instance or everything; `wants` filters within.
pub(crate) async fn catch_up<R: Receiver>(
    history: &dyn EventHistory,
    scope: Option<&InstanceId>,
    wants: impl Fn(&Event) -> bool + Send,
    start: Start,
    receiver: &R,
) -> Result<End, Interrupted> {
    let from = match start {
        Start::Latest => history.head(),
        Start::After(seq) => seq,
    };
    let mut cursor = from;
    let mut complete = true;
    let mut stuck_since: Option<Instant> = None;
    loop {
        let answer = timeout(
            HISTORY_PATIENCE,
            history.after(scope, cursor, receiver.turn()),
        )
        .await;
        let Ok(Ok(page)) = answer else {
            return Err(Interrupted::History);
        };
        complete &= page.complete;
        if cursor > page.head {
            // A place that does not exist: the client knows another log. Better to repeat than to wait for it.
            complete = false;
            cursor = page.head;
        }
        let mut room = 0;
        for (event, bare) in &page.events {
            let Some(seq) = event.seq.filter(|_| wants(event)) else {
                continue;
            };
            if room == 0 {
                receiver.room().await.map_err(|_| Interrupted::Gone)?;
                room = receiver.turn();
            }
            receiver
                .send(event, &envelope::with_place(bare, &event.event, seq))
                .map_err(|_| Interrupted::Gone)?;
            room -= 1;
        }
        let through = page.through.min(page.head);
        let advanced = through > cursor;
        cursor = cursor.max(through);
        if cursor < page.head && advanced {
            continue;
        }
        let end = End {
            from,
            to: cursor,
            complete,
        };
        match receiver
            .progress()
            .switch(cursor, || receiver.send_end(end))
        {
            Switch::Live => return Ok(end),
            Switch::Failed(SendError::Gone) => return Err(Interrupted::Gone),
            Switch::Failed(SendError::Full) => {
                receiver.room().await.map_err(|_| Interrupted::Gone)?
            }
            Switch::Behind if advanced => stuck_since = None,
            Switch::Behind => {
                // Seen live, not yet readable: give the log a moment.
                let since = *stuck_since.get_or_insert_with(Instant::now);
                if since.elapsed() > HISTORY_PATIENCE {
                    return Err(Interrupted::History);
                }
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
