//! What waits to go to an app: whoever has the turn takes along what came meanwhile.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use pombo_domain::port::{Delivered, DeliveryError};
use tokio::sync::{Semaphore, oneshot};

use super::request::{Item, LARGEST_BATCH};

pub(super) type Outcome = Result<Delivered, DeliveryError>;

/// The desk of one app. Bounded by the deliveries that are under way, each of which has one event here.
#[derive(Debug)]
pub(super) struct Desk {
    waiting: Mutex<VecDeque<Waiting>>,
    turn: Semaphore,
}

#[derive(Debug)]
struct Waiting {
    item: Item,
    answer: oneshot::Sender<Outcome>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }
}

impl Desk {
    /// Delivers the item, perhaps together with others; in the order in which this was first polled. `send` sends them in one
    /// request. Whoever stops waiting takes its item along, unless that is under way.
    pub(super) async fn deliver<F: Future<Output = Outcome>>(
        &self,
        item: Item,
        send: impl Fn(Vec<Item>) -> F,
    ) -> Outcome {
        let (answer, mut mine) = oneshot::channel();
        self.waiting().push_back(Waiting { item, answer });
        let _turn = self.turn.acquire().await;
        // Those that begin together with this one come to the desk first.
        tokio::task::yield_now().await;
        loop {
            match mine.try_recv() {
                Ok(outcome) => return outcome,
                Err(oneshot::error::TryRecvError::Closed) => return Err(cut_off()),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let batch = self.next();
            let items: Vec<_> = batch.iter().map(|waiting| waiting.item.clone()).collect();
            let outcome = send(items.clone()).await;
            // One of them may be to blame.
            let each_alone =
                items.len() > 1 && matches!(outcome, Err(DeliveryError::Permanent { .. }));
            for (waiting, item) in batch.into_iter().zip(items) {
                let outcome = if each_alone {
                    send(vec![item]).await
                } else {
                    outcome.clone()
                };
                // Nobody waits for it any more: then it is delivered again later, with the same id.
                drop(waiting.answer.send(outcome));
            }
        }
    }

    /// The first ones that somebody still waits for.
    fn next(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let mut batch = Vec::new();
        while batch.len() < LARGEST_BATCH
            && let Some(first) = waiting.pop_front()
        {
            if !first.answer.is_closed() {
                batch.push(first);
            }
        }
        batch
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody had taken it along and then stopped.
fn cut_off() -> DeliveryError {
    DeliveryError::Unreachable {
        reason: "the request to Pusher was cut off".to_owned(),
    }
}
