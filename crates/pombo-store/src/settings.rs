//! The `settings` table: at most one row per instance.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::settings::{Settings, SettingsRow};

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Conflict, Insert, Row, to_json};
use crate::tx::Tx;

/// Stores the settings of an instance in place of those it had; gives the row as it is stored. Id and `createdAt` are kept.
///
/// # Errors
/// When the database refuses.
pub async fn upsert(
    tx: &mut Tx,
    instance: &InstanceId,
    settings: &Settings,
    now: Timestamp,
) -> Result<SettingsRow, StoreError> {
    const INSERT: Insert = Insert {
        table: "settings",
        columns: &[
            "instance_id",
            "id",
            "body",
            "created_at_ms",
            "updated_at_ms",
        ],
        conflict: Conflict::Update {
            key: "instance_id",
            set: &[("body", "new.body"), ("updated_at_ms", "new.updated_at_ms")],
            only_if: None,
        },
        returning: None,
    };
    let id = RowId::new(now);
    let values = vec![
        instance.as_str().into(),
        id.as_str().into(),
        to_json(settings)?.into(),
        now.millis().into(),
        now.millis().into(),
    ];
    insert_one(tx, &INSERT, values).await?;
    let sql = "SELECT instance_id, id, body, created_at_ms, updated_at_ms FROM settings WHERE instance_id = $1";
    let rows = tx.rows(sql, vec![instance.as_str().into()]).await?;
    rows.first()
        .map(from_row)
        .unwrap_or_else(|| Err(StoreError::Other("the row just written is gone".to_owned())))
}

/// Those of every instance.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &Db) -> Result<Vec<SettingsRow>, StoreError> {
    let sql = "SELECT instance_id, id, body, created_at_ms, updated_at_ms FROM settings";
    db.rows(sql, Vec::new())
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<SettingsRow, StoreError> {
    Ok(SettingsRow {
        id: row.text(1)?.into(),
        settings: row.json(2)?,
        created_at: Timestamp::from_millis(row.int(3)?),
        updated_at: Timestamp::from_millis(row.int(4)?),
        instance_id: row.text(0)?.into(),
    })
}
