//! The `subscription` table: which events an instance sends over which transport.

use pombo_domain::clock::Timestamp;
use pombo_domain::event::Seq;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use serde_json::{Map, Value};

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Conflict, Insert, Row, to_json};
use crate::tx::Tx;

/// Stores the subscription of an instance to a transport in place of the one it had; gives the row as it is stored. Id
/// and `createdAt` are kept.
///
/// # Errors
/// When the database refuses.
pub async fn upsert(
    tx: &mut Tx,
    instance: &InstanceId,
    transport: TransportKind,
    enabled: bool,
    events: &EventList,
    options: &Map<String, Value>,
    now: Timestamp,
) -> Result<Subscription, StoreError> {
    const INSERT: Insert = Insert {
        table: "subscription",
        columns: &[
            "instance_id",
            "transport",
            "id",
            "enabled",
            "events",
            "options",
            "created_at_ms",
            "updated_at_ms",
        ],
        conflict: Conflict::Update {
            key: "instance_id, transport",
            set: &[
                ("enabled", "new.enabled"),
                ("events", "new.events"),
                ("options", "new.options"),
                ("updated_at_ms", "new.updated_at_ms"),
            ],
            only_if: None,
        },
        returning: None,
    };
    const SQL: &str = "SELECT id, instance_id, transport, enabled, events, options, created_at_ms, updated_at_ms, \
                       retired_at_seq FROM subscription WHERE instance_id = $1 AND transport = $2";
    let id = RowId::new(now);
    let values = vec![
        instance.as_str().into(),
        transport.as_str().into(),
        id.as_str().into(),
        enabled.into(),
        to_json(events)?.into(),
        to_json(options)?.into(),
        now.millis().into(),
        now.millis().into(),
    ];
    insert_one(tx, &INSERT, values).await?;
    let rows = tx
        .rows(
            SQL,
            vec![instance.as_str().into(), transport.as_str().into()],
        )
        .await?;
    rows.first()
        .map(from_row)
        .unwrap_or_else(|| Err(StoreError::Other("the row just written is gone".to_owned())))
}

/// Every subscription of every instance, the retired ones of deleted instances too.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &Db) -> Result<Vec<Subscription>, StoreError> {
    const SQL: &str = "SELECT id, instance_id, transport, enabled, events, options, created_at_ms, updated_at_ms, \
                       retired_at_seq FROM subscription";
    db.rows(SQL, Vec::new())
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<Subscription, StoreError> {
    let transport = row.text(2)?;
    Ok(Subscription {
        id: row.text(0)?.into(),
        instance_id: row.text(1)?.into(),
        transport: TransportKind::parse(&transport).ok_or_else(|| {
            StoreError::Corrupt(format!("a subscription has the transport `{transport}`"))
        })?,
        enabled: row.flag(3)?,
        events: row.json(4)?,
        options: row.json(5)?,
        created_at: Timestamp::from_millis(row.int(6)?),
        updated_at: Timestamp::from_millis(row.int(7)?),
        retired_at_seq: row.maybe_int(8)?,
    })
}

/// Switches one subscription on or off.
///
/// # Errors
/// When the database refuses.
pub async fn set_enabled(
    tx: &mut Tx,
    id: &RowId,
    enabled: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE subscription SET enabled = $1, updated_at_ms = $2 WHERE id = $3";
    tx.execute(
        sql,
        vec![enabled.into(), now.millis().into(), id.as_str().into()],
    )
    .await
    .map(drop)
}

/// Marks the subscriptions of an instance that is being deleted: they deliver up to `at` and then go away. To be called
/// before `instance::delete`, which removes the others.
///
/// # Errors
/// When the database refuses.
pub async fn retire(tx: &mut Tx, instance: &InstanceId, at: Seq) -> Result<(), StoreError> {
    let sql = "UPDATE subscription SET retired_at_seq = $1 WHERE instance_id = $2 AND retired_at_seq IS NULL";
    tx.execute(sql, vec![at.into(), instance.as_str().into()])
        .await
        .map(drop)
}

/// Removes one subscription.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, id: &RowId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM subscription WHERE id = $1",
        vec![id.as_str().into()],
    )
    .await
    .map(drop)
}
