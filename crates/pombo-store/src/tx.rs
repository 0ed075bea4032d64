//! What a unit of work sees of the transaction it shares with the other works of its group.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use pombo_domain::event::{NewEvent, Seq};
use pombo_domain::id::InstanceId;

use crate::batch::Request;
use crate::error::StoreError;
use crate::instance::Counts;
use crate::link::{Done, Link};
use crate::sql::{Dialect, Row, Sql, Value};

/// The transaction, as one work of a group sees it.
///
/// Works of a group run one after the other, with one exception: `message::insert`, `chat::touch`, `contact::upsert` and
/// `auth_state::apply` wait for the other works of the group, so that one statement serves them all. Between two such calls a work is never
/// interrupted.
pub struct Tx {
    group: Arc<Group>,
    place: usize,
    events: Vec<NewEvent>,
    last_seq: Option<Seq>,
}

impl Tx {
    pub(crate) fn new(group: &Arc<Group>, place: usize) -> Self {
        Self {
            group: Arc::clone(group),
            place,
            events: Vec::new(),
            last_seq: None,
        }
    }

    /// Adds an event to the log. Written with those of the other works when all have run; the database gives `seq`.
    pub fn append_event(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Writes the events appended so far, and gives the `seq` of the last event of this work.
    ///
    /// # Errors
    /// When the database refuses; the work then fails as a whole.
    pub async fn flush_events(&mut self) -> Result<Option<Seq>, StoreError> {
        let events = std::mem::take(&mut self.events);
        if !events.is_empty() {
            let mut link = self.group.link.lock().await;
            let outcome = self.group.log(&mut link, events).await;
            self.last_seq = Some(self.group.remember(self.place, outcome)?);
        }
        Ok(self.last_seq)
    }

    pub(crate) fn take_events(&mut self) -> Vec<NewEvent> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.group.dialect
    }

    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        values: Vec<Value<'_>>,
    ) -> Result<Done, StoreError> {
        let outcome = self
            .group
            .link
            .lock()
            .await
            .execute(sql.into(), values)
            .await;
        self.group.remember(self.place, outcome)
    }

    pub(crate) async fn rows(
        &mut self,
        sql: impl Into<Sql>,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        let outcome = self.group.link.lock().await.rows(sql.into(), values).await;
        self.group.remember(self.place, outcome)
    }

    /// Asks for something that is done for several works at once, and waits for the answer.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<bool, StoreError> {
        let ticket = self.group.park(self.place, request);
        Ok(self.answer(ticket).await)
    }

    /// Asks for many things at once; the answers in the order of the requests.
    pub(crate) async fn ask_all(
        &mut self,
        requests: Vec<Request>,
    ) -> Result<Vec<bool>, StoreError> {
        let tickets: Vec<u64> = requests
            .into_iter()
            .map(|request| self.group.park(self.place, request))
            .collect();
        let mut answers = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            answers.push(self.answer(ticket).await);
        }
        Ok(answers)
    }

    async fn answer(&self, ticket: u64) -> bool {
        poll_fn(|_| match self.group.answer(self.place, ticket) {
            Some(answer) => Poll::Ready(answer),
            // No waker: the writer polls again once it has answered.
            None => Poll::Pending,
        })
        .await
    }

    /// Forgets counters of an instance that is being deleted.
    pub(crate) fn forget(&mut self, instance: &InstanceId) {
        let mut state = self.group.state();
        state.counts.remove(instance);
        state.chat_messages.retain(|(of, _), _| of != instance);
        state.spans.retain(|(of, _, _), _| of != instance);
    }

    /// Tells the writer that rows of a deleted instance are left to be swept.
    pub(crate) fn leave_for_sweep(&mut self) {
        self.group.state().swept_later = true;
    }
}

/// What the works of one group share.
pub(crate) struct Group {
    pub(crate) link: tokio::sync::Mutex<Link>,
    pub(crate) dialect: Dialect,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Requests that wait for an answer, with place and ticket of the asker.
    pub(crate) requests: Vec<(usize, u64, Request)>,
    /// By place and ticket of the asker.
    answers: HashMap<(usize, u64), bool>,
    tickets: u64,
    /// First failed statement of each work: such a work fails even if it says otherwise, since PostgreSQL would turn its
    /// commit into a rollback without a word.
    failures: HashMap<usize, StoreError>,
    pub(crate) counts: BTreeMap<InstanceId, Counts>,
    /// Messages inserted whose chat has not counted them yet.
    pub(crate) chat_messages: BTreeMap<(InstanceId, String), i64>,
    /// Messages inserted per day and minute: instance, length and start of the span.
    pub(crate) spans: BTreeMap<(InstanceId, i64, i64), i64>,
    pub(crate) logged: Vec<(Seq, NewEvent)>,
    pub(crate) swept_later: bool,
}

impl State {
    pub(crate) fn count(&mut self, instance: &InstanceId, change: Counts) {
        let counts = self.counts.entry(instance.clone()).or_default();
        counts.messages += change.messages;
        counts.contacts += change.contacts;
        counts.chats += change.chats;
    }
}

impl Group {
    pub(crate) fn new(link: Link, dialect: Dialect) -> Self {
        Self {
            link: tokio::sync::Mutex::new(link),
            dialect,
            state: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_parts(self) -> (Link, State) {
        (
            self.link.into_inner(),
            self.state
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn park(&self, place: usize, request: Request) -> u64 {
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.requests.push((place, ticket, request));
        ticket
    }

    fn answer(&self, place: usize, ticket: u64) -> Option<bool> {
        self.state().answers.remove(&(place, ticket))
    }

    pub(crate) fn give_answers(&self, answers: Vec<(usize, u64, bool)>) {
        let mut state = self.state();
        for (place, ticket, answer) in answers {
            state.answers.insert((place, ticket), answer);
        }
    }

    /// Whether the work waits for an answer that only the writer can give.
    pub(crate) fn is_parked(&self, place: usize) -> bool {
        self.state()
            .requests
            .iter()
            .any(|(asker, _, _)| *asker == place)
    }

    /// The first failed statement of a work.
    pub(crate) fn failure(&self, place: usize) -> Option<StoreError> {
        self.state().failures.get(&place).cloned()
    }

    fn remember<T>(&self, place: usize, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &outcome {
            self.state()
                .failures
                .entry(place)
                .or_insert_with(|| error.clone());
        }
        outcome
    }
}
