//! What the library has told and is not durable yet.
//!
//! Changes are gathered and given to the store as one batch: at once when somebody has to know that they are durable, else
//! within [`WINDOW`], or with whatever comes first. Batches follow each other, one at a time. So the store always holds what
//! the library had told up to some point, whole calls only: a later call is never durable without the earlier ones. Reads
//! look here first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::key;

/// How long a change waits for company. The library gathers what sessions have to say for 25 ms.
const WINDOW: Duration = Duration::from_millis(50);
/// The longest pause between two attempts to give the store what it did not take.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// More than this is not gathered: the caller waits until the store has it.
const MOST_BYTES: usize = 1 << 20;

/// A place in the order of the changes.
pub(super) type Version = u64;

pub(super) struct Journal {
    store: Arc<dyn AuthStore>,
    state: Mutex<State>,
    /// Whoever holds it gives the store a batch.
    turn: tokio::sync::Mutex<()>,
    /// The last change that is durable.
    durable: watch::Sender<Version>,
}

#[derive(Default)]
struct State {
    records: HashMap<&'static str, BTreeMap<String, Pending>>,
    /// Kinds and beginnings of keys to be forgotten, before any of the records is written.
    prefixes: Vec<(&'static str, String, Version)>,
    last: Version,
    /// About how many bytes wait.
    bytes: usize,
    /// The store did not take the last batch: nothing is gathered until it does.
    failing: bool,
    cleared: bool,
    /// Gives the store what nobody waits for; over when it has.
    task: Option<AbortOnDropHandle<()>>,
}

struct Pending {
    /// `None`: to be deleted.
    value: Option<Bytes>,
    at_ms: i64,
    version: Version,
}

impl Journal {
    pub(super) fn new(store: Arc<dyn AuthStore>) -> Self {
        Self {
            store,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
            durable: watch::Sender::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// About how many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.state().bytes
    }

    /// Tells changes, all or none of which become durable, and returns when they are.
    pub(super) async fn durably(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        let (version, _) = self.tell(changes)?;
        self.flush(version).await
    }

    /// Tells changes and returns at once; they are durable soon, and before anything that is told later. When the store
    /// has trouble or cannot keep up, this waits for it.
    pub(super) async fn soon(
        self: &Arc<Self>,
        changes: Vec<AuthChange>,
    ) -> Result<Version, AuthStoreError> {
        let (version, gathered) = self.tell(changes)?;
        if gathered {
            self.see_to_it();
        } else {
            self.flush(version).await?;
        }
        Ok(version)
    }

    /// Tells changes without waiting for anything; they are durable when [`Self::written`] says so.
    pub(super) fn note(&self, changes: Vec<AuthChange>) -> Result<Version, AuthStoreError> {
        self.tell(changes).map(|(version, _)| version)
    }

    /// Makes a change durable, unless it is.
    pub(super) async fn written(&self, version: Version) -> Result<(), AuthStoreError> {
        if *self.durable.borrow() >= version {
            return Ok(());
        }
        self.flush(version).await
    }

    /// Waits until a change is durable, without hurrying it.
    pub(super) async fn settled(&self, version: Version) -> Result<(), AuthStoreError> {
        let mut durable = self.durable.subscribe();
        let wait = durable.wait_for(|durable| *durable >= version);
        if matches!(tokio::time::timeout(2 * WINDOW, wait).await, Ok(Ok(_))) {
            return Ok(());
        }
        // Late: now the reason is wanted.
        self.flush(version).await
    }

    /// Makes everything durable that has been told.
    pub(super) async fn flush_all(&self) -> Result<(), AuthStoreError> {
        let last = self.state().last;
        self.flush(last).await
    }

    /// Forgets everything, and takes nothing any more.
    pub(super) async fn clear(&self) -> Result<(), AuthStoreError> {
        {
            let mut state = self.state();
            let last = state.last;
            *state = State {
                last,
                cleared: true,
                ..State::default()
            };
        }
        // A batch that is under way ends before.
        let _turn = self.turn.lock().await;
        self.store.clear().await
    }

    /// Adds to what waits. The answer says whether that is little enough to wait on.
    fn tell(&self, changes: Vec<AuthChange>) -> Result<(Version, bool), AuthStoreError> {
        // Refused here, where it concerns one call; the store would refuse the whole batch.
        if changes.iter().any(|change| !key::fits(name_of(change))) {
            return Err(AuthStoreError(
                "a key is longer than any real one".to_owned(),
            ));
        }
        let mut state = self.state();
        if state.cleared {
            return Err(AuthStoreError("the account was unlinked".to_owned()));
        }
        if !changes.is_empty() {
            state.last += 1;
            for change in changes {
                state.add(change);
            }
        }
        Ok((state.last, !state.failing && state.bytes <= MOST_BYTES))
    }

    /// Sees to it that what waits becomes durable without anybody asking.
    fn see_to_it(self: &Arc<Self>) {
        let mut state = self.state();
        let under_way = state.task.as_ref().is_some_and(|task| !task.is_finished());
        if under_way || state.is_empty() {
            return;
        }
        let mut journal = Some(Arc::clone(self));
        state.task = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            // The journal is kept for the first attempt, so that what was told before it is dropped is not lost.
            let weak = journal.as_ref().map(Arc::downgrade);
            let mut pause = WINDOW;
            loop {
                tokio::time::sleep(pause).await;
                let kept = journal.take().or_else(|| weak.as_ref()?.upgrade());
                let Some(kept) = kept else { return };
                if let Err(error) = kept.flush_all().await {
                    if Arc::strong_count(&kept) == 1 {
                        tracing::debug!(%error, "what a client told after it was ended is not stored");
                        return;
                    }
                    pause = (2 * pause).min(LONGEST_PAUSE);
                    tracing::warn!(%error, "credentials could not be stored; trying again in {} ms", pause.as_millis());
                } else if kept.is_done() {
                    return;
                } else {
                    pause = WINDOW;
                    journal = Some(kept);
                }
            }
        })));
    }

    /// Whether the task may end: decided under the lock under which a new one is begun.
    fn is_done(&self) -> bool {
        let mut state = self.state();
        let done = state.is_empty();
        if done && let Some(task) = state.task.take() {
            // It is this task that asks: to abort it now would be to abort the asker.
            drop(task.detach());
        }
        done
    }

    /// Gives the store one batch, unless somebody else's had this change in it.
    async fn flush(&self, version: Version) -> Result<(), AuthStoreError> {
        let _turn = self.turn.lock().await;
        if *self.durable.borrow() >= version {
            return Ok(());
        }
        let (batch, last) = {
            let state = self.state();
            if state.cleared {
                return Err(AuthStoreError("the account was unlinked".to_owned()));
            }
            (state.batch(), state.last)
        };
        // When this is dropped here, the store may or may not make the batch. It stays here in any case, and is made again.
        let outcome = self.store.apply(batch).await;
        let mut state = self.state();
        state.failing = outcome.is_err();
        outcome?;
        state.settle(last);
        self.durable.send_replace(last);
        Ok(())
    }

    pub(super) async fn get(
        &self,
        kind: &'static str,
        key: &str,
    ) -> Result<Option<Bytes>, AuthStoreError> {
        if let Some(value) = self.state().value(kind, key) {
            return Ok(value);
        }
        self.store.get(kind, key).await
    }

    pub(super) async fn get_many(
        &self,
        kind: &'static str,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let mut found = Vec::new();
        let mut asked = Vec::new();
        {
            let state = self.state();
            for key in keys {
                match state.value(kind, &key) {
                    Some(Some(value)) => found.push((key, value)),
                    Some(None) => {}
                    None => asked.push(key),
                }
            }
        }
        if !asked.is_empty() {
            found.extend(self.store.get_many(kind, &asked).await?);
        }
        Ok(found)
    }

    /// In the order of the keys.
    pub(super) async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        // Looked at before the store is: what becomes durable in between is in one of the two.
        let Some(waiting) = self.state().waiting(kind) else {
            return self.store.list(kind, prefix).await;
        };
        let stored = self.store.list(kind, prefix).await?;
        let mut records: BTreeMap<String, Bytes> = stored
            .into_iter()
            .filter(|(key, _)| !waiting.forgets(key))
            .collect();
        for (key, value) in waiting.records {
            if !key.starts_with(prefix) {
                continue;
            }
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        Ok(records.into_iter().collect())
    }

    pub(super) async fn any(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<bool, AuthStoreError> {
        if self.state().waiting(kind).is_none() {
            return self.store.any(kind, prefix).await;
        }
        Ok(!self.list(kind, prefix).await?.is_empty())
    }

    pub(super) async fn last_key(
        &self,
        kind: &'static str,
    ) -> Result<Option<String>, AuthStoreError> {
        if self.state().waiting(kind).is_none() {
            return self.store.last_key(kind).await;
        }
        Ok(self.list(kind, "").await?.pop().map(|(key, _)| key))
    }

    pub(super) async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        if self.state().waiting(kind).is_some() {
            self.flush_all().await?;
        }
        self.store.delete_older(kind, before_ms).await
    }
}

/// What waits of one kind.
struct Waiting {
    records: Vec<(String, Option<Bytes>)>,
    prefixes: Vec<String>,
}

impl Waiting {
    fn forgets(&self, key: &str) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.prefixes.is_empty()
    }

    fn add(&mut self, change: AuthChange) {
        let version = self.last;
        match change {
            AuthChange::Put {
                kind,
                key,
                value,
                at_ms,
            } => self.keep(kind, key, Some(value), at_ms),
            AuthChange::Delete { kind, key } => self.keep(kind, key, None, 0),
            AuthChange::DeletePrefix { kind, prefix } => {
                let mut freed = 0;
                if let Some(records) = self.records.get_mut(kind) {
                    records.retain(|key, pending| {
                        let stays = !key.starts_with(&prefix);
                        if !stays {
                            freed += size(key, pending.value.as_ref());
                        }
                        stays
                    });
                    if records.is_empty() {
                        self.records.remove(kind);
                    }
                }
                self.bytes = self.bytes.saturating_sub(freed) + prefix.len();
                self.prefixes.push((kind, prefix, version));
            }
        }
    }

    fn keep(&mut self, kind: &'static str, key: String, value: Option<Bytes>, at_ms: i64) {
        self.bytes += size(&key, value.as_ref());
        let pending = Pending {
            value,
            at_ms,
            version: self.last,
        };
        let records = self.records.entry(kind).or_default();
        if let Some((key, old)) = records.remove_entry(&key) {
            self.bytes = self.bytes.saturating_sub(size(&key, old.value.as_ref()));
        }
        records.insert(key, pending);
    }

    /// `None` when the store has to be asked.
    fn value(&self, kind: &'static str, key: &str) -> Option<Option<Bytes>> {
        if let Some(pending) = self.records.get(kind).and_then(|records| records.get(key)) {
            return Some(pending.value.clone());
        }
        let forgotten = self
            .prefixes
            .iter()
            .any(|(of, prefix, _)| *of == kind && key.starts_with(prefix));
        forgotten.then_some(None)
    }

    fn waiting(&self, kind: &'static str) -> Option<Waiting> {
        let records: Vec<_> = self
            .records
            .get(kind)
            .into_iter()
            .flatten()
            .map(|(key, pending)| (key.clone(), pending.value.clone()))
            .collect();
        let prefixes: Vec<_> = self
            .prefixes
            .iter()
            .filter(|(of, ..)| *of == kind)
            .map(|(_, prefix, _)| prefix.clone())
            .collect();
        (!records.is_empty() || !prefixes.is_empty()).then_some(Waiting { records, prefixes })
    }

    fn batch(&self) -> Vec<AuthChange> {
        let prefixes = self
            .prefixes
            .iter()
            .map(|(kind, prefix, _)| AuthChange::DeletePrefix {
                kind,
                prefix: prefix.clone(),
            });
        let records = self.records.iter().flat_map(|(kind, records)| {
            records.iter().map(|(key, pending)| match &pending.value {
                Some(value) => AuthChange::Put {
                    kind,
                    key: key.clone(),
                    value: value.clone(),
                    at_ms: pending.at_ms,
                },
                None => AuthChange::Delete {
                    kind,
                    key: key.clone(),
                },
            })
        });
        prefixes.chain(records).collect()
    }

    /// Forgets what is durable up to there.
    fn settle(&mut self, last: Version) {
        let mut bytes = 0;
        self.records.retain(|_, records| {
            records.retain(|key, pending| {
                let stays = pending.version > last;
                if stays {
                    bytes += size(key, pending.value.as_ref());
                }
                stays
            });
            !records.is_empty()
        });
        self.prefixes.retain(|(_, _, version)| *version > last);
        bytes += self
            .prefixes
            .iter()
            .map(|(_, prefix, _)| prefix.len())
            .sum::<usize>();
        self.bytes = bytes;
        if self.records.is_empty() {
            // A burst must not leave its room behind in every idle account.
            self.records.shrink_to_fit();
            self.prefixes.shrink_to_fit();
        }
    }
}

fn name_of(change: &AuthChange) -> &str {
    match change {
        AuthChange::Put { key, .. } | AuthChange::Delete { key, .. } => key,
        AuthChange::DeletePrefix { prefix, .. } => prefix,
    }
}

fn size(key: &str, value: Option<&Bytes>) -> usize {
    // What a record costs beside its bytes.
    const RECORD: usize = 64;
    RECORD + key.len() + value.map_or(0, Bytes::len)
}
