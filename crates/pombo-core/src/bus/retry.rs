//! Tries parked deliveries again, beside the lines. A slow receiver delays only its own.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pombo_store::delivery::{Delivery, Except, Failure};
use pombo_store::{StoreError, delivery, event};
use tracing::warn;

use super::attempt::{Failed, Next};
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
    let except = left_alone(sink, busy);
    let due = delivery::due(&sink.store, sink.name, now, &except, BATCH).await?;
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
    let except = left_alone(sink, busy);
    let next = delivery::next_due(&sink.store, sink.name, &except).await?;
    let until = next.map_or(LONGEST_SLEEP, |next| next.since(now));
    // Receivers that are being served ring when they are done; do not spin meanwhile.
    Ok(until.clamp(Duration::from_millis(100), LONGEST_SLEEP))
}

/// Receivers that are being served, and those whose line is paused: what waits for them must not hide what waits for others.
fn left_alone(sink: &DurableSink, busy: &Mutex<HashSet<Line>>) -> Except {
    let mut lines = busy.lock().unwrap_or_else(PoisonError::into_inner).clone();
    lines.extend(sink.paused_lines());
    Except::new(lines)
}

/// One more attempt.
async fn again(sink: &Arc<DurableSink>, parked: &Delivery) -> Result<(), StoreError> {
    let id = parked.id;
    let hopeless = |reason: &str| Failure {
        attempt: parked.delivery.attempt,
        status: parked.delivery.status,
        error: reason.to_owned(),
        latency: parked.delivery.latency,
    };
    let Some(event) = event::get(&sink.store, parked.delivery.event_seq).await? else {
        return bury(sink, id, hopeless("the event is no longer in the log")).await;
    };
    let Some(lane) = sink.lane(&parked.delivery.instance_id) else {
        return bury(sink, id, hopeless("the subscription is gone")).await;
    };
    let subscription = lane.subscription();
    if subscription.paused() {
        return Ok(());
    }
    if !subscription.enabled {
        return bury(sink, id, hopeless("the subscription was switched off")).await;
    }
    let attempt = parked.delivery.attempt + 1;
    let outcome = sink.attempt(&event, &subscription, attempt).await;
    lane.attempted(!matches!(&outcome, Err(failed) if matches!(failed.next, Next::Retry(_))));
    let Err(Failed { failure, next }) = outcome else {
        return sink
            .store
            .write(move |tx| Box::pin(delivery::delete(tx, id)))
            .await;
    };
    let after = match next {
        Next::Retry(after) => after,
        Next::GiveUp => return bury(sink, id, failure).await,
        Next::SwitchOff => {
            bury(sink, id, failure).await?;
            sink.switch_off(&subscription);
            return Ok(());
        }
    };
    // What was queued again by hand is given the whole schedule again, however old the event is.
    let since = parked.delivery.created_at.unwrap_or(event.event.at);
    let Some(delay) = sink.delay_after(since.max(event.event.at), attempt, after) else {
        return bury(sink, id, failure).await;
    };
    let next_at = sink.clock.now().plus(delay);
    sink.store
        .write(move |tx| {
            let failure = failure.clone();
            Box::pin(async move { delivery::reschedule(tx, id, &failure, next_at).await })
        })
        .await
}

async fn bury(sink: &DurableSink, id: i64, failure: Failure) -> Result<(), StoreError> {
    warn!(
        transport = sink.name,
        attempt = failure.attempt,
        "gave up a delivery: {}",
        failure.error
    );
    sink.store
        .write(move |tx| {
            let failure = failure.clone();
            Box::pin(async move { delivery::bury(tx, id, &failure).await })
        })
        .await?;
    sink.counters.dead.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
