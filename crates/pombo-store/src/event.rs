//! The `event` table: the log, append only. Events are added with [`Tx::append_event`](crate::Tx::append_event).

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use pombo_domain::clock::Timestamp;
use pombo_domain::event::{Event, EventKind, NewEvent, Seq};
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{InstanceName, InstanceRef};
use serde_json::value::RawValue;

use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Row, Value};
use crate::tx::Tx;

const COLUMNS: &str = "seq, id, instance_id, instance_name, kind, at_ms, sender, payload";

/// The events after a place in the log, of one instance or of all, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn after(
    db: &Db,
    instance: Option<&InstanceId>,
    after: Seq,
    limit: u32,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let limit = i64::from(limit);
    let rows = match instance {
        Some(instance) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM event WHERE instance_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
            );
            db.rows(
                sql,
                vec![instance.as_str().into(), after.into(), limit.into()],
            )
            .await?
        }
        None => {
            let sql = format!("SELECT {COLUMNS} FROM event WHERE seq > $1 ORDER BY seq LIMIT $2");
            db.rows(sql, vec![after.into(), limit.into()]).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// A stretch of one instance's log.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// After this place.
    pub after: Seq,
    /// Up to this place, itself included.
    pub through: Seq,
    /// Not earlier than this.
    pub from: Timestamp,
    /// Earlier than this.
    pub to: Timestamp,
}

/// The events of an instance, or with `None` of all, within a stretch of the log, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn within(
    db: &Db,
    instance: Option<&InstanceId>,
    stretch: Stretch,
    limit: u32,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let mut values = vec![
        stretch.after.into(),
        stretch.through.into(),
        stretch.from.millis().into(),
        stretch.to.millis().into(),
        i64::from(limit).into(),
    ];
    let mut of_instance = "";
    if let Some(instance) = instance {
        values.push(instance.as_str().into());
        of_instance = " AND instance_id = $6";
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM event WHERE seq > $1 AND seq <= $2 AND at_ms >= $3 AND at_ms < $4{of_instance} \
         ORDER BY seq LIMIT $5"
    );
    db.rows(sql, values).await?.iter().map(from_row).collect()
}

/// The names of the instances that the events at these places are about; places that have been pruned are missing.
///
/// # Errors
/// When the database does not answer.
pub async fn instance_names(db: &Db, places: &[Seq]) -> Result<HashMap<Seq, String>, StoreError> {
    const PIECE: usize = 500;
    let mut names = HashMap::new();
    for piece in places.chunks(PIECE) {
        let marks: Vec<_> = (1..=piece.len()).map(|index| format!("${index}")).collect();
        let sql = format!(
            "SELECT seq, instance_name FROM event WHERE seq IN ({})",
            marks.join(", ")
        );
        let values = piece.iter().map(|place| Value::from(*place)).collect();
        for row in db.rows(sql, values).await? {
            names.insert(row.int(0)?, row.text(1)?);
        }
    }
    Ok(names)
}

/// The event at one place.
///
/// # Errors
/// When the database does not answer.
pub async fn get(db: &Db, seq: Seq) -> Result<Option<Arc<Event>>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE seq = $1");
    db.row(sql, vec![seq.into()])
        .await?
        .map(|row| from_row(&row))
        .transpose()
}

fn from_row(row: &Row) -> Result<Arc<Event>, StoreError> {
    let seq = row.int(0)?;
    let corrupt = |what: &str| StoreError::Corrupt(format!("event {seq} has an unreadable {what}"));
    let event = NewEvent {
        id: row.text(1)?.into(),
        instance: InstanceRef {
            id: row.text(2)?.into(),
            name: InstanceName::new(row.text(3)?).map_err(|_| corrupt("instance name"))?,
        },
        kind: EventKind::parse(&row.text(4)?).ok_or_else(|| corrupt("kind"))?,
        at: Timestamp::from_millis(row.int(5)?),
        sender: row.maybe_text(6)?,
        data: RawValue::from_string(row.text(7)?).map_err(|_| corrupt("payload"))?,
    };
    Ok(Event::logged(seq, event))
}

/// The oldest and the newest place that holds an event; `None` when the log is empty.
///
/// # Errors
/// When the database does not answer.
pub async fn bounds(db: &Db) -> Result<Option<(Seq, Seq)>, StoreError> {
    // Two subqueries, each answered by one end of the index.
    let sql = "SELECT (SELECT MIN(seq) FROM event), (SELECT MAX(seq) FROM event)";
    let Some(row) = db.row(sql, Vec::new()).await? else {
        return Ok(None);
    };
    Ok(row.maybe_int(0)?.zip(row.maybe_int(1)?))
}

/// The highest place that was ever given; 0 at the very beginning. Unlike [`bounds`] it is right for an empty log too.
///
/// # Errors
/// When the database does not answer.
pub async fn head(db: &Db) -> Result<Seq, StoreError> {
    db.row("SELECT seq FROM log_head WHERE id = 1", Vec::new())
        .await?
        .map_or(Ok(0), |row| row.int(0))
}

/// The highest place that was ever pruned; 0 when nothing was. Whoever asks for events after a lower place may have
/// missed something.
///
/// # Errors
/// When the database does not answer.
pub async fn pruned_through(db: &Db) -> Result<Seq, StoreError> {
    db.row(
        "SELECT pruned_through FROM log_head WHERE id = 1",
        Vec::new(),
    )
    .await?
    .map_or(Ok(0), |row| row.int(0))
}

/// Removes up to `batch` of the oldest events: those before `older_than`, and those beyond the newest `max_rows`. Never
/// those after `keep_after`, nor those that a waiting delivery needs. Answers how many were removed; fewer than `batch`
/// means that nothing more is to be done.
///
/// # Errors
/// When the database refuses.
pub async fn prune(
    db: &Db,
    older_than: Timestamp,
    max_rows: u64,
    keep_after: Seq,
    batch: u32,
) -> Result<u64, StoreError> {
    db.write(move |tx| prune_batch(tx, older_than, max_rows, keep_after, batch).boxed())
        .await
}

async fn prune_batch(
    tx: &mut Tx,
    older_than: Timestamp,
    max_rows: u64,
    keep_after: Seq,
    batch: u32,
) -> Result<u64, StoreError> {
    const WAITED_FOR: &str = "EXISTS (SELECT 1 FROM delivery WHERE delivery.event_seq = event.seq AND delivery.state = 'waiting')";
    let head = tx
        .rows("SELECT seq FROM log_head WHERE id = 1", Vec::new())
        .await?;
    let head = head.first().map_or(Ok(0), |row| row.int(0))?;
    // Places are given without gaps, so the newest `max_rows` are known without counting.
    let over_cap = head.saturating_sub(i64::try_from(max_rows).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT seq, at_ms FROM event WHERE seq <= $1 AND NOT {WAITED_FOR} ORDER BY seq LIMIT $2"
    );
    let rows = tx
        .rows(sql, vec![keep_after.into(), i64::from(batch).into()])
        .await?;
    let mut range: Option<(Seq, Seq)> = None;
    for row in &rows {
        let seq = row.int(0)?;
        if seq > over_cap && row.int(1)? >= older_than.millis() {
            break;
        }
        range = Some((range.map_or(seq, |(first, _)| first), seq));
    }
    let Some((first, last)) = range else {
        return Ok(0);
    };
    let sql = format!("DELETE FROM event WHERE seq >= $1 AND seq <= $2 AND NOT {WAITED_FOR}");
    let done = tx.execute(sql, vec![first.into(), last.into()]).await?;
    let sql = "UPDATE log_head SET pruned_through = $1 WHERE id = 1 AND pruned_through < $2";
    tx.execute(sql, vec![last.into(), last.into()]).await?;
    Ok(done.rows_affected)
}
