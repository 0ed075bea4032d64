//! The `contact` table: one row per instance and address.

use std::collections::HashMap;

use pombo_domain::clock::Timestamp;
use pombo_domain::contact::Contact;
use pombo_domain::id::{InstanceId, RowId};

use crate::batch::{ContactRow, Request};
use crate::db::Db;
use crate::error::StoreError;
use crate::message::fits;
use crate::page::Page;
use crate::sql::{Conditions, Row, Value};
use crate::tx::Tx;

/// The columns of a contact whose table is called `p`, in the order of `from_row`.
pub(crate) const COLUMNS: &str = "p.id, p.remote_jid, p.push_name, p.profile_pic_url, p.created_at_ms, p.updated_at_ms, p.instance_id";
/// How many they are.
pub(crate) const WIDTH: usize = 7;

/// What is known of a contact.
#[derive(Debug, Clone, Copy)]
pub struct NewContact<'a> {
    /// Whose contact.
    pub instance_id: &'a InstanceId,
    /// Their address.
    pub remote_jid: &'a str,
    /// The name they gave themselves; nothing or empty keeps what is stored.
    pub push_name: Option<&'a str>,
    /// URL of their picture; nothing or empty keeps what is stored.
    pub profile_pic_url: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

/// Which contacts; `None` does not filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContactFilter {
    /// The address.
    pub remote_jid: Option<String>,
    /// Row id.
    pub id: Option<String>,
    /// The name, exact.
    pub push_name: Option<String>,
}

/// Stores a contact, or what is new about it; writes only when something changed. Answers whether it existed before.
///
/// # Errors
/// [`StoreError::TooLong`] for an address of more than 255 characters; else when the database refuses.
pub async fn upsert(tx: &mut Tx, contact: &NewContact<'_>) -> Result<bool, StoreError> {
    tx.ask(Request::Contact(to_row(contact)?)).await
}

/// [`upsert`] for many contacts; the answers in order.
///
/// # Errors
/// As [`upsert`].
pub async fn upsert_all(tx: &mut Tx, contacts: &[NewContact<'_>]) -> Result<Vec<bool>, StoreError> {
    let requests = contacts
        .iter()
        .map(|contact| Ok(Request::Contact(to_row(contact)?)))
        .collect::<Result<_, StoreError>>()?;
    tx.ask_all(requests).await
}

/// Forgets the picture of a contact.
///
/// # Errors
/// When the database refuses.
pub async fn clear_picture(
    tx: &mut Tx,
    instance: &InstanceId,
    remote_jid: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET profile_pic_url = NULL, updated_at_ms = $1 WHERE instance_id = $2 AND remote_jid = $3";
    let values = vec![
        now.millis().into(),
        instance.as_str().into(),
        remote_jid.into(),
    ];
    tx.execute(sql, values).await.map(drop)
}

/// The contacts of these addresses, by address.
///
/// # Errors
/// When the database does not answer.
pub async fn of_addresses(
    db: &Db,
    instance: &InstanceId,
    remote_jids: &[String],
) -> Result<HashMap<String, Contact>, StoreError> {
    let mut found = HashMap::new();
    for piece in remote_jids.chunks(200) {
        let places: Vec<String> = (0..piece.len())
            .map(|index| format!("${}", index + 2))
            .collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM contact p WHERE p.instance_id = $1 AND p.remote_jid IN ({})",
            places.join(", ")
        );
        let mut values: Vec<Value<'_>> = vec![instance.as_str().into()];
        values.extend(piece.iter().map(|jid| Value::from(jid.as_str())));
        for row in db.rows(sql, values).await? {
            let contact = from_row(&row, 0)?;
            found.insert(contact.remote_jid.clone(), contact);
        }
    }
    Ok(found)
}

fn to_row(contact: &NewContact<'_>) -> Result<ContactRow, StoreError> {
    fits("remoteJid", contact.remote_jid)?;
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(ContactRow {
        id: RowId::new(contact.now),
        instance_id: contact.instance_id.clone(),
        remote_jid: contact.remote_jid.to_owned(),
        push_name: given(contact.push_name),
        profile_pic_url: given(contact.profile_pic_url),
        now: contact.now,
    })
}

/// The contacts that a filter asks for, in the order of their addresses; all without a page.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &Db,
    instance: &InstanceId,
    filter: &ContactFilter,
    page: Option<Page>,
) -> Result<Vec<Contact>, StoreError> {
    let mut conditions = Conditions::of_instance("p.instance_id", instance.as_str());
    conditions.and_if("p.remote_jid =", filter.remote_jid.as_deref());
    conditions.and_if("p.id =", filter.id.as_deref());
    conditions.and_if("p.push_name =", filter.push_name.as_deref());
    let limit = conditions.push(page.map_or(i64::MAX, |page| i64::from(page.size)));
    let offset = conditions.push(page.map_or(0, Page::offset));
    let sql = format!(
        "SELECT {COLUMNS} FROM contact p WHERE {} ORDER BY p.remote_jid LIMIT {limit} OFFSET {offset}",
        conditions.text()
    );
    db.rows(sql, conditions.values)
        .await?
        .iter()
        .map(|row| from_row(row, 0))
        .collect()
}

/// Reads a contact whose columns begin at `at`.
pub(crate) fn from_row(row: &Row, at: usize) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.text(at)?.into(),
        remote_jid: row.text(at + 1)?,
        push_name: row.maybe_text(at + 2)?,
        profile_pic_url: row.maybe_text(at + 3)?,
        created_at: Timestamp::from_millis(row.int(at + 4)?),
        updated_at: Timestamp::from_millis(row.int(at + 5)?),
        instance_id: row.text(at + 6)?.into(),
    })
}
