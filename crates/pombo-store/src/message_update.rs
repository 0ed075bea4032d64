//! The `message_update` table: the steps of a message's life.

use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::message::MessageUpdate;

use crate::db::Db;
use crate::error::StoreError;
use crate::message::fits;
use crate::page::Page;
use crate::sql::{Conditions, Row, to_json};
use crate::tx::Tx;

/// Stores a step.
///
/// # Errors
/// [`StoreError::TooLong`] for an id or address of more than 255 characters; else when the database refuses.
pub async fn insert(tx: &mut Tx, update: &MessageUpdate) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO message_update (id, instance_id, message_id, key_id, remote_jid, from_me, participant, \
                       status, poll_updates) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    fits("keyId", &update.key_id)?;
    fits("remoteJid", &update.remote_jid)?;
    let values = vec![
        update.id.as_str().into(),
        update.instance_id.as_str().into(),
        update.message_id.as_str().into(),
        update.key_id.as_str().into(),
        update.remote_jid.as_str().into(),
        update.from_me.into(),
        update.participant.as_deref().into(),
        update.status.as_str().into(),
        update
            .poll_updates
            .as_ref()
            .map(to_json)
            .transpose()?
            .into(),
    ];
    tx.execute(SQL, values).await.map(drop)
}

/// Whether a message has been through this step with this participant.
///
/// # Errors
/// When the database refuses.
pub async fn is_known(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &RowId,
    participant: &str,
    status: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM message_update WHERE instance_id = $1 AND message_id = $2 AND participant = $3 \
               AND status = $4 LIMIT 1";
    let values = vec![
        instance.as_str().into(),
        message.as_str().into(),
        participant.into(),
        status.into(),
    ];
    Ok(!tx.rows(sql, values).await?.is_empty())
}

/// The steps of one message, of one chat, or of all, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &Db,
    instance: &InstanceId,
    remote_jid: Option<&str>,
    key_id: Option<&str>,
    page: Page,
) -> Result<Vec<MessageUpdate>, StoreError> {
    let mut conditions = Conditions::of_instance("instance_id", instance.as_str());
    conditions.and_if("key_id =", key_id);
    conditions.and_if("remote_jid =", remote_jid);
    let limit = conditions.push(i64::from(page.size));
    let offset = conditions.push(page.offset());
    let sql = format!(
        "SELECT id, instance_id, message_id, key_id, remote_jid, from_me, participant, status, poll_updates \
         FROM message_update WHERE {} ORDER BY id LIMIT {limit} OFFSET {offset}",
        conditions.text()
    );
    db.rows(sql, conditions.values)
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<MessageUpdate, StoreError> {
    Ok(MessageUpdate {
        id: row.text(0)?.into(),
        instance_id: row.text(1)?.into(),
        message_id: row.text(2)?.into(),
        key_id: row.text(3)?,
        remote_jid: row.text(4)?,
        from_me: row.flag(5)?,
        participant: row.maybe_text(6)?,
        status: row.text(7)?,
        poll_updates: row.maybe_json(8)?,
    })
}
