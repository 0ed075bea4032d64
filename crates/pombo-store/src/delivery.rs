//! The `delivery` table: parked failures only.

use std::collections::HashSet;
use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, Seq};
use pombo_domain::id::{EventId, InstanceId, RowId};

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
    /// The event's id; `None` in rows of older versions.
    pub event_id: Option<EventId>,
    /// The event's kind; likewise.
    pub event_kind: Option<EventKind>,
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
    /// How long the last attempt took; `None` when none was made.
    pub latency: Option<Duration>,
    /// When it was parked, or queued again by hand; `None` in rows of older versions.
    pub created_at: Option<Timestamp>,
}

/// How an attempt ended that did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Attempts made so far.
    pub attempt: u32,
    /// The receiver's status code, where it has one.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: String,
    /// How long the attempt took; `None` when none was made.
    pub latency: Option<Duration>,
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

const COLUMNS: &str = "id, sink, instance_id, event_seq, subscription, attempt, next_at_ms, last_status, last_error, state, \
                       event_id, event_kind, last_latency_ms, created_at_ms";

/// Parks a delivery as waiting; gives its number.
///
/// # Errors
/// When the database refuses.
pub async fn park(tx: &mut Tx, delivery: &NewDelivery) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO delivery (sink, state, next_at_ms, event_seq, instance_id, subscription, attempt, \
                       last_status, last_error, event_id, event_kind, last_latency_ms, created_at_ms) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
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
        delivery.event_id.as_ref().map(EventId::as_str).into(),
        delivery.event_kind.map(EventKind::as_str).into(),
        millis(delivery.latency).into(),
        delivery.created_at.map(Timestamp::millis).into(),
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

fn millis(latency: Option<Duration>) -> Option<i64> {
    latency.map(|latency| i64::try_from(latency.as_millis()).unwrap_or(i64::MAX))
}

/// Whose deliveries are left alone for now: those of these lines, `None` being the one for everything.
#[derive(Debug, Clone, Default)]
pub struct Except {
    lines: Vec<InstanceId>,
    global: bool,
}

impl Except {
    /// Leaves these lines alone.
    pub fn new(lines: impl IntoIterator<Item = Option<InstanceId>>) -> Self {
        let mut except = Self::default();
        for line in lines {
            match line {
                Some(instance) => except.lines.push(instance),
                None => except.global = true,
            }
        }
        except
    }

    /// The condition, to follow others; its values are added.
    fn condition<'q>(&'q self, values: &mut Vec<Value<'q>>) -> String {
        let mut sql = String::new();
        if self.global {
            sql.push_str(" AND instance_id IS NOT NULL");
        }
        if !self.lines.is_empty() {
            let places: Vec<_> = self
                .lines
                .iter()
                .map(|line| {
                    values.push(line.as_str().into());
                    format!("${}", values.len())
                })
                .collect();
            sql.push_str(" AND (instance_id IS NULL OR instance_id NOT IN (");
            sql.push_str(&places.join(", "));
            sql.push_str("))");
        }
        sql
    }
}

/// The waiting deliveries of a sink whose time has come, in the order of their time.
///
/// # Errors
/// When the database does not answer.
pub async fn due(
    db: &Db,
    sink: &str,
    now: Timestamp,
    except: &Except,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut values = vec![sink.into(), now.millis().into()];
    let except = except.condition(&mut values);
    values.push(i64::from(limit).into());
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE sink = $1 AND state = 'waiting' AND next_at_ms <= $2{except} \
         ORDER BY next_at_ms, id LIMIT ${}",
        values.len()
    );
    let rows = db.rows(sql, values).await?;
    rows.iter().map(from_row).collect()
}

/// When the next waiting delivery of a sink is to be tried.
///
/// # Errors
/// When the database does not answer.
pub async fn next_due(
    db: &Db,
    sink: &str,
    except: &Except,
) -> Result<Option<Timestamp>, StoreError> {
    let mut values = vec![sink.into()];
    let except = except.condition(&mut values);
    let sql = format!(
        "SELECT MIN(next_at_ms) FROM delivery WHERE sink = $1 AND state = 'waiting'{except}"
    );
    let row = db.row(sql, values).await?;
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
    failure: &Failure,
    next_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE delivery SET state = 'waiting', attempt = $1, next_at_ms = $2, last_status = $3, \
                       last_error = $4, last_latency_ms = $5 WHERE id = $6";
    let values = vec![
        i64::from(failure.attempt).into(),
        next_at.millis().into(),
        failure.status.map(i64::from).into(),
        failure.error.as_str().into(),
        millis(failure.latency).into(),
        id.into(),
    ];
    tx.execute(SQL, values).await.map(drop)
}

/// Gives a delivery up. Its event may be pruned from then on.
///
/// # Errors
/// When the database refuses.
pub async fn bury(tx: &mut Tx, id: i64, failure: &Failure) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE delivery SET state = 'dead', attempt = $1, last_status = $2, last_error = $3, \
                       last_latency_ms = $4 WHERE id = $5";
    let values = vec![
        i64::from(failure.attempt).into(),
        failure.status.map(i64::from).into(),
        failure.error.as_str().into(),
        millis(failure.latency).into(),
        id.into(),
    ];
    tx.execute(SQL, values).await.map(drop)
}

/// Which parked deliveries are to be tried again now.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// These, dead or waiting; numbers of other instances or sinks change nothing.
    Ids(Vec<i64>),
    /// All dead ones.
    Dead,
    /// The dead ones of these events.
    DeadOf(Vec<Seq>),
}

/// Lets parked deliveries of a line (`None`: the one for everything) be tried again at once, with a schedule that begins anew. Those whose event has been
/// pruned stay as they are. Gives how many it is.
///
/// # Errors
/// When the database refuses.
pub async fn revive(
    tx: &mut Tx,
    sink: &str,
    line: Option<&InstanceId>,
    chosen: &Chosen,
    now: Timestamp,
) -> Result<u64, StoreError> {
    // Far below what any of the databases takes in one statement.
    const PIECE: usize = 500;
    let (column, numbers) = match chosen {
        Chosen::Dead => {
            return revive_where(tx, sink, line, now, "state = 'dead'", &[]).await;
        }
        Chosen::Ids(ids) => ("id", ids),
        Chosen::DeadOf(places) => ("state = 'dead' AND event_seq", places),
    };
    let mut revived = 0;
    for piece in numbers.chunks(PIECE) {
        revived += revive_where(tx, sink, line, now, column, piece).await?;
    }
    Ok(revived)
}

/// `column` is one of these numbers; without numbers it is the whole condition.
async fn revive_where(
    tx: &mut Tx,
    sink: &str,
    line: Option<&InstanceId>,
    now: Timestamp,
    column: &str,
    numbers: &[i64],
) -> Result<u64, StoreError> {
    let mut values = vec![now.millis().into(), now.millis().into(), sink.into()];
    let of_line = of_line(line, &mut values);
    let mut condition = column.to_owned();
    if !numbers.is_empty() {
        let places: Vec<_> = numbers
            .iter()
            .map(|number| {
                values.push(Value::from(*number));
                format!("${}", values.len())
            })
            .collect();
        condition = format!("{column} IN ({})", places.join(", "));
    }
    let sql = format!(
        "UPDATE delivery SET state = 'waiting', attempt = 0, next_at_ms = $1, created_at_ms = $2 \
         WHERE sink = $3 AND {of_line} AND {condition} \
         AND EXISTS (SELECT 1 FROM event WHERE event.seq = delivery.event_seq)"
    );
    Ok(tx.execute(sql, values).await?.rows_affected)
}

/// The condition for a line: an instance's, or the one for everything. Its value is added.
fn of_line<'q>(line: Option<&'q InstanceId>, values: &mut Vec<Value<'q>>) -> String {
    match line {
        None => "instance_id IS NULL".to_owned(),
        Some(instance) => {
            values.push(instance.as_str().into());
            format!("instance_id = ${}", values.len())
        }
    }
}

/// The events between two places (the second included) that a delivery of this line waits for, or has been given up for.
///
/// # Errors
/// When the database does not answer.
pub async fn parked_between(
    tx: &mut Tx,
    sink: &str,
    line: Option<&InstanceId>,
    after: Seq,
    through: Seq,
) -> Result<HashSet<Seq>, StoreError> {
    let mut values = vec![sink.into(), after.into(), through.into()];
    let of_line = of_line(line, &mut values);
    let sql = format!(
        "SELECT event_seq FROM delivery WHERE sink = $1 AND event_seq > $2 AND event_seq <= $3 AND {of_line}"
    );
    let rows = tx.rows(sql, values).await?;
    rows.iter().map(|row| row.int(0)).collect()
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

/// Whose parked deliveries.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Everybody's.
    All,
    /// This line's: an instance's, or, with `None`, the one's for everything.
    Line(Option<&'a InstanceId>),
}

/// Which parked deliveries are to be listed.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Whose.
    pub of: Of<'a>,
    /// In this state, or in any.
    pub state: Option<DeliveryState>,
    /// Older than this one: where the page before ended.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// The parked deliveries of a sink, the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &Db, sink: &str, listed: Listed<'_>) -> Result<Vec<Delivery>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM delivery WHERE sink = $1");
    let mut values: Vec<Value<'_>> = vec![sink.into()];
    if let Of::Line(line) = listed.of {
        let of_line = of_line(line, &mut values);
        sql.push_str(&format!(" AND {of_line}"));
    }
    if let Some(state) = listed.state {
        values.push(state.as_str().into());
        sql.push_str(&format!(" AND state = ${}", values.len()));
    }
    if let Some(before) = listed.before {
        values.push(before.into());
        sql.push_str(&format!(" AND id < ${}", values.len()));
    }
    values.push(i64::from(listed.limit).into());
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
            event_id: row.maybe_text(10)?.map(EventId::from),
            event_kind: row.maybe_text(11)?.as_deref().and_then(EventKind::parse),
            latency: row
                .maybe_int(12)?
                .and_then(|millis| u64::try_from(millis).ok())
                .map(Duration::from_millis),
            created_at: row.maybe_int(13)?.map(Timestamp::from_millis),
        },
        state: DeliveryState::parse(&state)
            .ok_or_else(|| StoreError::Corrupt(format!("a delivery has the state `{state}`")))?,
    })
}
