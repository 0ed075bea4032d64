//! The one task that writes: takes what arrived while the last commit ran, and commits it together.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use pombo_domain::event::Event;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::db::CommitListener;
use crate::error::{StoreError, TroubleKind};
use crate::link::{Connector, Link};
use crate::sweep::Sweep;
use crate::tx::{Group, State, Tx};

/// Most works in one commit.
const GROUP: usize = 64;
/// Failures within a group that are looked for one by one; after that every work runs alone.
const SUSPECTS: usize = 3;
/// A server that says nothing for so long in the middle of a transaction is taken for lost.
const SILENCE: Duration = Duration::from_secs(60);

/// A unit of work with whoever waits for it.
pub(crate) trait Job: Send {
    /// May be called again after a rollback.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Called once, at the end.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// The job behind `Db::write`.
pub(crate) struct Write<T, F> {
    pub(crate) work: F,
    pub(crate) value: Option<T>,
    pub(crate) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>> {
        let value = &mut self.value;
        // The closure runs inside, so that its panics are caught too.
        let work = &mut self.work;
        Box::pin(async move {
            let run = AssertUnwindSafe(async { work(tx).await });
            match run.catch_unwind().await {
                Ok(outcome) => *value = Some(outcome?),
                Err(_) => return Err(StoreError::Other("the work panicked".to_owned())),
            }
            Ok(())
        })
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(StoreError::Other("the work gave no answer".to_owned())),
            (Err(error), _) => Err(error),
        };
        // The caller may be gone: the work is done all the same.
        drop(self.reply.send(answer));
    }
}

/// Why a group was not committed.
enum Failure {
    /// One work failed; the others may succeed without it.
    Work { place: usize, error: StoreError },
    /// It failed as a whole; nothing was written.
    Group(StoreError),
    /// Nobody knows whether it was committed.
    Unknown(StoreError),
}

pub(crate) struct Writer {
    pub(crate) connector: Connector,
    pub(crate) link: Option<Link>,
    pub(crate) queue: mpsc::Receiver<Box<dyn Job>>,
    pub(crate) listener: Arc<OnceLock<CommitListener>>,
    pub(crate) closing: Arc<Notify>,
    /// Rows of deleted instances may be left.
    pub(crate) sweeping: bool,
    /// SQLite's disk was full the last time.
    pub(crate) full: bool,
}

impl Writer {
    /// Until the store is closed or forgotten by all; what is queued by then is still written.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(GROUP);
        let closing = Arc::clone(&self.closing);
        loop {
            let taken = tokio::select! {
                biased;
                // Cancel-safe: nothing is taken from the queue unless this arm wins.
                taken = self.queue.recv_many(&mut jobs, GROUP) => taken,
                () = closing.notified() => {
                    self.queue.close();
                    continue;
                }
                () = std::future::ready(()), if self.sweeping && !self.queue.is_closed() => {
                    self.sweep().await;
                    continue;
                }
            };
            if taken == 0 {
                break;
            }
            self.write(std::mem::take(&mut jobs)).await;
        }
        self.finish().await;
    }

    async fn finish(&mut self) {
        if let Some(mut link) = self.link.take() {
            if matches!(link, Link::Sqlite(_)) {
                let checkpoint = link.run("PRAGMA wal_checkpoint(TRUNCATE)".into()).await;
                if let Err(error) = checkpoint {
                    tracing::warn!(%error, "the last checkpoint failed");
                }
            }
            link.close().await;
        }
    }

    /// One step of removing what deleted instances left.
    async fn sweep(&mut self) {
        let mut jobs: Vec<Box<dyn Job>> = vec![Box::new(Sweep)];
        match self.attempt(&mut jobs).await {
            Ok(state) => self.sweeping = state.swept_later,
            Err(Failure::Work { error, .. } | Failure::Group(error) | Failure::Unknown(error)) => {
                tracing::warn!(%error, "removing the rows of a deleted instance failed; it goes on after the next start");
                self.sweeping = false;
            }
        }
    }

    /// Writes the works as one group; when that fails, the suspects alone.
    async fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let mut suspects: Vec<Box<dyn Job>> = Vec::new();
        while !jobs.is_empty() {
            match self.attempt(&mut jobs).await {
                Ok(state) => {
                    self.publish(state);
                    answer_all(jobs.drain(..), &Ok(()));
                }
                Err(failure) if jobs.len() == 1 => {
                    let (Failure::Work { error, .. }
                    | Failure::Group(error)
                    | Failure::Unknown(error)) = failure;
                    answer_all(jobs.drain(..), &Err(error));
                }
                Err(Failure::Unknown(error)) => answer_all(jobs.drain(..), &Err(error)),
                Err(Failure::Work { error, .. } | Failure::Group(error)) if hopeless(&error) => {
                    answer_all(jobs.drain(..).chain(suspects.drain(..)), &Err(error));
                }
                Err(Failure::Work { place, error }) => {
                    tracing::debug!(%error, "a work failed and is tried again alone");
                    suspects.push(jobs.remove(place));
                    if suspects.len() >= SUSPECTS {
                        suspects.append(&mut jobs);
                    }
                }
                Err(Failure::Group(error)) => {
                    tracing::debug!(%error, works = jobs.len(), "a group failed and its works are tried again one by one");
                    suspects.append(&mut jobs);
                }
            }
        }
        for suspect in suspects {
            let mut alone = vec![suspect];
            let outcome = match self.attempt(&mut alone).await {
                Ok(state) => {
                    self.publish(state);
                    Ok(())
                }
                Err(
                    Failure::Work { error, .. } | Failure::Group(error) | Failure::Unknown(error),
                ) => Err(error),
            };
            answer_all(alone, &outcome);
        }
    }

    /// Tells the listener of the committed events, in the order of `seq`.
    fn publish(&mut self, state: State) {
        self.sweeping |= state.swept_later;
        let Some(listener) = self.listener.get() else {
            return;
        };
        if state.logged.is_empty() {
            return;
        }
        let events: Vec<Arc<Event>> = state
            .logged
            .into_iter()
            .map(|(seq, event)| Event::logged(seq, event))
            .collect();
        if std::panic::catch_unwind(AssertUnwindSafe(|| listener(&events))).is_err() {
            tracing::error!("the listener for committed events panicked");
        }
    }

    /// One transaction; once more on a new connection when the old one turns out to be dead before the commit, or when
    /// room could be made on a full disk.
    async fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<State, Failure> {
        let reused = self.link.is_some();
        let outcome = self.transaction(jobs).await;
        let Err(Failure::Work { error, .. } | Failure::Group(error)) = &outcome else {
            return outcome;
        };
        let again = match error.kind() {
            Some(TroubleKind::Lost) if reused => {
                tracing::warn!(%error, "the database connection was lost; connecting again");
                true
            }
            // Only where something can be done about it: see `full`.
            Some(TroubleKind::Full) => self.full,
            _ => false,
        };
        if again {
            self.transaction(jobs).await
        } else {
            outcome
        }
    }

    async fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<State, Failure> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connector.connect().await.map_err(Failure::Group)?,
        };
        if self.full {
            // The write-ahead log must not take what little room there may be again: it goes into the database first,
            // and its space is used anew.
            if let Err(error) = link
                .rows("PRAGMA wal_checkpoint(PASSIVE)".into(), Vec::new())
                .await
            {
                self.keep(link, Some(&error)).await;
                return Err(Failure::Group(error));
            }
            self.full = false;
        }
        if let Err(error) = in_time(link.begin()).await {
            self.keep(link, Some(&error)).await;
            return Err(Failure::Group(error));
        }
        let group = Arc::new(Group::new(link, self.connector.dialect()));
        let outcome = match tokio::time::timeout(SILENCE, run_works(&group, jobs)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Group(silent())),
        };
        let Some((mut link, state)) = Arc::into_inner(group).map(Group::into_parts) else {
            return Err(Failure::Group(StoreError::Other(
                "a work kept the transaction".to_owned(),
            )));
        };
        match outcome {
            Ok(()) => match in_time(link.run("COMMIT".into())).await {
                Ok(()) => {
                    self.keep(link, None).await;
                    Ok(state)
                }
                Err(error) => {
                    self.keep(link, Some(&error)).await;
                    if error.kind() == Some(TroubleKind::Lost) {
                        return Err(Failure::Unknown(StoreError::trouble(
                            TroubleKind::Unknown,
                            error,
                        )));
                    }
                    Err(Failure::Group(error))
                }
            },
            Err(failure) => {
                let (Failure::Work { error, .. } | Failure::Group(error) | Failure::Unknown(error)) =
                    &failure;
                self.keep(link, Some(error)).await;
                Err(failure)
            }
        }
    }

    /// Keeps the connection for the next group. After a failure it is rolled back, and given up when the database was
    /// not available: a new one sees the file or server as it is then.
    async fn keep(&mut self, mut link: Link, error: Option<&StoreError>) {
        if matches!(link, Link::Memory(_)) {
            if error.is_some() {
                // "no transaction is active" when SQLite has rolled back by itself.
                drop(link.run("ROLLBACK".into()).await);
            }
            return;
        }
        let Some(error) = error else {
            self.link = Some(link);
            return;
        };
        if error.kind() == Some(TroubleKind::Full) {
            self.full = matches!(link, Link::Sqlite(_));
        }
        if error.kind() == Some(TroubleKind::Lost) {
            return;
        }
        let rolled_back = in_time(link.run("ROLLBACK".into())).await;
        if rolled_back.is_ok() && error.kind().is_none() {
            self.link = Some(link);
        }
    }
}

/// Whether trying the works one by one would only take longer.
fn hopeless(error: &StoreError) -> bool {
    match error.kind() {
        Some(
            TroubleKind::Lost
            | TroubleKind::Busy
            | TroubleKind::ReadOnly
            | TroubleKind::Closed
            | TroubleKind::Unknown,
        ) => true,
        // A small work may fit where a large one did not.
        Some(TroubleKind::Full) | None => false,
    }
}

fn answer_all(jobs: impl IntoIterator<Item = Box<dyn Job>>, outcome: &Result<(), StoreError>) {
    for job in jobs {
        job.answer(outcome.clone());
    }
}

fn silent() -> StoreError {
    StoreError::trouble(TroubleKind::Lost, "no answer for a minute")
}

async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(SILENCE, work)
        .await
        .unwrap_or_else(|_| Err(silent()))
}

/// Runs the works, each until it is done or waits for a shared statement; runs those statements; and so on.
async fn run_works(group: &Arc<Group>, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    let mut txs: Vec<Tx> = (0..jobs.len()).map(|place| Tx::new(group, place)).collect();
    {
        let mut runs: Vec<Option<BoxFuture<'_, Result<(), StoreError>>>> = jobs
            .iter_mut()
            .zip(&mut txs)
            .map(|(job, tx)| Some(job.run(tx)))
            .collect();
        let mut left = runs.len();
        while left > 0 {
            for (place, slot) in runs.iter_mut().enumerate() {
                let Some(run) = slot else { continue };
                let outcome = poll_fn(|context| match run.as_mut().poll(context) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending if group.is_parked(place) => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                })
                .await;
                let Some(outcome) = outcome else { continue };
                *slot = None;
                left -= 1;
                let outcome = outcome.and(group.failure(place).map_or(Ok(()), Err));
                outcome.map_err(|error| Failure::Work { place, error })?;
            }
            if left > 0 {
                group.answer_requests().await.map_err(Failure::Group)?;
            }
        }
    }
    let events = txs.iter_mut().flat_map(Tx::take_events).collect();
    group.finish(events).await.map_err(Failure::Group)
}
