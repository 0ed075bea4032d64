//! The `number_cache` table: which numbers are on WhatsApp, and under which addresses.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::InstanceId;

use crate::batch::insert_one;
use crate::db::Db;
use crate::error::StoreError;
use crate::message::fits;
use crate::sql::{Conflict, Insert};
use crate::tx::Tx;

/// What WhatsApp said about a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumber {
    /// The JID that was asked for.
    pub asked: String,
    /// The JID that WhatsApp uses.
    pub jid: String,
    /// The LID, when it told.
    pub lid: Option<String>,
}

/// Remembers what WhatsApp said. Addresses that no database could look up are not remembered.
///
/// # Errors
/// When the database refuses.
pub async fn remember(
    tx: &mut Tx,
    instance: &InstanceId,
    number: &KnownNumber,
    now: Timestamp,
) -> Result<(), StoreError> {
    const INSERT: Insert = Insert {
        table: "number_cache",
        columns: &["instance_id", "asked", "jid", "lid", "at_ms"],
        conflict: Conflict::Update {
            key: "instance_id, asked",
            set: &[
                ("jid", "new.jid"),
                ("lid", "new.lid"),
                ("at_ms", "new.at_ms"),
            ],
            only_if: None,
        },
        returning: None,
    };
    if fits("number", &number.asked).is_err() {
        return Ok(());
    }
    let values = vec![
        instance.as_str().into(),
        number.asked.as_str().into(),
        number.jid.as_str().into(),
        number.lid.as_deref().into(),
        now.millis().into(),
    ];
    insert_one(tx, &INSERT, values).await
}

/// What is known about a number since `since` or later.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &Db,
    instance: &InstanceId,
    asked: &str,
    since: Timestamp,
) -> Result<Option<KnownNumber>, StoreError> {
    let sql = "SELECT asked, jid, lid FROM number_cache WHERE instance_id = $1 AND asked = $2 AND at_ms >= $3";
    let values = vec![
        instance.as_str().into(),
        asked.into(),
        since.millis().into(),
    ];
    db.row(sql, values)
        .await?
        .map(|row| {
            Ok(KnownNumber {
                asked: row.text(0)?,
                jid: row.text(1)?,
                lid: row.maybe_text(2)?,
            })
        })
        .transpose()
}
