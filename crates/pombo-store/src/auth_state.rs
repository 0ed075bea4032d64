//! The `auth_state` table: credentials and keys of an instance, opaque to us.
//!
//! [`InstanceAuth`] is what a channel gets in hand: the store, bound to one instance. A batch of changes is one work of the
//! writer, and the batches of all instances that meet in a commit share their statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::id::InstanceId;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};

use crate::batch::{ROWS, Request, insert_rows, places_for};
use crate::db::Db;
use crate::error::StoreError;
use crate::link::Link;
use crate::sql::{Conflict, Dialect, Insert, Row, Value};
use crate::tx::Tx;

/// Most bytes of a key: what MySQL can look up.
const LONGEST_KEY: usize = 1020;
/// Most bytes of a kind.
const LONGEST_KIND: usize = 32;
/// Rows that are too old are removed so many at a time, so that nobody waits long.
const STEP: i64 = 1000;

const PUT: Insert = Insert {
    table: "auth_state",
    columns: &["instance_id", "kind", "record_key", "at_ms", "value"],
    conflict: Conflict::Update {
        key: "instance_id, kind, record_key",
        set: &[("at_ms", "new.at_ms"), ("value", "new.value")],
        only_if: None,
    },
    returning: None,
};

/// The credentials and keys of one instance.
#[derive(Debug, Clone)]
pub struct InstanceAuth {
    db: Db,
    instance: InstanceId,
}

impl InstanceAuth {
    /// Those of this instance; nothing else can be reached with it.
    #[must_use]
    pub fn new(db: Db, instance: InstanceId) -> Self {
        Self { db, instance }
    }

    async fn rows(
        &self,
        sql: impl Into<crate::sql::Sql>,
        mut values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, AuthStoreError> {
        values.insert(0, self.instance.as_str().into());
        self.db.rows(sql, values).await.map_err(told)
    }
}

#[async_trait]
impl AuthStore for InstanceAuth {
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError> {
        const SQL: &str =
            "SELECT value FROM auth_state WHERE instance_id = $1 AND kind = $2 AND record_key = $3";
        let rows = self.rows(SQL, vec![kind.into(), key.into()]).await?;
        rows.first().map(|row| value_of(row, 0)).transpose()
    }

    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let mut found = Vec::new();
        for piece in keys.chunks(ROWS) {
            let (places, values) = one_of(piece, 3);
            let sql = format!(
                "SELECT record_key, value FROM auth_state WHERE instance_id = $1 AND kind = $2 AND record_key IN ({places})"
            );
            let values = std::iter::once(kind.into()).chain(values).collect();
            found.extend(records(&self.rows(sql, values).await?)?);
        }
        Ok(found)
    }

    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let (condition, values) = beginning_with(kind, prefix);
        let sql = format!(
            "SELECT record_key, value FROM auth_state WHERE instance_id = $1 AND {condition} ORDER BY record_key"
        );
        records(&self.rows(sql, values).await?)
    }

    async fn any(&self, kind: &'static str, prefix: &str) -> Result<bool, AuthStoreError> {
        let (condition, values) = beginning_with(kind, prefix);
        let sql = format!(
            "SELECT record_key FROM auth_state WHERE instance_id = $1 AND {condition} LIMIT 1"
        );
        Ok(!self.rows(sql, values).await?.is_empty())
    }

    async fn last_key(&self, kind: &'static str) -> Result<Option<String>, AuthStoreError> {
        const SQL: &str = "SELECT record_key FROM auth_state WHERE instance_id = $1 AND kind = $2 \
                           ORDER BY record_key DESC LIMIT 1";
        let rows = self.rows(SQL, vec![kind.into()]).await?;
        rows.first()
            .map(|row| row.text(0))
            .transpose()
            .map_err(told)
    }

    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (instance, changes) = (self.instance.clone(), Arc::<[AuthChange]>::from(changes));
        self.db
            .write(move |tx| {
                // Cheap: the changes are shared.
                let (instance, changes) = (instance.clone(), Arc::clone(&changes));
                Box::pin(async move { apply(tx, &instance, changes).await })
            })
            .await
            .map_err(told)
    }

    async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        let mut deleted = 0;
        // Looked for first: nearly always there is nothing, and then nothing is written.
        while self.is_older(kind, before_ms).await? {
            let instance = self.instance.clone();
            let removed = self
                .db
                .write(move |tx| {
                    let instance = instance.clone();
                    Box::pin(async move { delete_older(tx, &instance, kind, before_ms).await })
                })
                .await
                .map_err(told)?;
            deleted += removed;
            if removed < STEP.unsigned_abs() {
                break;
            }
        }
        Ok(deleted)
    }

    async fn clear(&self) -> Result<(), AuthStoreError> {
        let instance = self.instance.clone();
        self.db
            .write(move |tx| {
                let instance = instance.clone();
                Box::pin(async move { clear(tx, &instance).await })
            })
            .await
            .map_err(told)
    }
}

impl InstanceAuth {
    async fn is_older(&self, kind: &'static str, before_ms: i64) -> Result<bool, AuthStoreError> {
        const SQL: &str = "SELECT record_key FROM auth_state \
                           WHERE instance_id = $1 AND kind = $2 AND at_ms > 0 AND at_ms < $3 LIMIT 1";
        let rows = self.rows(SQL, vec![kind.into(), before_ms.into()]).await?;
        Ok(!rows.is_empty())
    }
}

/// Makes these changes, in order, together with whatever else the transaction does.
///
/// # Errors
/// [`StoreError::TooLong`] for a kind or key that no database could look up; then nothing is changed.
pub async fn apply(
    tx: &mut Tx,
    instance: &InstanceId,
    changes: Arc<[AuthChange]>,
) -> Result<(), StoreError> {
    for change in changes.iter() {
        let (kind, key) = match change {
            AuthChange::Put { kind, key, .. } | AuthChange::Delete { kind, key } => (kind, key),
            AuthChange::DeletePrefix { kind, prefix } => (kind, prefix),
        };
        if kind.len() > LONGEST_KIND || key.len() > LONGEST_KEY {
            return Err(StoreError::TooLong("auth state key"));
        }
    }
    tx.ask(Request::Auth(instance.clone(), changes))
        .await
        .map(drop)
}

async fn delete_older(
    tx: &mut Tx,
    instance: &InstanceId,
    kind: &'static str,
    before_ms: i64,
) -> Result<u64, StoreError> {
    // The inner SELECT is wrapped once more because MySQL takes no LIMIT below IN.
    const SQL: &str = "DELETE FROM auth_state WHERE instance_id = $1 AND kind = $2 AND record_key IN (SELECT record_key FROM \
                       (SELECT record_key FROM auth_state WHERE instance_id = $3 AND kind = $4 AND at_ms > 0 AND at_ms < $5 \
                       LIMIT $6) AS piece)";
    let values = vec![
        instance.as_str().into(),
        kind.into(),
        instance.as_str().into(),
        kind.into(),
        before_ms.into(),
        STEP.into(),
    ];
    Ok(tx.execute(SQL, values).await?.rows_affected)
}

/// Forgets everything of an instance.
///
/// # Errors
/// When the database refuses.
pub async fn clear(tx: &mut Tx, instance: &InstanceId) -> Result<(), StoreError> {
    let sql = "DELETE FROM auth_state WHERE instance_id = $1";
    tx.execute(sql, vec![instance.as_str().into()])
        .await
        .map(drop)
}

/// Forgets at most so many records of an instance, of one kind; 0 when none are left.
pub(crate) async fn delete_some(
    tx: &mut Tx,
    instance: &InstanceId,
    most: i64,
) -> Result<u64, StoreError> {
    const KIND: &str = "SELECT kind FROM auth_state WHERE instance_id = $1 ORDER BY kind LIMIT 1";
    const DELETE: &str = "DELETE FROM auth_state WHERE instance_id = $1 AND kind = $2 AND record_key IN \
                          (SELECT record_key FROM (SELECT record_key FROM auth_state \
                          WHERE instance_id = $3 AND kind = $4 LIMIT $5) AS piece)";
    let id = instance.as_str();
    let rows = tx.rows(KIND, vec![id.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(0);
    };
    let kind = row.text(0)?;
    let values = vec![
        id.into(),
        kind.as_str().into(),
        id.into(),
        kind.as_str().into(),
        most.into(),
    ];
    Ok(tx.execute(DELETE, values).await?.rows_affected)
}

/// Instance, kind and key.
type Place<'c> = (&'c str, &'static str, &'c str);
/// What becomes of a record: its value and age, or nothing.
type Fate<'c> = Option<(&'c [u8], i64)>;

/// What is left to do of the changes of several works once later ones have replaced earlier ones.
#[derive(Default)]
struct Merged<'c> {
    /// Forgotten by the beginning of their keys, before anything else.
    prefixes: Vec<Place<'c>>,
    records: BTreeMap<Place<'c>, Fate<'c>>,
}

impl<'c> Merged<'c> {
    fn add(&mut self, instance: &'c str, change: &'c AuthChange) {
        match change {
            AuthChange::Put {
                kind,
                key,
                value,
                at_ms,
            } => {
                self.records
                    .insert((instance, kind, key), Some((value, *at_ms)));
            }
            AuthChange::Delete { kind, key } => {
                self.records.insert((instance, kind, key), None);
            }
            AuthChange::DeletePrefix { kind, prefix } => {
                self.records.retain(|(of, is, key), _| {
                    (*of, *is) != (instance, *kind) || !key.starts_with(prefix)
                });
                self.prefixes.push((instance, kind, prefix));
            }
        }
    }
}

/// Makes the changes of several works, in their order.
pub(crate) async fn write(
    link: &mut Link,
    dialect: Dialect,
    asked: &[(InstanceId, Arc<[AuthChange]>)],
) -> Result<(), StoreError> {
    let mut merged = Merged::default();
    for (instance, changes) in asked {
        for change in changes.iter() {
            merged.add(instance.as_str(), change);
        }
    }
    for (instance, kind, prefix) in merged.prefixes {
        let (condition, mut values) = beginning_with(kind, prefix);
        values.insert(0, instance.into());
        let sql = format!("DELETE FROM auth_state WHERE instance_id = $1 AND {condition}");
        link.execute(sql.into(), values).await?;
    }
    let mut rows = Vec::new();
    let mut deleted: BTreeMap<(&str, &'static str), Vec<&str>> = BTreeMap::new();
    for ((instance, kind, key), fate) in merged.records {
        match fate {
            Some((value, at_ms)) => rows.push(vec![
                instance.into(),
                kind.into(),
                key.into(),
                at_ms.into(),
                value.into(),
            ]),
            None => deleted.entry((instance, kind)).or_default().push(key),
        }
    }
    for ((instance, kind), keys) in deleted {
        for piece in keys.chunks(ROWS) {
            let (places, values) = one_of(piece, 3);
            let sql = format!(
                "DELETE FROM auth_state WHERE instance_id = $1 AND kind = $2 AND record_key IN ({places})"
            );
            let values = [instance.into(), kind.into()]
                .into_iter()
                .chain(values)
                .collect();
            link.execute(sql.into(), values).await?;
        }
    }
    insert_rows(link, dialect, &PUT, rows).await.map(drop)
}

/// `$n, $n+1, ...` for these keys, filled up with repetitions to one of the few sizes.
fn one_of<'q, K: AsRef<str>>(keys: &'q [K], first: usize) -> (String, Vec<Value<'q>>) {
    let count = places_for(keys.len());
    let places: Vec<String> = (first..first + count)
        .map(|place| format!("${place}"))
        .collect();
    let values = keys
        .iter()
        .cycle()
        .take(count)
        .map(|key| key.as_ref().into())
        .collect();
    (places.join(", "), values)
}

/// `kind = $2 AND` the condition on the key, with its arguments; `$1` is the instance. A range, since a key is looked up
/// by its bytes on all databases.
fn beginning_with<'q>(kind: &'static str, prefix: &'q str) -> (&'static str, Vec<Value<'q>>) {
    if prefix.is_empty() {
        return ("kind = $2", vec![kind.into()]);
    }
    match after_all_with(prefix) {
        Some(end) => (
            "kind = $2 AND record_key >= $3 AND record_key < $4",
            vec![kind.into(), prefix.into(), end.into()],
        ),
        None => (
            "kind = $2 AND record_key >= $3",
            vec![kind.into(), prefix.into()],
        ),
    }
}

/// The smallest text that is larger than all that begin with `prefix`; none when there is no larger one.
fn after_all_with(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // UTF-8 sorts by code points; the surrogates are none.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

fn records(rows: &[Row]) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
    rows.iter()
        .map(|row| Ok((row.text(0).map_err(told)?, value_of(row, 1)?)))
        .collect()
}

fn value_of(row: &Row, column: usize) -> Result<Bytes, AuthStoreError> {
    row.bytes(column).map(Bytes::from).map_err(told)
}

fn told(error: StoreError) -> AuthStoreError {
    AuthStoreError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_larger_than_everything_that_begins_so() {
        assert_eq!(after_all_with("ab").as_deref(), Some("ac"));
        assert_eq!(after_all_with("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_all_with("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_all_with("\u{10ffff}"), None);
        assert_eq!(after_all_with(""), None);
        for text in ["a", "z\u{1f}", "é", "\u{ffff}"] {
            let end = after_all_with(text).unwrap();
            for more in ["", "0", "\u{10ffff}", "zz"] {
                assert!(format!("{text}{more}") < end);
            }
        }
    }

    #[test]
    fn later_changes_replace_earlier_ones() {
        let put = |key: &str, value: &'static str| AuthChange::Put {
            kind: "k",
            key: key.to_owned(),
            value: Bytes::from_static(value.as_bytes()),
            at_ms: 0,
        };
        let delete = |key: &str| AuthChange::Delete {
            kind: "k",
            key: key.to_owned(),
        };
        let forget = AuthChange::DeletePrefix {
            kind: "k",
            prefix: "a".to_owned(),
        };
        let changes = [
            put("a1", "old"),
            put("b", "old"),
            forget,
            put("a2", "new"),
            put("b", "new"),
            delete("c"),
        ];
        let mut merged = Merged::default();
        for change in &changes {
            merged.add("i", change);
        }
        assert_eq!(merged.prefixes, [("i", "k", "a")]);
        let left: Vec<_> = merged
            .records
            .iter()
            .map(|((_, _, key), fate)| (*key, fate.map(|(value, _)| value)))
            .collect();
        assert_eq!(
            left,
            [
                ("a2", Some(b"new".as_slice())),
                ("b", Some(b"new".as_slice())),
                ("c", None)
            ]
        );
    }
}
