//! The `outbox` table: messages on their way out whose outcome is not known yet.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::message::Message;

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::message;
use crate::sql::{Conflict, Insert};
use crate::tx::Tx;

/// Notes that a message is about to be handed to the network.
///
/// # Errors
/// When the database refuses.
pub async fn begin(
    tx: &mut Tx,
    instance: &InstanceId,
    message: &RowId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const INSERT: Insert = Insert {
        table: "outbox",
        columns: &["instance_id", "message_id", "at_ms"],
        conflict: Conflict::Keep,
        returning: None,
    };
    let values = vec![
        instance.as_str().into(),
        message.as_str().into(),
        now.millis().into(),
    ];
    insert_one(tx, &INSERT, values).await
}

/// Notes that the outcome is known.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, instance: &InstanceId, message: &RowId) -> Result<(), StoreError> {
    let sql = "DELETE FROM outbox WHERE instance_id = $1 AND message_id = $2";
    let values = vec![instance.as_str().into(), message.as_str().into()];
    tx.execute(sql, values).await.map(drop)
}

/// The messages whose outcome is not known, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn unsettled(db: &Db, instance: &InstanceId) -> Result<Vec<Message>, StoreError> {
    let columns = message::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM outbox o JOIN message m ON m.id = o.message_id WHERE o.instance_id = $1 ORDER BY o.at_ms"
    );
    db.rows(sql, vec![instance.as_str().into()])
        .await?
        .iter()
        .map(|row| message::from_row(row, 0))
        .collect()
}
