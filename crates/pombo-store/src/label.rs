//! The `label` table: one row per instance and WhatsApp's label id.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::label::Label;

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::message::fits;
use crate::sql::{Conflict, Insert, Row};
use crate::tx::Tx;

/// Stores a label in place of what it was. Answers whether it existed before.
///
/// # Errors
/// [`StoreError::TooLong`] for an id of more than 255 characters; else when the database refuses.
pub async fn upsert(
    tx: &mut Tx,
    instance: &InstanceId,
    label: &Label,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "label",
        columns: &[
            "instance_id",
            "label_id",
            "id",
            "name",
            "color",
            "predefined_id",
            "created_at_ms",
            "updated_at_ms",
        ],
        conflict: Conflict::Update {
            key: "instance_id, label_id",
            set: &[
                ("name", "new.name"),
                ("color", "new.color"),
                ("predefined_id", "new.predefined_id"),
                ("updated_at_ms", "new.updated_at_ms"),
            ],
            only_if: None,
        },
        returning: None,
    };
    fits("labelId", &label.id)?;
    let sql = "SELECT id FROM label WHERE instance_id = $1 AND label_id = $2";
    let existed = !tx
        .rows(
            sql,
            vec![instance.as_str().into(), label.id.as_str().into()],
        )
        .await?
        .is_empty();
    let id = RowId::new(now);
    let values = vec![
        instance.as_str().into(),
        label.id.as_str().into(),
        id.as_str().into(),
        label.name.as_str().into(),
        label.color.as_str().into(),
        label.predefined_id.as_deref().into(),
        now.millis().into(),
        now.millis().into(),
    ];
    insert_one(tx, &INSERT, values).await?;
    Ok(existed)
}

/// Removes a label. Answers whether it was there.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, instance: &InstanceId, id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM label WHERE instance_id = $1 AND label_id = $2";
    let done = tx
        .execute(sql, vec![instance.as_str().into(), id.into()])
        .await?;
    Ok(done.rows_affected > 0)
}

/// The labels of an instance, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &Db, instance: &InstanceId) -> Result<Vec<Label>, StoreError> {
    let sql = "SELECT label_id, name, color, predefined_id FROM label WHERE instance_id = $1 ORDER BY label_id";
    db.rows(sql, vec![instance.as_str().into()])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<Label, StoreError> {
    Ok(Label {
        id: row.text(0)?,
        name: row.text(1)?,
        color: row.text(2)?,
        predefined_id: row.maybe_text(3)?,
    })
}
