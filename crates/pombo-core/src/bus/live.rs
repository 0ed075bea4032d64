//! Shows events to connected clients, in the order of the log.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::event::{Event, Seq};
use pombo_domain::port::{LiveEvent, LiveTransport};
use pombo_domain::subscription::TransportKind;
use pombo_store::{Db, event};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::tail::{Bus, Newer};
use crate::instance::Registry;

const BATCH: usize = 256;
/// After so many events those who write to clients get a turn: clients that read must not be overrun by a burst.
const TURN: usize = 32;

/// Follows the log from `place` until stopped.
pub(crate) async fn follow(
    bus: Arc<Bus>,
    store: Db,
    registry: Arc<Registry>,
    transports: Arc<Vec<Arc<dyn LiveTransport>>>,
    global: bool,
    mut place: Seq,
    stop: CancellationToken,
) {
    let mut bell = bus.bell();
    loop {
        let events = match bus.newer(place, BATCH) {
            Newer::Events(events) => events,
            Newer::Behind => from_table(&store, place).await,
        };
        if events.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return,
                rung = bell.changed() => if rung.is_err() { return },
            }
            continue;
        }
        for (index, event) in events.into_iter().enumerate() {
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            show(&bus, &registry, &transports, global, &event).await;
            place = event.seq.unwrap_or(place);
            bus.live_is_at(place);
        }
    }
}

/// The ring has moved on while clients were being shown older events.
async fn from_table(store: &Db, place: Seq) -> Vec<Arc<Event>> {
    loop {
        match event::after(store, None, place, BATCH as u32).await {
            Ok(events) => return events,
            Err(error) => {
                warn!("cannot read the event log for connected clients: {error}");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

/// Shows one event to the clients that want it.
pub(crate) async fn show(
    bus: &Bus,
    registry: &Registry,
    transports: &[Arc<dyn LiveTransport>],
    global: bool,
    event: &Arc<Event>,
) {
    let wanted = registry
        .by_id(&event.event.instance.id)
        .is_some_and(|entry| {
            entry
                .state()
                .subscriptions
                .get(&TransportKind::Websocket)
                .is_some_and(|subscription| subscription.wants_event(&event.event))
        });
    if !wanted && !global {
        return;
    }
    let live = LiveEvent {
        event: Arc::clone(event),
        envelope: bus.envelope(event),
        to_instance: wanted,
        to_all: global,
    };
    for transport in transports {
        transport.emit(&live).await;
    }
    debug!(instance = %event.event.instance.name, event.kind = event.event.kind.as_str(), "shown to connected clients");
}
