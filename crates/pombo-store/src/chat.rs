//! The `chat` table: one row per instance and address, which knows its last message and how many it has.

use pombo_domain::chat::Chat;
use pombo_domain::clock::Timestamp;
use pombo_domain::contact::Contact;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::message::Message;

use crate::batch::{ChatRow, Request};
use crate::contact;
use crate::db::Db;
use crate::error::StoreError;
use crate::message::{self, fits};
use crate::sql::{Conditions, Row, Value, to_json};
use crate::tx::Tx;

/// The columns of a chat whose table is called `c`, in the order of `from_row`.
const COLUMNS: &str = "c.id, c.remote_jid, c.name, c.labels, c.created_at_ms, c.updated_at_ms, c.instance_id, c.unread_messages";
const WIDTH: usize = 8;

/// What happened in a chat.
#[derive(Debug, Clone, Copy)]
pub struct ChatTouch<'a> {
    /// Whose chat.
    pub instance_id: &'a InstanceId,
    /// Its address.
    pub remote_jid: &'a str,
    /// Becomes the last message unless a newer one is known. (Messages are counted by `message::insert`.)
    pub message: Option<&'a Message>,
    /// How many more are unread.
    pub unread_add: i64,
    /// Its name; an empty one changes nothing.
    pub name: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// Which chats; `None` does not filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatFilter {
    /// The address.
    pub remote_jid: Option<String>,
    /// With a message at or after this second; the newest such message is then the `last_message`.
    pub from_seconds: Option<i64>,
    /// With a message at or before this second.
    pub to_seconds: Option<i64>,
    /// With a message of this id.
    pub key_id: Option<String>,
}

/// A chat with what is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatOverview {
    /// The chat.
    pub chat: Chat,
    /// The contact of the same address.
    pub contact: Option<Contact>,
    /// The last message, if it is stored.
    pub last_message: Option<Message>,
}

/// Makes the chat when it is missing, and notes what happened in it. Answers whether it existed before.
///
/// # Errors
/// [`StoreError::TooLong`] for an address of more than 255 characters; else when the database refuses.
pub async fn touch(tx: &mut Tx, touch: &ChatTouch<'_>) -> Result<bool, StoreError> {
    tx.ask(Request::Chat(to_row(touch)?)).await
}

/// [`touch`] for many chats; the answers in order.
///
/// # Errors
/// As [`touch`].
pub async fn touch_all(tx: &mut Tx, touches: &[ChatTouch<'_>]) -> Result<Vec<bool>, StoreError> {
    let requests = touches
        .iter()
        .map(|touch| Ok(Request::Chat(to_row(touch)?)))
        .collect::<Result<_, StoreError>>()?;
    tx.ask_all(requests).await
}

fn to_row(touch: &ChatTouch<'_>) -> Result<ChatRow, StoreError> {
    fits("remoteJid", touch.remote_jid)?;
    Ok(ChatRow {
        id: RowId::new(touch.now),
        instance_id: touch.instance_id.clone(),
        remote_jid: touch.remote_jid.to_owned(),
        name: touch
            .name
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        unread: touch.unread_add,
        last: touch
            .message
            .map(|message| (message.id.clone(), message.timestamp)),
        now: touch.now,
    })
}

/// Marks everything in a chat as read. Answers whether the chat exists.
///
/// # Errors
/// When the database refuses.
pub async fn mark_read(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE chat SET unread_messages = 0, updated_at_ms = $1 WHERE instance_id = $2 AND remote_jid = $3";
    let values = vec![
        now.millis().into(),
        instance.as_str().into(),
        remote_jid.into(),
    ];
    Ok(tx.execute(sql, values).await?.rows_affected > 0)
}

/// Sets how many messages of a chat are unread. Answers whether the chat exists.
///
/// # Errors
/// When the database refuses.
pub async fn set_unread(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    unread: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE chat SET unread_messages = $1, updated_at_ms = $2 WHERE instance_id = $3 AND remote_jid = $4";
    let values = vec![
        unread.into(),
        now.millis().into(),
        instance.as_str().into(),
        remote_jid.into(),
    ];
    Ok(tx.execute(sql, values).await?.rows_affected > 0)
}

/// Puts a label on a chat or takes it off. Answers whether the chat exists.
///
/// # Errors
/// When the database refuses.
pub async fn set_label(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    label: &str,
    labeled: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT labels FROM chat WHERE instance_id = $1 AND remote_jid = $2";
    let key = vec![instance.as_str().into(), remote_jid.into()];
    let rows = tx.rows(sql, key).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    let mut labels: Vec<String> = row.maybe_json(0)?.unwrap_or_default();
    labels.retain(|known| known != label);
    if labeled {
        labels.push(label.to_owned());
    }
    let sql = "UPDATE chat SET labels = $1, updated_at_ms = $2 WHERE instance_id = $3 AND remote_jid = $4";
    let values = vec![
        to_json(&labels)?.into(),
        now.millis().into(),
        instance.as_str().into(),
        remote_jid.into(),
    ];
    Ok(tx.execute(sql, values).await?.rows_affected > 0)
}

/// The chats of an instance with contact and last message, the newest first; all when `take` is `None`.
///
/// # Errors
/// When the database does not answer.
pub async fn overview(
    db: &Db,
    instance: &InstanceId,
    filter: &ChatFilter,
    take: Option<u32>,
    skip: u32,
) -> Result<Vec<ChatOverview>, StoreError> {
    let mut values: Vec<Value<'_>> = Vec::new();
    let mut place = |value: Value<'_>| {
        values.push(to_owned(value));
        format!("${}", values.len())
    };
    let in_time = filter.from_seconds.is_some() || filter.to_seconds.is_some();
    let last_id = if in_time {
        let from = place(filter.from_seconds.unwrap_or(i64::MIN).into());
        let to = place(filter.to_seconds.unwrap_or(i64::MAX).into());
        format!(
            "(SELECT newest.id FROM message newest WHERE newest.instance_id = chat.instance_id \
             AND newest.remote_jid = chat.remote_jid AND newest.timestamp_s >= {from} AND newest.timestamp_s <= {to} \
             ORDER BY newest.timestamp_s DESC, newest.id DESC LIMIT 1)"
        )
    } else {
        "chat.last_message_id".to_owned()
    };
    let mut text = format!("chat.instance_id = {}", place(instance.as_str().into()));
    if let Some(remote_jid) = &filter.remote_jid {
        text.push_str(&format!(
            " AND chat.remote_jid = {}",
            place(remote_jid.as_str().into())
        ));
    }
    if let Some(from) = filter.from_seconds {
        text.push_str(&format!(
            " AND chat.last_message_s >= {}",
            place(from.into())
        ));
    }
    if let Some(key_id) = &filter.key_id {
        text.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM message named WHERE named.instance_id = {} AND named.key_id = {} \
             AND named.remote_jid = chat.remote_jid)",
            place(instance.as_str().into()),
            place(key_id.as_str().into())
        ));
    }
    let limit = place(take.map_or(i64::MAX, i64::from).into());
    let offset = place(i64::from(skip).into());
    let contact = contact::COLUMNS;
    let message = message::COLUMNS;
    let sql = if in_time {
        format!(
            "SELECT {COLUMNS}, {contact}, {message} FROM (SELECT chat.*, {last_id} AS found_id FROM chat WHERE {text}) AS c \
             JOIN message m ON m.id = c.found_id \
             LEFT JOIN contact p ON p.instance_id = c.instance_id AND p.remote_jid = c.remote_jid \
             ORDER BY m.timestamp_s DESC, m.id DESC LIMIT {limit} OFFSET {offset}"
        )
    } else {
        format!(
            "SELECT {COLUMNS}, {contact}, {message} FROM (SELECT chat.* FROM chat WHERE {text} \
             ORDER BY chat.last_message_s DESC, chat.remote_jid DESC LIMIT {limit} OFFSET {offset}) AS c \
             LEFT JOIN message m ON m.id = c.last_message_id AND m.instance_id = c.instance_id \
             LEFT JOIN contact p ON p.instance_id = c.instance_id AND p.remote_jid = c.remote_jid \
             ORDER BY c.last_message_s DESC, c.remote_jid DESC"
        )
    };
    db.rows(sql, values)
        .await?
        .iter()
        .map(overview_row)
        .collect()
}

fn to_owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Bool(value) => Value::Bool(value),
        Value::Int(value) => Value::Int(value),
        Value::Text(text) => Value::Text(text.map(|text| text.into_owned().into())),
        Value::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
    }
}

fn overview_row(row: &Row) -> Result<ChatOverview, StoreError> {
    let contact = match row.maybe_text(WIDTH)? {
        Some(_) => Some(contact::from_row(row, WIDTH)?),
        None => None,
    };
    let at = WIDTH + contact::WIDTH;
    let last_message = match row.maybe_text(at)? {
        Some(_) => Some(message::from_row(row, at)?),
        None => None,
    };
    Ok(ChatOverview {
        chat: from_row(row)?,
        contact,
        last_message,
    })
}

/// The chat of exactly this address.
///
/// # Errors
/// When the database does not answer.
pub async fn by_remote_jid(
    db: &Db,
    instance: &InstanceId,
    remote_jid: &str,
) -> Result<Option<Chat>, StoreError> {
    let mut conditions = Conditions::of_instance("c.instance_id", instance.as_str());
    conditions.and("c.remote_jid =", remote_jid);
    let sql = format!("SELECT {COLUMNS} FROM chat c WHERE {}", conditions.text());
    db.row(sql, conditions.values)
        .await?
        .map(|row| from_row(&row))
        .transpose()
}

fn from_row(row: &Row) -> Result<Chat, StoreError> {
    Ok(Chat {
        id: row.text(0)?.into(),
        remote_jid: row.text(1)?,
        name: row.maybe_text(2)?,
        labels: row.maybe_json(3)?,
        created_at: Timestamp::from_millis(row.int(4)?),
        updated_at: Timestamp::from_millis(row.int(5)?),
        instance_id: row.text(6)?.into(),
        unread_messages: row.int(7)?,
    })
}
