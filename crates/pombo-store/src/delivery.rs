//! The `delivery` table: parked failures only.

use pombo_domain::clock::Timestamp;
use pombo_domain::event::Seq;
use pombo_domain::id::{InstanceId, RowId};

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Dialect, Row, Value};
use crate::tx::Tx;

/// A delivery that failed and is to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The sink's name.
    pub sink: String,
    /// Whose event.
    pub instance_id: Option<InstanceId>,
    /// Which event. It is not pruned while the delivery waits.
    pub event_seq: Seq,
    /// For which subscription: its row id, or `global`.
    pub subscription: RowId,
    /// Attempts made so far.
    pub attempt: u32,
    /// When to try again.
    pub next_at: Timestamp,
    /// HTTP status of the last attempt.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: String,
}

/// A parked delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// What was parked, as it stands now.
    pub delivery: NewDelivery,
    /// Whether it still waits.
    pub state: DeliveryState,
}

/// What becomes of a parked delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Tried again at `next_at`.
    Waiting,
    /// Given up.
    Dead,
}

impl DeliveryState {
    /// The spelling in the database and in routes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// The state of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

const COLUMNS: &str = "id, sink, instance_id, event_seq, subscription, attempt, next_at_ms, last_status, last_error, state";

/// Parks a delivery as waiting; gives its number.
///
/// # Errors
/// When the database refuses.
pub async fn park(tx: &mut Tx, delivery: &NewDelivery) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO delivery (sink, state, next_at_ms, event_seq, instance_id, subscription, attempt, \
                       last_status, last_error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: Vec<Value<'_>> = vec![
        delivery.sink.as_str().into(),
        DeliveryState::Waiting.as_str().into(),
        delivery.next_at.millis().into(),
        delivery.event_seq.into(),
        delivery.instance_id.as_ref().map(InstanceId::as_str).into(),
        delivery.subscription.as_str().into(),
        i64::from(delivery.attempt).into(),
        delivery.status.map(i64::from).into(),
        delivery.error.as_str().into(),
    ];
    if tx.dialect() == Dialect::Mysql {
        return Ok(tx.execute(SQL, values).await?.last_id);
    }
    let rows = tx.rows(format!("{SQL} RETURNING id"), values).await?;
    rows.first().map_or_else(
        || Err(StoreError::Other("no number was given".to_owned())),
        |row| row.int(0),
    )
}

/// The waiting deliveries of a sink whose time has come, in the order of their time.
///
/// # Errors
/// When the database does not answer.
pub async fn due(
    db: &Db,
    sink: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE sink = $1 AND state = 'waiting' AND next_at_ms <= $2 \
         ORDER BY next_at_ms, id LIMIT $3"
    );
    let rows = db
        .rows(
            sql,
            vec![sink.into(), now.millis().into(), i64::from(limit).into()],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// When the next waiting delivery of a sink is to be tried.
///
/// # Errors
/// When the database does not answer.
pub async fn next_due(db: &Db, sink: &str) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MIN(next_at_ms) FROM delivery WHERE sink = $1 AND state = 'waiting'";
    let row = db.row(sql, vec![sink.into()]).await?;
    Ok(row
        .map(|row| row.maybe_int(0))
        .transpose()?
        .flatten()
        .map(Timestamp::from_millis))
}

/// Notes another failed attempt and when to try again. A dead delivery waits again.
///
/// # Errors
/// When the database refuses.
pub async fn reschedule(
    tx: &mut Tx,
    id: i64,
    attempt: u32,
    next_at: Timestamp,
    status: Option<u16>,
    error: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE delivery SET state = 'waiting', attempt = $1, next_at_ms = $2, last_status = $3, \
                       last_error = $4 WHERE id = $5";
    let values = vec![
        i64::from(attempt).into(),
        next_at.millis().into(),
        status.map(i64::from).into(),
        error.into(),
        id.into(),
    ];
    tx.execute(SQL, values).await.map(drop)
}

/// Gives a delivery up. Its event may be pruned from then on.
///
/// # Errors
/// When the database refuses.
pub async fn bury(
    tx: &mut Tx,
    id: i64,
    attempt: u32,
    status: Option<u16>,
    error: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE delivery SET state = 'dead', attempt = $1, last_status = $2, last_error = $3 WHERE id = $4";
    let values = vec![
        i64::from(attempt).into(),
        status.map(i64::from).into(),
        error.into(),
        id.into(),
    ];
    tx.execute(SQL, values).await.map(drop)
}

/// Removes a delivery, most often because it succeeded.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM delivery WHERE id = $1", vec![id.into()])
        .await
        .map(drop)
}

/// The parked deliveries of a sink, of one instance or of all, in one state or in any; the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    db: &Db,
    sink: &str,
    instance: Option<&InstanceId>,
    state: Option<DeliveryState>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM delivery WHERE sink = $1");
    let mut values: Vec<Value<'_>> = vec![sink.into()];
    if let Some(instance) = instance {
        values.push(instance.as_str().into());
        sql.push_str(&format!(" AND instance_id = ${}", values.len()));
    }
    if let Some(state) = state {
        values.push(state.as_str().into());
        sql.push_str(&format!(" AND state = ${}", values.len()));
    }
    values.push(i64::from(limit).into());
    sql.push_str(&format!(" ORDER BY id DESC LIMIT ${}", values.len()));
    db.rows(sql, values).await?.iter().map(from_row).collect()
}

/// How many deliveries of a sink wait, and how many are dead.
///
/// # Errors
/// When the database does not answer.
pub async fn counts(db: &Db, sink: &str) -> Result<(i64, i64), StoreError> {
    let rows = db
        .rows(
            "SELECT state, COUNT(*) FROM delivery WHERE sink = $1 GROUP BY state",
            vec![sink.into()],
        )
        .await?;
    let mut counts = (0, 0);
    for row in rows {
        match DeliveryState::parse(&row.text(0)?) {
            Some(DeliveryState::Waiting) => counts.0 = row.int(1)?,
            Some(DeliveryState::Dead) => counts.1 = row.int(1)?,
            None => {
                return Err(StoreError::Corrupt(
                    "a delivery has an unknown state".to_owned(),
                ));
            }
        }
    }
    Ok(counts)
}

fn from_row(row: &Row) -> Result<Delivery, StoreError> {
    let state = row.text(9)?;
    Ok(Delivery {
        id: row.int(0)?,
        delivery: NewDelivery {
            sink: row.text(1)?,
            instance_id: row.maybe_text(2)?.map(InstanceId::from),
            event_seq: row.int(3)?,
            subscription: row.text(4)?.into(),
            attempt: u32::try_from(row.int(5)?).unwrap_or(u32::MAX),
            next_at: Timestamp::from_millis(row.int(6)?),
            status: row
                .maybe_int(7)?
                .and_then(|status| u16::try_from(status).ok()),
            error: row.text(8)?,
        },
        state: DeliveryState::parse(&state)
            .ok_or_else(|| StoreError::Corrupt(format!("a delivery has the state `{state}`")))?,
    })
}
