//! Tries parked deliveries again, beside the lines. A slow receiver delays only its own.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pombo_domain::port::DeliveryError;
use pombo_store::delivery::Delivery;
use pombo_store::{StoreError, delivery, event};
use tracing::warn;

use super::book::Line;
use super::durable::DurableSink;

const BATCH: u32 = 128;
/// The longest sleep, so that clocks that jump and other servers' rows are noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long to rest when the database does not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Retries until the sink stops.
pub(super) async fn run(sink: Arc<DurableSink>) {
    let busy: Arc<Mutex<HashSet<Line>>> = Arc::default();
    loop {
        let sleep = match round(&sink, &busy).await {
            Ok(sleep) => sleep,
            Err(error) => {
                warn!(
                    transport = sink.name,
                    "cannot read parked deliveries: {error}"
                );
                STORE_PAUSE
            }
        };
        tokio::select! {
            () = sink.stop.cancelled() => return,
            () = sink.parked.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Starts what is due; answers how long to sleep.
async fn round(
    sink: &Arc<DurableSink>,
    busy: &Arc<Mutex<HashSet<Line>>>,
) -> Result<Duration, StoreError> {
    let now = sink.clock.now();
    let due = delivery::due(&sink.store, sink.name, now, BATCH).await?;
    let full = due.len() >= BATCH as usize;
    let mut receivers: HashMap<Line, Vec<Delivery>> = HashMap::new();
    for parked in due {
        receivers
            .entry(parked.delivery.instance_id.clone())
            .or_default()
            .push(parked);
    }
    let mut started = false;
    for (line, parked) in receivers {
        if !busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(line.clone())
        {
            continue;
        }
        started = true;
        let (sink, busy) = (Arc::clone(sink), Arc::clone(busy));
        let tasks = sink.tasks.clone();
        tasks.spawn(async move {
            for parked in parked {
                if sink.stop.is_cancelled() {
                    break;
                }
                if let Err(error) = again(&sink, &parked).await {
                    warn!(
                        transport = sink.name,
                        "cannot store the end of a retried delivery: {error}"
                    );
                    break;
                }
            }
            busy.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&line);
            sink.look_at_retired(&line);
            sink.parked.notify_one();
        });
    }
    if full && started {
        return Ok(Duration::ZERO);
    }
    let next = delivery::next_due(&sink.store, sink.name).await?;
    let until = next.map_or(LONGEST_SLEEP, |next| next.since(now));
    // Receivers that are being served ring when they are done; do not spin meanwhile.
    Ok(until.clamp(Duration::from_millis(100), LONGEST_SLEEP))
}

/// One more attempt.
async fn again(sink: &Arc<DurableSink>, parked: &Delivery) -> Result<(), StoreError> {
    let id = parked.id;
    let Some(event) = event::get(&sink.store, parked.delivery.event_seq).await? else {
        return bury(
            sink,
            id,
            parked.delivery.attempt,
            None,
            "the event is no longer in the log",
        )
        .await;
    };
    let Some(lane) = sink.lane(&parked.delivery.instance_id) else {
        return bury(
            sink,
            id,
            parked.delivery.attempt,
            None,
            "the subscription is gone",
        )
        .await;
    };
    let subscription = lane.subscription();
    if !subscription.enabled {
        return bury(
            sink,
            id,
            parked.delivery.attempt,
            None,
            "the subscription was switched off",
        )
        .await;
    }
    let attempt = parked.delivery.attempt + 1;
    let outcome = sink.attempt(&event, &subscription, attempt).await;
    lane.attempted(!matches!(outcome, Err(DeliveryError::Retry { .. })));
    match outcome {
        Ok(()) => {
            sink.store
                .write(move |tx| Box::pin(delivery::delete(tx, id)))
                .await
        }
        Err(DeliveryError::Retry {
            reason,
            status,
            after,
        }) => {
            let Some(delay) = sink.delay_after(&event, attempt, after) else {
                return bury(sink, id, attempt, status, &reason).await;
            };
            let next_at = sink.clock.now().plus(delay);
            sink.store
                .write(move |tx| {
                    let reason = reason.clone();
                    Box::pin(async move {
                        delivery::reschedule(tx, id, attempt, next_at, status, &reason).await
                    })
                })
                .await
        }
        Err(DeliveryError::Permanent { reason, status }) => {
            bury(sink, id, attempt, status, &reason).await
        }
        Err(DeliveryError::Gone) => {
            bury(
                sink,
                id,
                attempt,
                Some(410),
                "the receiver is gone for good",
            )
            .await?;
            sink.switch_off(&subscription);
            Ok(())
        }
    }
}

async fn bury(
    sink: &DurableSink,
    id: i64,
    attempt: u32,
    status: Option<u16>,
    reason: &str,
) -> Result<(), StoreError> {
    let reason = reason.to_owned();
    warn!(
        transport = sink.name,
        attempt, "gave up a delivery: {reason}"
    );
    sink.store
        .write(move |tx| {
            let reason = reason.clone();
            Box::pin(async move { delivery::bury(tx, id, attempt, status, &reason).await })
        })
        .await?;
    sink.counters.dead.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
