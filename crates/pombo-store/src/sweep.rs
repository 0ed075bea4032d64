//! Removes what large deleted instances left, a little at a time, while nothing else is to be written.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::auth_state;
use crate::error::StoreError;
use crate::tx::Tx;
use crate::writer::Job;

/// Rows removed in one step.
const STEP: i64 = 500;

/// One step. Says by `leave_for_sweep` whether more is left.
pub(crate) struct Sweep;

impl Job for Sweep {
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<(), StoreError>> {
        step(tx).boxed()
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {}
}

async fn step(tx: &mut Tx) -> Result<(), StoreError> {
    let rows = tx
        .rows(
            "SELECT id FROM instance WHERE deleted = TRUE LIMIT 1",
            Vec::new(),
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let instance = row.text(0)?;
    tx.leave_for_sweep();
    // The inner SELECT is wrapped once more because MySQL takes no LIMIT below IN.
    const STEPS: [&str; 4] = [
        "DELETE FROM message_update WHERE id IN (SELECT id FROM \
         (SELECT id FROM message_update WHERE instance_id = $1 LIMIT $2) AS piece)",
        "DELETE FROM message WHERE id IN (SELECT id FROM (SELECT id FROM message WHERE instance_id = $1 LIMIT $2) AS piece)",
        "DELETE FROM chat WHERE instance_id = $1 AND remote_jid IN (SELECT remote_jid FROM \
         (SELECT remote_jid FROM chat WHERE instance_id = $2 LIMIT $3) AS piece)",
        "DELETE FROM contact WHERE instance_id = $1 AND remote_jid IN (SELECT remote_jid FROM \
         (SELECT remote_jid FROM contact WHERE instance_id = $2 LIMIT $3) AS piece)",
    ];
    let instance_id = instance.as_str().into();
    if auth_state::delete_some(tx, &instance_id, STEP).await? > 0 {
        return Ok(());
    }
    for (index, sql) in STEPS.into_iter().enumerate() {
        let mut values = vec![instance.as_str().into()];
        if index >= 2 {
            values.push(instance.as_str().into());
        }
        values.push(STEP.into());
        if tx.execute(sql, values).await?.rows_affected > 0 {
            return Ok(());
        }
    }
    for sql in [
        // Once more, for what a channel wrote while it was being closed.
        "DELETE FROM auth_state WHERE instance_id = $1",
        "DELETE FROM poll_vote WHERE instance_id = $1",
        "DELETE FROM instance_count WHERE instance_id = $1",
        "DELETE FROM message_span WHERE instance_id = $1",
        "DELETE FROM instance WHERE id = $1",
    ] {
        tx.execute(sql, vec![instance.as_str().into()]).await?;
    }
    Ok(())
}
