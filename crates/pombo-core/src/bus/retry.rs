//! Tries parked deliveries again, beside the lines. A slow receiver delays only its own.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pombo_domain::clock::Timestamp;
use pombo_store::delivery::{Delivery, Except, Failure};
use pombo_store::{StoreError, delivery, event};
use tracing::warn;

use super::attempt::{Failed, Next};
use super::book::Line;
use super::durable::DurableSink;

const BATCH: u32 = 128;
/// The longest sleep, so that clocks that jump and other servers' rows are noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Ends of retried deliveries that are stored together, and how long the first of them may wait for the others. After a crash
/// these deliveries are made again.
const ENDS: usize = 64;
const ENDS_WAIT: Duration = Duration::from_millis(250);
/// The pause after each attempt that failed: what has been parked for it may be a lot, and must not keep the machine
/// busy.
const DOWN_PAUSE: Duration = Duration::from_millis(50);
/// After a look at what is due, so many times as long as it took before the next: where much is parked, looking is not cheap.
const REST: u32 = 4;
const LONGEST_REST: Duration = Duration::from_secs(2);
/// How long to rest when the database does not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Retries until the sink stops.
pub(super) async fn run(sink: Arc<DurableSink>) {
    let busy: Arc<Mutex<HashSet<Line>>> = Arc::default();
    loop {
        let start = Instant::now();
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
        let rest = (start.elapsed() * REST).min(LONGEST_REST);
        tokio::select! {
            () = sink.stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
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
            if let Err(error) = serve(&sink, &line, parked).await {
                warn!(
                    transport = sink.name,
                    "cannot store the ends of retried deliveries: {error}"
                );
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

/// How a retried delivery ended.
enum End {
    Delivered(i64),
    Again(i64, Failure, Timestamp),
    GivenUp(i64, Failure),
}

/// One more attempt for each of these deliveries of a line, one after the other.
async fn serve(
    sink: &Arc<DurableSink>,
    line: &Line,
    parked: Vec<Delivery>,
) -> Result<(), StoreError> {
    let mut ends = Vec::new();
    let mut since = Instant::now();
    for parked in parked {
        if sink.stop.is_cancelled() {
            break;
        }
        match again(sink, &parked).await {
            Ok(end) => ends.extend(end),
            Err(error) => {
                store(sink, ends).await?;
                return Err(error);
            }
        }
        if ends.len() >= ENDS || since.elapsed() >= ENDS_WAIT {
            store(sink, std::mem::take(&mut ends)).await?;
            since = Instant::now();
        }
        if sink.lane(line).is_some_and(|lane| !lane.is_healthy()) {
            tokio::select! {
                () = sink.stop.cancelled() => {}
                () = tokio::time::sleep(DOWN_PAUSE) => {}
            }
        }
    }
    store(sink, ends).await
}

/// One more attempt; `None` when the delivery is to wait as it does.
async fn again(sink: &Arc<DurableSink>, parked: &Delivery) -> Result<Option<End>, StoreError> {
    let id = parked.id;
    let hopeless = |reason: &str| {
        let failure = Failure {
            attempt: parked.delivery.attempt,
            status: parked.delivery.status,
            error: reason.to_owned(),
            latency: parked.delivery.latency,
        };
        Ok(Some(End::GivenUp(id, failure)))
    };
    let Some(event) = event::get(&sink.store, parked.delivery.event_seq).await? else {
        return hopeless("the event is no longer in the log");
    };
    let Some(lane) = sink.lane(&parked.delivery.instance_id) else {
        return hopeless("the subscription is gone");
    };
    let subscription = lane.subscription();
    if subscription.paused() {
        return Ok(None);
    }
    if !subscription.enabled {
        return hopeless("the subscription was switched off");
    }
    let attempt = parked.delivery.attempt + 1;
    let outcome = sink.attempt(&event, &subscription, attempt).await;
    lane.attempted(&outcome);
    let Err(Failed { failure, next }) = outcome else {
        return Ok(Some(End::Delivered(id)));
    };
    let after = match next {
        Next::Retry(after) => after,
        Next::Wait => None,
        Next::GiveUp => return Ok(Some(End::GivenUp(id, failure))),
        Next::SwitchOff => {
            sink.switch_off(&subscription);
            return Ok(Some(End::GivenUp(id, failure)));
        }
    };
    // What was queued again by hand is given the whole schedule again, however old the event is.
    let since = parked.delivery.created_at.unwrap_or(event.event.at);
    let Some(delay) = sink.delay_after(since.max(event.event.at), attempt, after) else {
        return Ok(Some(End::GivenUp(id, failure)));
    };
    let next_at = sink.clock.now().plus(delay);
    Ok(Some(End::Again(id, failure, next_at)))
}

async fn store(sink: &DurableSink, ends: Vec<End>) -> Result<(), StoreError> {
    if ends.is_empty() {
        return Ok(());
    }
    let ends = Arc::new(ends);
    let written = Arc::clone(&ends);
    sink.store
        .write(move |tx| {
            let ends = Arc::clone(&written);
            Box::pin(async move {
                for end in &*ends {
                    match end {
                        End::Delivered(id) => delivery::delete(tx, *id).await?,
                        End::Again(id, failure, next_at) => {
                            delivery::reschedule(tx, *id, failure, *next_at).await?;
                        }
                        End::GivenUp(id, failure) => delivery::bury(tx, *id, failure).await?,
                    }
                }
                Ok(())
            })
        })
        .await?;
    for end in &*ends {
        if let End::GivenUp(_, failure) = end {
            warn!(
                transport = sink.name,
                attempt = failure.attempt,
                "gave up a delivery: {}",
                failure.error
            );
            sink.counters.dead.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}
