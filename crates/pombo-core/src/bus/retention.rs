//! Prunes the log by age and size, never silently past a line that still needs an event.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::clock::{SharedClock, Timestamp};
use pombo_domain::event::Event;
use pombo_store::{Db, StoreError, event};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::sinks::Sinks;

const EVERY: Duration = Duration::from_secs(60);
const BATCH: u32 = 2000;
const LOOK_AHEAD: u32 = 256;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retention {
    pub(crate) age: Duration,
    pub(crate) rows: u64,
}

/// Prunes once a minute until stopped.
pub(crate) async fn keep(
    store: Db,
    sinks: Arc<Sinks>,
    clock: SharedClock,
    retention: Retention,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        sinks.note_idle_lines();
        match prune(&store, &sinks, &clock, retention).await {
            Ok(0) => {}
            Ok(pruned) => info!("pruned {pruned} old events"),
            Err(error) => warn!("cannot prune the event log: {error}"),
        }
    }
}

/// Prunes what is too old or too much. Where a line still needs such an event, the line is moved first, which is not silent.
pub(crate) async fn prune(
    store: &Db,
    sinks: &Sinks,
    clock: &SharedClock,
    retention: Retention,
) -> Result<u64, StoreError> {
    let age = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
    let oldest_kept = Timestamp::from_millis(clock.now().millis().saturating_sub(age));
    let mut total = 0;
    loop {
        let needed = sinks.needed_after(event::head(store).await?);
        loop {
            let pruned = event::prune(store, oldest_kept, retention.rows, needed, BATCH).await?;
            total += pruned;
            if pruned < u64::from(BATCH) {
                break;
            }
        }
        let over_cap = event::head(store)
            .await?
            .saturating_sub(i64::try_from(retention.rows).unwrap_or(i64::MAX));
        let next = event::after(store, None, needed, LOOK_AHEAD).await?;
        let expired = |event: &Arc<Event>| {
            event.event.at < oldest_kept || event.seq.is_some_and(|seq| seq <= over_cap)
        };
        let Some(through) = next
            .iter()
            .take_while(|event| expired(event))
            .last()
            .and_then(|event| event.seq)
        else {
            return Ok(total);
        };
        sinks.leave_behind(through).await?;
    }
}
