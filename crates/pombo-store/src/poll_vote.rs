//! The `poll_vote` table: the newest vote of each voter in each poll.

use pombo_domain::id::{InstanceId, RowId};

use crate::batch::insert_one;
use crate::error::StoreError;
use crate::message::fits;
use crate::sql::{Conflict, Insert, to_json};
use crate::tx::Tx;

/// A vote: names of the chosen options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Who voted.
    pub voter: String,
    /// What they chose; empty when they took it back.
    pub options: Vec<String>,
}

/// Stores a vote unless a newer one of the same voter is known. Answers whether it counts.
///
/// # Errors
/// [`StoreError::TooLong`] for an address of more than 255 characters; else when the database refuses.
pub async fn cast(
    tx: &mut Tx,
    instance: &InstanceId,
    poll: &RowId,
    vote: &Vote,
    at_ms: i64,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "poll_vote",
        columns: &["instance_id", "message_id", "voter", "options", "at_ms"],
        conflict: Conflict::Update {
            key: "instance_id, message_id, voter",
            set: &[("options", "new.options"), ("at_ms", "new.at_ms")],
            only_if: None,
        },
        returning: None,
    };
    fits("voter", &vote.voter)?;
    let sql =
        "SELECT at_ms FROM poll_vote WHERE instance_id = $1 AND message_id = $2 AND voter = $3";
    let key = vec![
        instance.as_str().into(),
        poll.as_str().into(),
        vote.voter.as_str().into(),
    ];
    let known = tx.rows(sql, key).await?;
    if let Some(row) = known.first()
        && row.int(0)? >= at_ms
    {
        return Ok(false);
    }
    let values = vec![
        instance.as_str().into(),
        poll.as_str().into(),
        vote.voter.as_str().into(),
        to_json(&vote.options)?.into(),
        at_ms.into(),
    ];
    insert_one(tx, &INSERT, values).await?;
    Ok(true)
}

/// The votes of a poll that count, in the order of the voters' addresses.
///
/// # Errors
/// When the database does not answer.
pub async fn of_poll(
    tx: &mut Tx,
    instance: &InstanceId,
    poll: &RowId,
) -> Result<Vec<Vote>, StoreError> {
    let sql = "SELECT voter, options FROM poll_vote WHERE instance_id = $1 AND message_id = $2 ORDER BY voter";
    let values = vec![instance.as_str().into(), poll.as_str().into()];
    tx.rows(sql, values)
        .await?
        .iter()
        .map(|row| {
            Ok(Vote {
                voter: row.text(0)?,
                options: row.json(1)?,
            })
        })
        .collect()
}
