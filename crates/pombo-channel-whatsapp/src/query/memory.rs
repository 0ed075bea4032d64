//! Answers of the network that are kept for a while, and asked for once however many want them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use pombo_domain::channel::ChannelError;
use tokio::time::Instant;

/// A question that nobody has waited for since then is asked anew: its answer would be an old one.
const ABANDONED: Duration = Duration::from_secs(90);

type Answer<T> = Result<T, ChannelError>;
type Question<T> = Shared<BoxFuture<'static, Answer<T>>>;

/// Answers by their key. Bounded: what is oldest goes first.
pub(crate) struct Memory<T: Clone> {
    /// For how long an answer is good.
    good: Duration,
    /// How much is kept, in the weights of the answers.
    capacity: usize,
    weigh: fn(&T) -> usize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T: Clone> {
    slots: HashMap<String, Slot<T>>,
    weight: usize,
    /// Tells questions about one key apart.
    asked: u64,
}

enum Slot<T: Clone> {
    Asking {
        question: Question<T>,
        number: u64,
        since: Instant,
    },
    Known {
        answer: T,
        since: Instant,
        weight: usize,
    },
}

impl<T: Clone + Send + Sync + 'static> Memory<T> {
    /// Keeps answers so long, and so much of them.
    pub(crate) fn new(good: Duration, capacity: usize, weigh: fn(&T) -> usize) -> Self {
        Self {
            good,
            capacity,
            weigh,
            inner: Mutex::new(Inner {
                slots: HashMap::new(),
                weight: 0,
                asked: 0,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, from memory while it is good, else by `ask`: everybody who wants it meanwhile gets the same one, refusals
    /// too. Refusals are not kept. The question goes on as long as anybody waits for it.
    pub(crate) async fn get<F>(&self, key: &str, ask: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let (question, number) = {
            let mut inner = self.inner();
            match inner.slots.get(key) {
                Some(Slot::Known { answer, since, .. }) if since.elapsed() < self.good => {
                    return Ok(answer.clone());
                }
                Some(Slot::Asking {
                    question,
                    number,
                    since,
                }) if since.elapsed() < ABANDONED => (question.clone(), *number),
                _ => {
                    inner.asked += 1;
                    let (question, number) = (ask().boxed().shared(), inner.asked);
                    inner.put(
                        key,
                        Slot::Asking {
                            question: question.clone(),
                            number,
                            since: Instant::now(),
                        },
                    );
                    (question, number)
                }
            }
        };
        let answer = question.await;
        self.settle(key, number, &answer);
        answer
    }

    /// What was answered last, however long ago; asks nobody.
    pub(crate) fn old(&self, key: &str) -> Option<T> {
        match self.inner().slots.get(key) {
            Some(Slot::Known { answer, .. }) => Some(answer.clone()),
            Some(Slot::Asking { .. }) | None => None,
        }
    }

    /// Keeps an answer, unless it was forgotten or asked for again while it was on its way.
    fn settle(&self, key: &str, number: u64, answer: &Answer<T>) {
        let mut inner = self.inner();
        let current = matches!(inner.slots.get(key), Some(Slot::Asking { number: last, .. }) if *last == number);
        if !current {
            return;
        }
        match answer {
            Ok(answer) => {
                let weight = (self.weigh)(answer);
                inner.put(
                    key,
                    Slot::Known {
                        answer: answer.clone(),
                        since: Instant::now(),
                        weight,
                    },
                );
                inner.shrink(self.capacity);
            }
            Err(_) => inner.remove(key),
        }
    }

    /// What is known of it is not true any more.
    pub(crate) fn forget(&self, key: &str) {
        self.inner().remove(key);
    }

    /// Nothing that is known is true any more.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner();
        inner.slots.clear();
        inner.weight = 0;
    }
}

impl<T: Clone> Inner<T> {
    fn put(&mut self, key: &str, slot: Slot<T>) {
        self.remove(key);
        if let Slot::Known { weight, .. } = &slot {
            self.weight += weight;
        }
        self.slots.insert(key.to_owned(), slot);
    }

    fn remove(&mut self, key: &str) {
        if let Some(Slot::Known { weight, .. }) = self.slots.remove(key) {
            self.weight -= weight;
        }
    }

    fn shrink(&mut self, capacity: usize) {
        while self.weight > capacity {
            let oldest = self
                .slots
                .iter()
                .filter_map(|(key, slot)| match slot {
                    Slot::Known { since, .. } => Some((*since, key)),
                    Slot::Asking { .. } => None,
                })
                .min()
                .map(|(_, key)| key.clone());
            let Some(oldest) = oldest else { return };
            self.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Notify;
    use tokio::time::advance;

    use super::*;

    const GOOD: Duration = Duration::from_secs(60);

    /// A network that counts questions, and answers when it may.
    #[derive(Default)]
    struct Network {
        asked: AtomicUsize,
        go: Notify,
    }

    async fn slow(network: Arc<Network>, answer: Answer<usize>) -> Answer<usize> {
        network.asked.fetch_add(1, Ordering::SeqCst);
        network.go.notified().await;
        answer
    }

    async fn quick(network: Arc<Network>) -> Answer<usize> {
        Ok(network.asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn memory(capacity: usize) -> Memory<usize> {
        Memory::new(GOOD, capacity, |weight| *weight)
    }

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question() {
        for answer in [Ok(7), Err(ChannelError::NotFound("no".to_owned()))] {
            let (memory, network) = (memory(100), Arc::new(Network::default()));
            let all = join_all((0..50).map(|_| {
                let (network, answer) = (Arc::clone(&network), answer.clone());
                memory.get("a", || slow(network, answer))
            }));
            let answers = tokio::join!(all, async { network.go.notify_one() }).0;
            assert_eq!(network.asked.load(Ordering::SeqCst), 1);
            assert_eq!(answers.len(), 50);
            assert!(answers.iter().all(|got| got.is_ok() == answer.is_ok()));
            // A refusal is not kept.
            assert_eq!(memory.old("a"), answer.ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_good_for_a_while() {
        let (memory, network) = (memory(100), Arc::new(Network::default()));
        let ask = || memory.get("a", || quick(Arc::clone(&network)));
        assert_eq!((ask().await.unwrap(), ask().await.unwrap()), (1, 1));
        advance(GOOD).await;
        assert_eq!(memory.old("a"), Some(1));
        assert_eq!(ask().await.unwrap(), 2);
        memory.forget("a");
        assert_eq!(ask().await.unwrap(), 3);
        memory.clear();
        assert_eq!(memory.old("a"), None);
    }

    #[tokio::test]
    async fn what_was_forgotten_on_its_way_is_not_kept() {
        let (memory, network) = (memory(100), Arc::new(Network::default()));
        let ask = memory.get("a", || slow(Arc::clone(&network), Ok(1)));
        let (answer, ()) = tokio::join!(ask, async {
            memory.forget("a");
            network.go.notify_one();
        });
        assert_eq!(answer.unwrap(), 1);
        assert_eq!(memory.old("a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_nobody_waits_for_is_asked_anew() {
        let (memory, network) = (memory(100), Arc::new(Network::default()));
        {
            let ask = memory.get("a", || slow(Arc::clone(&network), Ok(1)));
            assert!(tokio::time::timeout(GOOD, ask).await.is_err());
        }
        advance(ABANDONED).await;
        assert_eq!(
            memory
                .get("a", || quick(Arc::clone(&network)))
                .await
                .unwrap(),
            2
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_go_when_it_is_too_much() {
        let memory = memory(10);
        for (key, weight) in [("a", 4), ("b", 4), ("c", 4)] {
            let answer = memory.get(key, || async move { Ok(weight) }).await;
            assert_eq!(answer.unwrap(), weight);
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(memory.old("a"), None);
        assert_eq!(memory.old("c"), Some(4));
        // What alone is too much is not kept at all.
        memory.get("d", || async { Ok(11) }).await.unwrap();
        assert_eq!(memory.old("d"), None);
        assert_eq!(memory.inner().weight, 0);
    }
}
