//! What several works of a group ask for, done with one statement per table; and what is written when the group ends.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::{NewEvent, Seq};
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::port::AuthChange;

use crate::error::StoreError;
use crate::instance::Counts;
use crate::link::Link;
use crate::sql::{Conflict, Dialect, Insert, Row, Value, without_nul};
use crate::tx::{Group, Tx};

/// Most rows in one statement.
pub(crate) const ROWS: usize = 64;

/// Lengths of the spans in which messages are counted: a day and a minute.
pub(crate) const SPANS: [i64; 2] = [86_400, 60];

/// Something that is done for several works at once. The answer is a yes or no.
pub(crate) enum Request {
    /// Was it new?
    Message(Box<MessageRow>),
    /// Was it there before?
    Chat(ChatRow),
    /// Was it there before?
    Contact(ContactRow),
    /// Always yes.
    Auth(InstanceId, Arc<[AuthChange]>),
}

/// A message ready to be written.
pub(crate) struct MessageRow {
    pub(crate) id: RowId,
    pub(crate) instance_id: InstanceId,
    pub(crate) remote_jid: String,
    pub(crate) key_id: String,
    pub(crate) from_me: bool,
    pub(crate) timestamp_s: i64,
    pub(crate) message_type: String,
    pub(crate) source: &'static str,
    pub(crate) status: Option<&'static str>,
    pub(crate) participant: Option<String>,
    pub(crate) key_participant: Option<String>,
    pub(crate) remote_jid_alt: Option<String>,
    pub(crate) push_name: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) key_more: String,
    pub(crate) context_info: Option<String>,
    pub(crate) body: String,
}

/// A change of a chat ready to be written.
#[derive(Clone)]
pub(crate) struct ChatRow {
    pub(crate) id: RowId,
    pub(crate) instance_id: InstanceId,
    pub(crate) remote_jid: String,
    pub(crate) name: Option<String>,
    pub(crate) unread: i64,
    pub(crate) last: Option<(RowId, i64)>,
    pub(crate) now: Timestamp,
}

/// A contact ready to be written.
#[derive(Clone)]
pub(crate) struct ContactRow {
    pub(crate) id: RowId,
    pub(crate) instance_id: InstanceId,
    pub(crate) remote_jid: String,
    pub(crate) push_name: Option<String>,
    pub(crate) profile_pic_url: Option<String>,
    pub(crate) now: Timestamp,
}

type Asked<T> = Vec<(usize, u64, T)>;
type Answers = Vec<(usize, u64, bool)>;
/// What is needed of a message once it is written.
struct MessageKey {
    place: usize,
    ticket: u64,
    id: RowId,
    instance: InstanceId,
    remote_jid: String,
    timestamp_s: i64,
}
/// Place and ticket of an asker, the index of the merged row, and whether the asker was the first for it.
type Places = Vec<(usize, u64, usize, bool)>;

impl Group {
    /// Does everything that the parked works asked for: messages first, since chats count them.
    pub(crate) async fn answer_requests(&self) -> Result<(), StoreError> {
        let requests = std::mem::take(&mut self.state().requests);
        let (mut messages, mut chats, mut contacts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut auth, mut auth_answers) = (Vec::new(), Vec::new());
        for (place, ticket, request) in requests {
            match request {
                Request::Message(row) => messages.push((place, ticket, *row)),
                Request::Chat(row) => chats.push((place, ticket, row)),
                Request::Contact(row) => contacts.push((place, ticket, row)),
                Request::Auth(instance, changes) => {
                    auth.push((instance, changes));
                    auth_answers.push((place, ticket, true));
                }
            }
        }
        let mut link = self.link.lock().await;
        if !auth.is_empty() {
            crate::auth_state::write(&mut link, self.dialect, &auth).await?;
            self.give_answers(auth_answers);
        }
        if !messages.is_empty() {
            let answers = self.messages(&mut link, messages).await?;
            self.give_answers(answers);
        }
        if !chats.is_empty() {
            let answers = self.chats(&mut link, chats).await?;
            self.give_answers(answers);
        }
        if !contacts.is_empty() {
            let answers = self.contacts(&mut link, contacts).await?;
            self.give_answers(answers);
        }
        Ok(())
    }

    async fn messages(
        &self,
        link: &mut Link,
        asked: Asked<MessageRow>,
    ) -> Result<Answers, StoreError> {
        const INSERT: Insert = Insert {
            table: "message",
            columns: &[
                "id",
                "instance_id",
                "remote_jid",
                "key_id",
                "from_me",
                "timestamp_s",
                "message_type",
                "source",
                "status",
                "participant",
                "key_participant",
                "remote_jid_alt",
                "push_name",
                "webhook_url",
                "key_more",
                "context_info",
                "body",
            ],
            conflict: Conflict::Keep,
            returning: None,
        };
        let mut keys = Vec::with_capacity(asked.len());
        let mut rows = Vec::with_capacity(asked.len());
        for (place, ticket, row) in asked {
            keys.push(MessageKey {
                place,
                ticket,
                id: row.id.clone(),
                instance: row.instance_id.clone(),
                remote_jid: row.remote_jid.clone(),
                timestamp_s: row.timestamp_s,
            });
            rows.push(message_values(row));
        }
        let (_, affected) = insert_rows(link, self.dialect, &INSERT, rows).await?;
        // MySQL counts rows that it leaves alone too.
        let all_new = self.dialect != Dialect::Mysql && affected == keys.len() as u64;
        let written = if all_new {
            None
        } else {
            Some(stored_ids(link, &keys).await?)
        };
        let mut state = self.state();
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            let new = written
                .as_ref()
                .is_none_or(|written| written.contains(key.id.as_str()));
            if new {
                state.count(
                    &key.instance,
                    Counts {
                        messages: 1,
                        ..Counts::default()
                    },
                );
                for span in SPANS {
                    let start = key.timestamp_s.div_euclid(span) * span;
                    *state
                        .spans
                        .entry((key.instance.clone(), span, start))
                        .or_default() += 1;
                }
                *state
                    .chat_messages
                    .entry((key.instance, key.remote_jid))
                    .or_default() += 1;
            }
            answers.push((key.place, key.ticket, new));
        }
        Ok(answers)
    }

    async fn chats(&self, link: &mut Link, asked: Asked<ChatRow>) -> Result<Answers, StoreError> {
        const INSERT: Insert = Insert {
            table: "chat",
            columns: &[
                "instance_id",
                "remote_jid",
                "id",
                "name",
                "unread_messages",
                "message_count",
                "last_message_id",
                "last_message_s",
                "created_at_ms",
                "updated_at_ms",
            ],
            conflict: Conflict::Update {
                key: "instance_id, remote_jid",
                set: &[
                    ("name", "COALESCE(new.name, old.name)"),
                    (
                        "unread_messages",
                        "old.unread_messages + new.unread_messages",
                    ),
                    ("message_count", "old.message_count + new.message_count"),
                    (
                        "last_message_id",
                        "CASE WHEN new.last_message_id IS NOT NULL AND new.last_message_s >= old.last_message_s \
                         THEN new.last_message_id ELSE old.last_message_id END",
                    ),
                    (
                        "last_message_s",
                        "CASE WHEN new.last_message_s > old.last_message_s THEN new.last_message_s ELSE old.last_message_s END",
                    ),
                    ("updated_at_ms", "new.updated_at_ms"),
                ],
                only_if: None,
            },
            returning: None,
        };
        let (merged, places) = merge(
            asked,
            |row| (row.instance_id.clone(), row.remote_jid.clone()),
            merge_chat,
        );
        let pairs: Vec<(&InstanceId, &str)> = merged
            .iter()
            .map(|row| (&row.instance_id, row.remote_jid.as_str()))
            .collect();
        let missing = missing(link, "chat", &pairs).await?;
        let rows = {
            let mut state = self.state();
            let mut uncounted = |row: &ChatRow| {
                state
                    .chat_messages
                    .remove(&(row.instance_id.clone(), row.remote_jid.clone()))
                    .unwrap_or(0)
            };
            merged
                .iter()
                .map(|row| chat_values(row, uncounted(row)))
                .collect()
        };
        insert_rows(link, self.dialect, &INSERT, rows).await?;
        let new: Vec<(&InstanceId, &str)> = missing.iter().map(|&index| pairs[index]).collect();
        // Messages may be older than their chat: kept while chats were not.
        for pairs in new.chunks(ROWS) {
            let (condition, values) = any_of(pairs);
            let sql = format!(
                "UPDATE chat SET message_count = (SELECT COUNT(*) FROM message \
                 WHERE message.instance_id = chat.instance_id AND message.remote_jid = chat.remote_jid) WHERE {condition}"
            );
            link.execute(sql.into(), values).await?;
        }
        let mut state = self.state();
        for (instance, _) in new {
            state.count(
                instance,
                Counts {
                    chats: 1,
                    ..Counts::default()
                },
            );
        }
        Ok(existed(&places, |index| missing.contains(&index)))
    }

    async fn contacts(
        &self,
        link: &mut Link,
        asked: Asked<ContactRow>,
    ) -> Result<Answers, StoreError> {
        const CHANGED: &str = "(new.push_name IS NOT NULL AND (old.push_name IS NULL OR old.push_name <> new.push_name)) \
                               OR (new.profile_pic_url IS NOT NULL AND (old.profile_pic_url IS NULL \
                               OR old.profile_pic_url <> new.profile_pic_url))";
        const INSERT: Insert = Insert {
            table: "contact",
            columns: &[
                "instance_id",
                "remote_jid",
                "id",
                "push_name",
                "profile_pic_url",
                "created_at_ms",
                "updated_at_ms",
            ],
            conflict: Conflict::Update {
                key: "instance_id, remote_jid",
                set: &[
                    (
                        "updated_at_ms",
                        "CASE WHEN (new.push_name IS NOT NULL AND (old.push_name IS NULL OR old.push_name <> new.push_name)) \
                         OR (new.profile_pic_url IS NOT NULL AND (old.profile_pic_url IS NULL \
                         OR old.profile_pic_url <> new.profile_pic_url)) THEN new.updated_at_ms ELSE old.updated_at_ms END",
                    ),
                    ("push_name", "COALESCE(new.push_name, old.push_name)"),
                    (
                        "profile_pic_url",
                        "COALESCE(new.profile_pic_url, old.profile_pic_url)",
                    ),
                ],
                only_if: Some(CHANGED),
            },
            returning: Some("id"),
        };
        let (merged, places) = merge(
            asked,
            |row| (row.instance_id.clone(), row.remote_jid.clone()),
            merge_contact,
        );
        let rows = merged.iter().map(contact_values).collect();
        let missing = if self.dialect == Dialect::Mysql {
            let pairs: Vec<(&InstanceId, &str)> = merged
                .iter()
                .map(|row| (&row.instance_id, row.remote_jid.as_str()))
                .collect();
            let missing = missing(link, "contact", &pairs).await?;
            insert_rows(link, self.dialect, &INSERT, rows).await?;
            missing
        } else {
            // Only rows that were written come back: those with the id they were given are new.
            let (returned, _) = insert_rows(link, self.dialect, &INSERT, rows).await?;
            let returned = first_column(&returned)?;
            (0..merged.len())
                .filter(|&index| returned.contains(merged[index].id.as_str()))
                .collect()
        };
        let mut state = self.state();
        for &index in &missing {
            state.count(
                &merged[index].instance_id,
                Counts {
                    contacts: 1,
                    ..Counts::default()
                },
            );
        }
        Ok(existed(&places, |index| missing.contains(&index)))
    }

    /// Writes events; gives the `seq` of the last one.
    pub(crate) async fn log(
        &self,
        link: &mut Link,
        events: Vec<NewEvent>,
    ) -> Result<Seq, StoreError> {
        let last = take_places(link, self.dialect, Script::default(), &events).await?;
        self.log_at(link, last, events).await
    }

    /// Writes events whose last place is `last`.
    async fn log_at(
        &self,
        link: &mut Link,
        last: Seq,
        events: Vec<NewEvent>,
    ) -> Result<Seq, StoreError> {
        const INSERT: Insert = Insert {
            table: "event",
            columns: &[
                "seq",
                "instance_id",
                "id",
                "instance_name",
                "kind",
                "at_ms",
                "sender",
                "payload",
            ],
            conflict: Conflict::Fail,
            returning: None,
        };
        let first = last + 1 - count_of(&events);
        let rows = (first..)
            .zip(&events)
            .map(|(seq, event)| event_values(seq, event))
            .collect();
        insert_rows(link, self.dialect, &INSERT, rows).await?;
        self.state().logged.extend((first..).zip(events));
        Ok(last)
    }

    /// Everything that waits for the end of the group.
    pub(crate) async fn finish(&self, events: Vec<NewEvent>) -> Result<(), StoreError> {
        let (counts, spans, chat_messages) = {
            let mut state = self.state();
            let state = &mut *state;
            (
                std::mem::take(&mut state.counts),
                std::mem::take(&mut state.spans),
                std::mem::take(&mut state.chat_messages),
            )
        };
        let mut link = self.link.lock().await;
        for ((instance, remote_jid), messages) in chat_messages {
            let sql = "UPDATE chat SET message_count = message_count + $1 WHERE instance_id = $2 AND remote_jid = $3";
            let values = vec![
                messages.into(),
                instance.as_str().into(),
                remote_jid.as_str().into(),
            ];
            link.execute(sql.into(), values).await?;
        }
        let mut script = Script::default();
        script.insert(self.dialect, &COUNTS, link.piece(), count_rows(&counts));
        script.insert(
            self.dialect,
            &MESSAGE_SPANS,
            link.piece(),
            span_rows(&spans),
        );
        if events.is_empty() {
            script.run(&mut link, self.dialect).await.map(drop)
        } else {
            let last = take_places(&mut link, self.dialect, script, &events).await?;
            self.log_at(&mut link, last, events).await.map(drop)
        }
    }
}

const COUNTS: Insert = Insert {
    table: "instance_count",
    columns: &["instance_id", "messages", "contacts", "chats"],
    conflict: Conflict::Update {
        key: "instance_id",
        set: &[
            ("messages", "old.messages + new.messages"),
            ("contacts", "old.contacts + new.contacts"),
            ("chats", "old.chats + new.chats"),
        ],
        only_if: None,
    },
    returning: None,
};

const MESSAGE_SPANS: Insert = Insert {
    table: "message_span",
    columns: &["instance_id", "span_s", "start_s", "messages"],
    conflict: Conflict::Update {
        key: "instance_id, span_s, start_s",
        set: &[("messages", "old.messages + new.messages")],
        only_if: None,
    },
    returning: None,
};

fn count_rows(counts: &BTreeMap<InstanceId, Counts>) -> Vec<Vec<Value<'_>>> {
    counts
        .iter()
        .filter(|(_, counts)| **counts != Counts::default())
        .map(|(instance, counts)| {
            vec![
                instance.as_str().into(),
                counts.messages.into(),
                counts.contacts.into(),
                counts.chats.into(),
            ]
        })
        .collect()
}

fn span_rows(spans: &BTreeMap<(InstanceId, i64, i64), i64>) -> Vec<Vec<Value<'_>>> {
    spans
        .iter()
        .map(|((instance, span, start), messages)| {
            vec![
                instance.as_str().into(),
                (*span).into(),
                (*start).into(),
                (*messages).into(),
            ]
        })
        .collect()
}

fn count_of(events: &[NewEvent]) -> i64 {
    i64::try_from(events.len()).unwrap_or(i64::MAX)
}

/// Small statements that follow each other: with SQLite they go to its thread together, since the way there and back
/// costs more than they do.
#[derive(Default)]
struct Script<'q> {
    statements: Vec<(String, Vec<Value<'q>>)>,
}

impl<'q> Script<'q> {
    fn insert(
        &mut self,
        dialect: Dialect,
        insert: &Insert,
        most: usize,
        mut rows: Vec<Vec<Value<'q>>>,
    ) {
        while !rows.is_empty() {
            let piece = piece_size(&rows, most);
            let values = rows.drain(..piece).flatten().collect();
            self.statements.push((insert.text(dialect, piece), values));
        }
    }

    /// Runs them; gives the rows that the last one returned.
    async fn run(self, link: &mut Link, dialect: Dialect) -> Result<Vec<Row>, StoreError> {
        if dialect == Dialect::Sqlite && !self.statements.is_empty() {
            let (texts, values): (Vec<_>, Vec<_>) = self.statements.into_iter().unzip();
            return link
                .rows(
                    texts.join("; ").into(),
                    values.into_iter().flatten().collect(),
                )
                .await;
        }
        let mut returned = Vec::new();
        for (sql, values) in self.statements {
            returned = link.rows(sql.into(), values).await?;
        }
        Ok(returned)
    }
}

/// Runs what goes before, reserves places in the log for these events, and gives the last. The row stays locked until
/// the commit, so that the order of `seq` is the order of commits even with several servers.
async fn take_places(
    link: &mut Link,
    dialect: Dialect,
    mut before: Script<'_>,
    events: &[NewEvent],
) -> Result<Seq, StoreError> {
    let count = count_of(events);
    match dialect {
        Dialect::Mysql => {
            before.run(link, dialect).await?;
            let sql = "UPDATE log_head SET seq = LAST_INSERT_ID(seq + $1) WHERE id = 1";
            return Ok(link.execute(sql.into(), vec![count.into()]).await?.last_id);
        }
        Dialect::Postgres | Dialect::Sqlite => {
            let place = if dialect == Dialect::Sqlite {
                "?"
            } else {
                "$1"
            };
            let sql = format!("UPDATE log_head SET seq = seq + {place} WHERE id = 1 RETURNING seq");
            before.statements.push((sql, vec![count.into()]));
        }
    }
    let rows = before.run(link, dialect).await?;
    rows.first()
        .ok_or_else(|| StoreError::Corrupt("the head of the log is missing".to_owned()))?
        .int(0)
}

/// Inserts in pieces of a few sizes. Gives what is returned, or how many rows were affected.
pub(crate) async fn insert_rows(
    link: &mut Link,
    dialect: Dialect,
    insert: &Insert,
    mut rows: Vec<Vec<Value<'_>>>,
) -> Result<(Vec<Row>, u64), StoreError> {
    let (mut returned, mut affected) = (Vec::new(), 0);
    while !rows.is_empty() {
        let piece = piece_size(&rows, link.piece());
        let sql = insert.text(dialect, piece).into();
        let values = rows.drain(..piece).flatten().collect();
        if insert.returning.is_some() && dialect != Dialect::Mysql {
            returned.extend(link.rows(sql, values).await?);
        } else {
            affected += link.execute(sql, values).await?.rows_affected;
        }
    }
    Ok((returned, affected))
}

/// Rows per statement: few sizes, so that few statement texts have to be prepared, but never more than a few pieces.
const SIZES: [usize; 12] = [64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// The largest size that neither has too many rows nor too many bytes.
fn piece_size(rows: &[Vec<Value<'_>>], most: usize) -> usize {
    let bytes = |rows: &[Vec<Value<'_>>]| rows.iter().flatten().map(Value::size).sum::<usize>();
    let fits = |size: &usize| *size <= rows.len() && (*size == 1 || bytes(&rows[..*size]) <= most);
    SIZES.into_iter().find(fits).unwrap_or(1)
}

/// The smallest size for that many places.
pub(crate) fn places_for(count: usize) -> usize {
    SIZES
        .into_iter()
        .rev()
        .find(|size| *size >= count)
        .unwrap_or(ROWS)
}

/// The indexes of those rows that are not there yet. One number is read when all are, which is nearly always.
async fn missing(
    link: &mut Link,
    table: &str,
    pairs: &[(&InstanceId, &str)],
) -> Result<HashSet<usize>, StoreError> {
    let mut missing = HashSet::new();
    for (chunk, piece) in pairs.chunks(ROWS).enumerate() {
        let (condition, values) = any_of(piece);
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {condition}");
        let count = link.rows(sql.into(), values.clone()).await?;
        if count.first().map(|row| row.int(0)).transpose()? == i64::try_from(piece.len()).ok() {
            continue;
        }
        let sql = format!("SELECT instance_id, remote_jid FROM {table} WHERE {condition}");
        let mut known = HashSet::new();
        for row in link.rows(sql.into(), values).await? {
            known.insert((row.text(0)?, row.text(1)?));
        }
        let is_missing = |(instance, jid): &(&InstanceId, &str)| {
            !known.contains(&(
                instance.as_str().to_owned(),
                without_nul((*jid).into()).into_owned(),
            ))
        };
        missing.extend(
            (0..piece.len())
                .filter(|&index| is_missing(&piece[index]))
                .map(|index| chunk * ROWS + index),
        );
    }
    Ok(missing)
}

/// Which of these messages are there under the ids they were given.
async fn stored_ids(link: &mut Link, keys: &[MessageKey]) -> Result<HashSet<String>, StoreError> {
    let mut stored = HashSet::new();
    for piece in keys.chunks(ROWS) {
        let places = places_for(piece.len());
        let list: Vec<String> = (1..=places).map(|number| format!("${number}")).collect();
        let sql = format!("SELECT id FROM message WHERE id IN ({})", list.join(", "));
        let ids = piece
            .iter()
            .cycle()
            .take(places)
            .map(|key| Value::from(key.id.as_str()))
            .collect();
        for row in link.rows(sql.into(), ids).await? {
            stored.insert(row.text(0)?);
        }
    }
    Ok(stored)
}

/// `(instance_id = $1 AND remote_jid = $2) OR ...`, filled up with repetitions to one of the few sizes.
fn any_of<'q>(pairs: &[(&'q InstanceId, &'q str)]) -> (String, Vec<Value<'q>>) {
    let places = places_for(pairs.len());
    let conditions: Vec<String> = (0..places)
        .map(|index| {
            format!(
                "(instance_id = ${} AND remote_jid = ${})",
                2 * index + 1,
                2 * index + 2
            )
        })
        .collect();
    let pairs = pairs.iter().cycle().take(places);
    let values = pairs
        .flat_map(|(instance, jid)| [Value::from(instance.as_str()), Value::from(*jid)])
        .collect();
    (conditions.join(" OR "), values)
}

fn first_column(rows: &[Row]) -> Result<HashSet<String>, StoreError> {
    rows.iter().map(|row| row.text(0)).collect()
}

/// One row per key, since PostgreSQL refuses to touch a row twice.
fn merge<T: Clone>(
    asked: Asked<T>,
    key: impl Fn(&T) -> (InstanceId, String),
    join: impl Fn(&mut T, T),
) -> (Vec<T>, Places) {
    let mut merged: Vec<T> = Vec::with_capacity(asked.len());
    let mut index_of: HashMap<(InstanceId, String), usize> = HashMap::with_capacity(asked.len());
    let mut places = Vec::with_capacity(asked.len());
    for (place, ticket, row) in asked {
        let key = key(&row);
        if let Some(&index) = index_of.get(&key) {
            join(&mut merged[index], row);
            places.push((place, ticket, index, false));
        } else {
            index_of.insert(key, merged.len());
            places.push((place, ticket, merged.len(), true));
            merged.push(row);
        }
    }
    (merged, places)
}

fn existed(places: &[(usize, u64, usize, bool)], is_new: impl Fn(usize) -> bool) -> Answers {
    places
        .iter()
        .map(|&(place, ticket, index, first)| (place, ticket, !(first && is_new(index))))
        .collect()
}

fn merge_chat(row: &mut ChatRow, later: ChatRow) {
    row.name = later.name.or(row.name.take());
    row.unread += later.unread;
    row.now = later.now;
    let newer = match (&row.last, &later.last) {
        (Some((_, before)), Some((_, after))) => after >= before,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if newer {
        row.last = later.last;
    }
}

fn merge_contact(row: &mut ContactRow, later: ContactRow) {
    row.push_name = later.push_name.or(row.push_name.take());
    row.profile_pic_url = later.profile_pic_url.or(row.profile_pic_url.take());
    row.now = later.now;
}

fn message_values(row: MessageRow) -> Vec<Value<'static>> {
    vec![
        row.id.as_str().to_owned().into(),
        row.instance_id.as_str().to_owned().into(),
        row.remote_jid.into(),
        row.key_id.into(),
        row.from_me.into(),
        row.timestamp_s.into(),
        row.message_type.into(),
        row.source.into(),
        row.status.into(),
        row.participant.into(),
        row.key_participant.into(),
        row.remote_jid_alt.into(),
        row.push_name.into(),
        row.webhook_url.into(),
        row.key_more.into(),
        row.context_info.into(),
        row.body.into(),
    ]
}

fn chat_values(row: &ChatRow, messages: i64) -> Vec<Value<'_>> {
    vec![
        row.instance_id.as_str().into(),
        row.remote_jid.as_str().into(),
        row.id.as_str().into(),
        row.name.as_deref().into(),
        row.unread.into(),
        messages.into(),
        row.last.as_ref().map(|(id, _)| id.as_str()).into(),
        row.last.as_ref().map_or(0, |(_, seconds)| *seconds).into(),
        row.now.millis().into(),
        row.now.millis().into(),
    ]
}

fn contact_values(row: &ContactRow) -> Vec<Value<'_>> {
    vec![
        row.instance_id.as_str().into(),
        row.remote_jid.as_str().into(),
        row.id.as_str().into(),
        row.push_name.as_deref().into(),
        row.profile_pic_url.as_deref().into(),
        row.now.millis().into(),
        row.now.millis().into(),
    ]
}

fn event_values(seq: Seq, event: &NewEvent) -> Vec<Value<'_>> {
    vec![
        seq.into(),
        event.instance.id.as_str().into(),
        event.id.as_str().into(),
        event.instance.name.as_str().into(),
        event.kind.as_str().into(),
        event.at.millis().into(),
        event.sender.as_deref().into(),
        event.data.get().into(),
    ]
}

/// One row, within a work.
pub(crate) async fn insert_one(
    tx: &mut Tx,
    insert: &Insert,
    values: Vec<Value<'_>>,
) -> Result<(), StoreError> {
    let sql = insert.text(tx.dialect(), 1);
    tx.execute(sql, values).await.map(drop)
}
