//! The `message` table.

use std::collections::HashMap;

use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::message::{DeviceSource, Message, MessageKey, MessageStatus};
use serde_json::Value as Json;

use crate::batch::{MessageRow, Request, SPANS};
use crate::db::Db;
use crate::error::StoreError;
use crate::page::Page;
use crate::sql::{Conditions, Row, Value, to_json};
use crate::tx::Tx;

/// Longest address or id that every database can look up.
const LONGEST: usize = 255;

/// How many rows may be skipped one by one; a way further back begins at its day and minute.
const FAR: i64 = 1000;

/// The columns of a message whose table is called `m`, in the order of `from_row`.
pub(crate) const COLUMNS: &str = "m.id, m.instance_id, m.remote_jid, m.key_id, m.from_me, m.timestamp_s, m.message_type, \
                                  m.source, m.status, m.participant, m.key_participant, m.push_name, m.webhook_url, \
                                  m.key_more, m.context_info, m.body";

/// Which messages; `None` does not filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageFilter {
    /// Row id.
    pub id: Option<String>,
    /// Device.
    pub source: Option<DeviceSource>,
    /// `messageType`, exact.
    pub message_type: Option<String>,
    /// At or after this second.
    pub from_seconds: Option<i64>,
    /// At or before this second.
    pub to_seconds: Option<i64>,
    /// The message's own id.
    pub key_id: Option<String>,
    /// The chat.
    pub remote_jid: Option<String>,
    /// The chat's other address (`key.remoteJidAlt`). Ignored when `remote_jid` is given, as the original does.
    pub remote_jid_alt: Option<String>,
    /// Sent by the account itself.
    pub from_me: Option<bool>,
    /// `key.participant`, exact.
    pub participant: Option<String>,
}

impl MessageFilter {
    /// Whether it filters by nothing, or by the chat alone: then counters know the total.
    fn counted(&self) -> bool {
        let without_chat = Self {
            remote_jid: None,
            remote_jid_alt: None,
            ..self.clone()
        };
        without_chat == Self::default()
            && (self.remote_jid.is_some() || self.remote_jid_alt.is_none())
    }
}

/// A page of messages, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePage {
    /// How many there are in all.
    pub total: i64,
    /// Those of the page.
    pub records: Vec<MessageWithUpdates>,
}

/// A message and the steps of its life.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageWithUpdates {
    /// The message.
    pub message: Message,
    /// The statuses it went through, oldest first.
    pub updates: Vec<String>,
}

/// Stores a message. `false`: this message (instance, chat, id, direction) is already there, and stays as it is.
///
/// # Errors
/// [`StoreError::TooLong`] for an id or address of more than 255 characters; else when the database refuses.
pub async fn insert(tx: &mut Tx, message: &Message) -> Result<bool, StoreError> {
    tx.ask(Request::Message(Box::new(to_row(message)?))).await
}

/// Stores many messages; says of each, in order, whether it is new.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut Tx, messages: &[Message]) -> Result<Vec<bool>, StoreError> {
    let requests = messages
        .iter()
        .map(|message| Ok(Request::Message(Box::new(to_row(message)?))))
        .collect::<Result<_, StoreError>>()?;
    tx.ask_all(requests).await
}

fn to_row(message: &Message) -> Result<MessageRow, StoreError> {
    let key = &message.key;
    fits("key.id", &key.id)?;
    fits("key.remoteJid", &key.remote_jid)?;
    let remote_jid_alt = key.more.get("remoteJidAlt").and_then(Json::as_str);
    Ok(MessageRow {
        id: message.id.clone(),
        instance_id: message.instance_id.clone(),
        remote_jid: key.remote_jid.clone(),
        key_id: key.id.clone(),
        from_me: key.from_me,
        timestamp_s: message.timestamp,
        message_type: message.message_type.clone(),
        source: message.source.as_str(),
        status: message.status.map(MessageStatus::as_str),
        participant: message.participant.clone(),
        key_participant: key.participant.clone(),
        // A longer one stays in `key_more`, but cannot be looked up.
        remote_jid_alt: remote_jid_alt
            .filter(|jid| fits("key.remoteJidAlt", jid).is_ok())
            .map(str::to_owned),
        push_name: message.push_name.clone(),
        webhook_url: message.webhook_url.clone(),
        key_more: to_json(&key.more)?,
        context_info: message.context_info.as_ref().map(to_json).transpose()?,
        body: to_json(&message.message)?,
    })
}

/// Refuses what not every database could look up.
pub(crate) fn fits(what: &'static str, text: &str) -> Result<(), StoreError> {
    if text.len() > LONGEST && text.chars().count() > LONGEST {
        Err(StoreError::TooLong(what))
    } else {
        Ok(())
    }
}

/// The page of messages that a filter asks for.
///
/// The cost does not grow with the number of stored messages as long as the filter names a chat, a message, a time or
/// nothing; the others look through the instance's messages in order of time.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &Db,
    instance: &InstanceId,
    filter: &MessageFilter,
    page: Page,
) -> Result<MessagePage, StoreError> {
    let total = total(db, instance, filter).await?;
    if page.size == 0 || page.offset() >= total {
        return Ok(MessagePage {
            total,
            records: Vec::new(),
        });
    }
    // The pages of the older half are counted from the end: the way to them is shorter.
    let size = i64::from(page.size).min(total - page.offset());
    let newest_first = page.offset() <= total / 2;
    let mut skip = if newest_first {
        page.offset()
    } else {
        total - page.offset() - size
    };
    let mut conditions = conditions(instance, filter);
    if skip > FAR && *filter == MessageFilter::default() {
        let bound;
        (bound, skip) = way_to(db, instance, newest_first, skip).await?;
        conditions.and_if(
            if newest_first {
                "timestamp_s <"
            } else {
                "timestamp_s >="
            },
            bound,
        );
    }
    let limit = conditions.push(size);
    let offset = conditions.push(skip);
    let order = if newest_first { "DESC" } else { "ASC" };
    // Few rows have one id: sorting them must not look cheaper than finding them. (`+ 0` keeps the index on time away.)
    let time = if filter.id.is_some() || filter.key_id.is_some() {
        "timestamp_s + 0"
    } else {
        "timestamp_s"
    };
    // Skipping touches the index only; rows are fetched for the page alone.
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT id FROM message WHERE {} ORDER BY {time} {order}, id {order} LIMIT {limit} \
         OFFSET {offset}) AS page JOIN message m ON m.id = page.id ORDER BY m.timestamp_s DESC, m.id DESC",
        conditions.text()
    );
    let rows = db.rows(sql, conditions.values).await?;
    let messages = rows
        .iter()
        .map(|row| from_row(row, 0))
        .collect::<Result<Vec<_>, _>>()?;
    let mut updates = updates(db, instance, &messages).await?;
    let records = messages
        .into_iter()
        .map(|message| MessageWithUpdates {
            updates: updates.remove(message.id.as_str()).unwrap_or_default(),
            message,
        })
        .collect();
    Ok(MessagePage { total, records })
}

/// Finds the day and then the minute that holds the message after `skip` others: a bound on its time, and how many of
/// the messages within that bound still come before it.
async fn way_to(
    db: &Db,
    instance: &InstanceId,
    newest_first: bool,
    mut skip: i64,
) -> Result<(Option<i64>, i64), StoreError> {
    let order = if newest_first { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT start_s, messages FROM message_span WHERE instance_id = $1 AND span_s = $2 AND start_s >= $3 \
         AND start_s <= $4 ORDER BY start_s {order}"
    );
    let (mut first, mut last) = (i64::MIN, i64::MAX);
    let mut bound = None;
    for span in SPANS {
        let values = vec![
            instance.as_str().into(),
            span.into(),
            first.into(),
            last.into(),
        ];
        for row in db.rows(sql.clone(), values).await? {
            let (start, messages) = (row.int(0)?, row.int(1)?);
            if skip < messages {
                (first, last) = (start, start.saturating_add(span - 1));
                bound = Some(if newest_first {
                    start.saturating_add(span)
                } else {
                    start
                });
                break;
            }
            skip -= messages;
        }
    }
    Ok((bound, skip))
}

fn conditions<'q>(instance: &'q InstanceId, filter: &'q MessageFilter) -> Conditions<'q> {
    let mut conditions = Conditions::of_instance("instance_id", instance.as_str());
    conditions.and_if("id =", filter.id.as_deref());
    conditions.and_if("source =", filter.source.map(DeviceSource::as_str));
    conditions.and_if("message_type =", filter.message_type.as_deref());
    conditions.and_if("timestamp_s >=", filter.from_seconds);
    conditions.and_if("timestamp_s <=", filter.to_seconds);
    conditions.and_if("key_id =", filter.key_id.as_deref());
    match &filter.remote_jid {
        Some(remote_jid) => conditions.and("remote_jid =", remote_jid.as_str()),
        None => conditions.and_if("remote_jid_alt =", filter.remote_jid_alt.as_deref()),
    }
    conditions.and_if("from_me =", filter.from_me);
    conditions.and_if("key_participant =", filter.participant.as_deref());
    conditions
}

async fn total(db: &Db, instance: &InstanceId, filter: &MessageFilter) -> Result<i64, StoreError> {
    if filter.counted() {
        let counted = match &filter.remote_jid {
            Some(remote_jid) => {
                let sql =
                    "SELECT message_count FROM chat WHERE instance_id = $1 AND remote_jid = $2";
                db.row(
                    sql,
                    vec![instance.as_str().into(), remote_jid.as_str().into()],
                )
                .await?
            }
            None => {
                let sql = "SELECT messages FROM instance_count WHERE instance_id = $1";
                db.row(sql, vec![instance.as_str().into()]).await?
            }
        };
        // No chat: it was not kept while its messages were. They are counted one by one.
        if let Some(row) = counted {
            return row.int(0);
        }
    }
    let conditions = conditions(instance, filter);
    let sql = format!("SELECT COUNT(*) FROM message WHERE {}", conditions.text());
    db.row(sql, conditions.values)
        .await?
        .map_or(Ok(0), |row| row.int(0))
}

/// The statuses of these messages.
async fn updates(
    db: &Db,
    instance: &InstanceId,
    messages: &[Message],
) -> Result<HashMap<String, Vec<String>>, StoreError> {
    let mut updates: HashMap<String, Vec<String>> = HashMap::new();
    for piece in messages.chunks(200) {
        let places: Vec<String> = (0..piece.len())
            .map(|index| format!("${}", index + 2))
            .collect();
        let sql = format!(
            "SELECT message_id, status FROM message_update WHERE instance_id = $1 AND message_id IN ({}) ORDER BY id",
            places.join(", ")
        );
        let mut values: Vec<Value<'_>> = vec![instance.as_str().into()];
        values.extend(piece.iter().map(|message| Value::from(message.id.as_str())));
        for row in db.rows(sql, values).await? {
            updates.entry(row.text(0)?).or_default().push(row.text(1)?);
        }
    }
    Ok(updates)
}

/// The newest message with this id of its own.
///
/// # Errors
/// When the database does not answer.
pub async fn by_key_id(
    db: &Db,
    instance: &InstanceId,
    key_id: &str,
) -> Result<Option<Message>, StoreError> {
    let row = db
        .row(
            by_key_id_sql(),
            vec![instance.as_str().into(), key_id.into()],
        )
        .await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

fn by_key_id_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM message m WHERE m.instance_id = $1 AND m.key_id = $2 ORDER BY m.timestamp_s + 0 DESC LIMIT 1"
    )
}

/// The newest message with this id of its own, as this transaction sees it; `from_me` when the direction is known.
///
/// # Errors
/// When the database refuses.
pub async fn in_tx(
    tx: &mut Tx,
    instance: &InstanceId,
    key_id: &str,
    from_me: Option<bool>,
) -> Result<Option<Message>, StoreError> {
    let mut values = vec![instance.as_str().into(), key_id.into()];
    let sql = match from_me {
        None => by_key_id_sql(),
        Some(from_me) => {
            values.push(from_me.into());
            format!(
                "SELECT {COLUMNS} FROM message m WHERE m.instance_id = $1 AND m.key_id = $2 AND m.from_me = $3 \
                 ORDER BY m.timestamp_s + 0 DESC LIMIT 1"
            )
        }
    };
    let rows = tx.rows(sql, values).await?;
    rows.first().map(|row| from_row(row, 0)).transpose()
}

/// Notes how far a message that was read in this transaction has got; answers whether that is news. A step back is not.
///
/// # Errors
/// When the database refuses.
pub async fn advance(
    tx: &mut Tx,
    message: &mut Message,
    status: MessageStatus,
) -> Result<bool, StoreError> {
    if message.status == Some(status) || is_step_back(message.status, status) {
        return Ok(false);
    }
    let sql = "UPDATE message SET status = $1 WHERE instance_id = $2 AND id = $3";
    let values = vec![
        status.as_str().into(),
        message.instance_id.as_str().into(),
        message.id.as_str().into(),
    ];
    tx.execute(sql, values).await?;
    message.status = Some(status);
    Ok(true)
}

/// Stores the content, type, context, time, names and status of a message that is there in place of what they were. The
/// key stays, apart from its further members.
///
/// # Errors
/// When the database refuses.
pub async fn rewrite(tx: &mut Tx, message: &Message) -> Result<(), StoreError> {
    let sql = "UPDATE message SET message_type = $1, body = $2, context_info = $3, status = $4, push_name = $5, \
               key_more = $6, source = $7 WHERE instance_id = $8 AND id = $9";
    let values = vec![
        message.message_type.as_str().into(),
        to_json(&message.message)?.into(),
        message
            .context_info
            .as_ref()
            .map(to_json)
            .transpose()?
            .into(),
        message.status.map(MessageStatus::as_str).into(),
        message.push_name.as_deref().into(),
        to_json(&message.key.more)?.into(),
        message.source.as_str().into(),
        message.instance_id.as_str().into(),
        message.id.as_str().into(),
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Marks what others wrote in a chat up to a time as read. Answers how many that were.
///
/// # Errors
/// When the database refuses.
pub async fn read_up_to(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    until_s: i64,
) -> Result<u64, StoreError> {
    let sql = "UPDATE message SET status = 'READ' WHERE instance_id = $1 AND remote_jid = $2 AND timestamp_s <= $3 \
               AND from_me = FALSE AND (status IS NULL OR status = 'DELIVERY_ACK')";
    let values = vec![instance.as_str().into(), remote_jid.into(), until_s.into()];
    Ok(tx.execute(sql, values).await?.rows_affected)
}

/// How many messages of others in a chat nobody has read.
///
/// # Errors
/// When the database refuses.
pub async fn unread(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    after_s: i64,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM message WHERE instance_id = $1 AND remote_jid = $2 AND timestamp_s > $3 \
               AND from_me = FALSE AND status = 'DELIVERY_ACK'";
    let values = vec![instance.as_str().into(), remote_jid.into(), after_s.into()];
    let rows = tx.rows(sql, values).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Notes how far a message has got, and gives the message as it is stored now; `None` when there is none with this id.
/// Statuses move forward only, apart from `ERROR`, `DELETED` and `EDITED`: a step back changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn set_status(
    tx: &mut Tx,
    instance: &InstanceId,
    key_id: &str,
    status: MessageStatus,
) -> Result<Option<Message>, StoreError> {
    let rows = tx
        .rows(
            by_key_id_sql(),
            vec![instance.as_str().into(), key_id.into()],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut message = from_row(row, 0)?;
    if message.status == Some(status) || is_step_back(message.status, status) {
        return Ok(Some(message));
    }
    let sql = "UPDATE message SET status = $1 WHERE id = $2";
    tx.execute(
        sql,
        vec![status.as_str().into(), message.id.as_str().into()],
    )
    .await?;
    message.status = Some(status);
    Ok(Some(message))
}

fn is_step_back(from: Option<MessageStatus>, to: MessageStatus) -> bool {
    use MessageStatus::{Deleted, DeliveryAck, Edited, Error, Pending, Played, Read, ServerAck};
    let step = |status| match status {
        Pending => Some(0),
        ServerAck => Some(1),
        DeliveryAck => Some(2),
        Read => Some(3),
        Played => Some(4),
        Error | Deleted | Edited => None,
    };
    match (from, step(to)) {
        // What was deleted stays so, whatever arrives late.
        (Some(Deleted), _) => true,
        (Some(from), Some(to)) => step(from).is_some_and(|from| to < from),
        (_, None) | (None, _) => false,
    }
}

/// Reads a message whose columns begin at `at`.
pub(crate) fn from_row(row: &Row, at: usize) -> Result<Message, StoreError> {
    let source = row.text(at + 7)?;
    let status = row.maybe_text(at + 8)?;
    let corrupt =
        |what: &str, text: &str| StoreError::Corrupt(format!("a message has the {what} `{text}`"));
    Ok(Message {
        id: RowId::from(row.text(at)?),
        instance_id: row.text(at + 1)?.into(),
        key: MessageKey {
            id: row.text(at + 3)?,
            from_me: row.flag(at + 4)?,
            remote_jid: row.text(at + 2)?,
            participant: row.maybe_text(at + 10)?,
            more: row.json(at + 13)?,
        },
        push_name: row.maybe_text(at + 11)?,
        message_type: row.text(at + 6)?,
        message: row.json(at + 15)?,
        context_info: row.maybe_json(at + 14)?,
        source: DeviceSource::parse(&source).ok_or_else(|| corrupt("source", &source))?,
        timestamp: row.int(at + 5)?,
        status: status
            .map(|text| MessageStatus::parse(&text).ok_or_else(|| corrupt("status", &text)))
            .transpose()?,
        participant: row.maybe_text(at + 9)?,
        webhook_url: row.maybe_text(at + 12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_move_forward() {
        use MessageStatus::{Deleted, DeliveryAck, Edited, Error, Pending, Read};
        for (from, to, back) in [
            (Some(Read), DeliveryAck, true),
            (Some(Pending), Read, false),
            (Some(Read), Edited, false),
            (Some(Edited), Read, false),
            (Some(Error), Pending, false),
            (Some(Deleted), Read, true),
            (None, Pending, false),
        ] {
            assert_eq!(is_step_back(from, to), back, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn counters_know_chats_and_everything() {
        let chat = Some("a".to_owned());
        assert!(MessageFilter::default().counted());
        assert!(
            MessageFilter {
                remote_jid: chat.clone(),
                ..MessageFilter::default()
            }
            .counted()
        );
        assert!(
            !MessageFilter {
                remote_jid_alt: chat.clone(),
                ..MessageFilter::default()
            }
            .counted()
        );
        assert!(
            !MessageFilter {
                remote_jid: chat,
                from_me: Some(true),
                ..MessageFilter::default()
            }
            .counted()
        );
    }
}
