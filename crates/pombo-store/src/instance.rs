//! The `instance` table, and the counters of what each instance has stored.

use std::collections::HashMap;

use pombo_domain::clock::Timestamp;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Row, Value};
use crate::tx::Tx;

/// Up to this many rows are removed together with their instance; more are left to the writer's idle time.
const INLINE: i64 = 2000;

/// How much an instance has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages.
    pub messages: i64,
    /// Contacts.
    pub contacts: i64,
    /// Chats.
    pub chats: i64,
}

/// Stores a new instance.
///
/// # Errors
/// [`StoreError::Taken`] when the name or the id is in use.
pub async fn insert(tx: &mut Tx, instance: &Instance) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO instance (id, name, client_name, connection, channel, owner_jid, profile_name, \
                       profile_pic_url, number, business_id, token, disconnection_reason_code, disconnection_object, \
                       disconnection_at_ms, created_at_ms, updated_at_ms) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let values: Vec<Value<'_>> = vec![
        instance.id.as_str().into(),
        instance.name.as_str().into(),
        instance.client_name.as_str().into(),
        instance.connection.as_str().into(),
        instance.channel.as_str().into(),
        instance.owner_jid.as_deref().into(),
        instance.profile_name.as_deref().into(),
        instance.profile_pic_url.as_deref().into(),
        instance.number.as_deref().into(),
        instance.business_id.as_deref().into(),
        instance.token.as_str().into(),
        instance.disconnection_reason_code.map(i64::from).into(),
        instance.disconnection_object.as_deref().into(),
        instance.disconnection_at.map(Timestamp::millis).into(),
        instance.created_at.millis().into(),
        instance.updated_at.millis().into(),
    ];
    tx.execute(SQL, values).await?;
    let sql =
        "INSERT INTO instance_count (instance_id, messages, contacts, chats) VALUES ($1, 0, 0, 0)";
    tx.execute(sql, vec![instance.id.as_str().into()]).await?;
    Ok(())
}

/// The instances of one server (`DATABASE_CONNECTION_CLIENT_NAME`), the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &Db, client_name: &str) -> Result<Vec<Instance>, StoreError> {
    const SQL: &str = "SELECT id, name, client_name, connection, channel, owner_jid, profile_name, profile_pic_url, number, \
                       business_id, token, disconnection_reason_code, disconnection_object, disconnection_at_ms, \
                       created_at_ms, updated_at_ms FROM instance WHERE client_name = $1 AND deleted = FALSE \
                       ORDER BY created_at_ms, id";
    db.rows(SQL, vec![client_name.into()])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<Instance, StoreError> {
    let corrupt = |what: &str, text: &str| {
        StoreError::Corrupt(format!("an instance has the {what} `{text}`"))
    };
    let name = row.text(1)?;
    let connection = row.text(3)?;
    let channel = row.text(4)?;
    Ok(Instance {
        id: row.text(0)?.into(),
        name: InstanceName::new(&name).map_err(|_| corrupt("name", &name))?,
        client_name: row.text(2)?,
        connection: ConnectionState::parse(&connection)
            .ok_or_else(|| corrupt("connection state", &connection))?,
        channel: ChannelKind::parse(&channel).ok_or_else(|| corrupt("channel", &channel))?,
        owner_jid: row.maybe_text(5)?,
        profile_name: row.maybe_text(6)?,
        profile_pic_url: row.maybe_text(7)?,
        number: row.maybe_text(8)?,
        business_id: row.maybe_text(9)?,
        token: row.text(10)?,
        disconnection_reason_code: row.maybe_int(11)?.and_then(|code| i32::try_from(code).ok()),
        disconnection_object: row.maybe_text(12)?,
        disconnection_at: row.maybe_int(13)?.map(Timestamp::from_millis),
        created_at: Timestamp::from_millis(row.int(14)?),
        updated_at: Timestamp::from_millis(row.int(15)?),
    })
}

/// Changes the stored connection state.
///
/// # Errors
/// When the database refuses.
pub async fn set_connection(
    tx: &mut Tx,
    id: &InstanceId,
    state: ConnectionState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE instance SET connection = $1, updated_at_ms = $2 WHERE id = $3";
    let values = vec![
        state.as_str().into(),
        now.millis().into(),
        id.as_str().into(),
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Notes why and when (`now`) the instance was finally disconnected.
///
/// # Errors
/// When the database refuses.
pub async fn set_disconnection(
    tx: &mut Tx,
    id: &InstanceId,
    reason_code: Option<i32>,
    object: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE instance SET disconnection_reason_code = $1, disconnection_object = $2, disconnection_at_ms = $3, \
               updated_at_ms = $4 WHERE id = $5";
    let values = vec![
        reason_code.map(i64::from).into(),
        object.into(),
        now.millis().into(),
        now.millis().into(),
        id.as_str().into(),
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Notes whose account it is.
///
/// # Errors
/// When the database refuses.
pub async fn set_profile(
    tx: &mut Tx,
    id: &InstanceId,
    owner_jid: Option<&str>,
    name: Option<&str>,
    picture_url: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE instance SET owner_jid = $1, profile_name = $2, profile_pic_url = $3, updated_at_ms = $4 WHERE id = $5";
    let values = vec![
        owner_jid.into(),
        name.into(),
        picture_url.into(),
        now.millis().into(),
        id.as_str().into(),
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Removes the instance and every row of it, apart from events, cursors, deliveries and retired subscriptions. Its name
/// is free at once. When it has stored much, messages, chats and contacts are out of reach at once too, and are removed
/// from the disk while nothing else is to be written.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, id: &InstanceId) -> Result<(), StoreError> {
    tx.forget(id);
    let sql = "SELECT messages + contacts + chats FROM instance_count WHERE instance_id = $1";
    let rows = tx.rows(sql, vec![id.as_str().into()]).await?;
    let mut stored = rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0);
    let sql = "SELECT COUNT(*) FROM (SELECT kind FROM auth_state WHERE instance_id = $1 LIMIT $2) AS piece";
    let rows = tx
        .rows(sql, vec![id.as_str().into(), (INLINE + 1).into()])
        .await?;
    stored += rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0);
    for table in [
        "DELETE FROM settings WHERE instance_id = $1",
        "DELETE FROM proxy WHERE instance_id = $1",
        "DELETE FROM subscription WHERE instance_id = $1 AND retired_at_seq IS NULL",
        "DELETE FROM instance_count WHERE instance_id = $1",
        "DELETE FROM message_span WHERE instance_id = $1",
        "DELETE FROM label WHERE instance_id = $1",
        "DELETE FROM number_cache WHERE instance_id = $1",
        "DELETE FROM outbox WHERE instance_id = $1",
    ] {
        tx.execute(table, vec![id.as_str().into()]).await?;
    }
    if stored > INLINE {
        // No instance can be named so: control characters are refused.
        let name = format!("\u{1}{id}");
        let sql = "UPDATE instance SET deleted = TRUE, name = $1, token = '' WHERE id = $2";
        tx.execute(sql, vec![name.into(), id.as_str().into()])
            .await?;
        tx.leave_for_sweep();
        return Ok(());
    }
    for table in [
        "DELETE FROM auth_state WHERE instance_id = $1",
        "DELETE FROM poll_vote WHERE instance_id = $1",
        "DELETE FROM message_update WHERE instance_id = $1",
        "DELETE FROM message WHERE instance_id = $1",
        "DELETE FROM chat WHERE instance_id = $1",
        "DELETE FROM contact WHERE instance_id = $1",
        "DELETE FROM instance WHERE id = $1",
    ] {
        tx.execute(table, vec![id.as_str().into()]).await?;
    }
    Ok(())
}

/// What one instance, or every instance, has stored. Counters kept with every write: the cost does not grow with them.
///
/// # Errors
/// When the database does not answer.
pub async fn counts(
    db: &Db,
    instance: Option<&InstanceId>,
) -> Result<HashMap<InstanceId, Counts>, StoreError> {
    const ALL: &str = "SELECT instance_id, messages, contacts, chats FROM instance_count";
    const ONE: &str =
        "SELECT instance_id, messages, contacts, chats FROM instance_count WHERE instance_id = $1";
    let rows = match instance {
        Some(instance) => db.rows(ONE, vec![instance.as_str().into()]).await?,
        None => db.rows(ALL, Vec::new()).await?,
    };
    rows.iter()
        .map(|row| {
            let counts = Counts {
                messages: row.int(1)?,
                contacts: row.int(2)?,
                chats: row.int(3)?,
            };
            Ok((row.text(0)?.into(), counts))
        })
        .collect()
}
