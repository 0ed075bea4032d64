//! The `sink_cursor` table: how far each sink has read the log.

use pombo_domain::event::Seq;
use pombo_domain::id::InstanceId;

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Conflict, Insert};
use crate::tx::Tx;

/// Everything up to `seq` is delivered or parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The sink's name.
    pub sink: String,
    /// Whose events; `None` for all.
    pub instance_id: Option<InstanceId>,
    /// How far.
    pub seq: Seq,
}

/// Every cursor.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &Db) -> Result<Vec<Cursor>, StoreError> {
    let rows = db
        .rows("SELECT sink, instance_id, seq FROM sink_cursor", Vec::new())
        .await?;
    rows.iter()
        .map(|row| {
            let instance = row.text(1)?;
            Ok(Cursor {
                sink: row.text(0)?,
                instance_id: (!instance.is_empty()).then(|| instance.into()),
                seq: row.int(2)?,
            })
        })
        .collect()
}

/// Moves a cursor forward, or makes it. It never moves backwards: a lower `seq` changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn set(
    tx: &mut Tx,
    sink: &str,
    instance: Option<&InstanceId>,
    seq: Seq,
) -> Result<(), StoreError> {
    const INSERT: Insert = Insert {
        table: "sink_cursor",
        columns: &["sink", "instance_id", "seq"],
        conflict: Conflict::Update {
            key: "sink, instance_id",
            set: &[(
                "seq",
                "CASE WHEN new.seq > old.seq THEN new.seq ELSE old.seq END",
            )],
            only_if: Some("new.seq > old.seq"),
        },
        returning: None,
    };
    insert_one(
        tx,
        &INSERT,
        vec![
            sink.into(),
            instance.map_or("", InstanceId::as_str).into(),
            seq.into(),
        ],
    )
    .await
}

/// Removes a cursor.
///
/// # Errors
/// When the database refuses.
pub async fn delete(
    tx: &mut Tx,
    sink: &str,
    instance: Option<&InstanceId>,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sink_cursor WHERE sink = $1 AND instance_id = $2";
    tx.execute(
        sql,
        vec![sink.into(), instance.map_or("", InstanceId::as_str).into()],
    )
    .await
    .map(drop)
}
