use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::contact::Contact;
use pombo_domain::jid;
use pombo_store::contact::{self, ContactFilter};
use serde::{Deserialize, Serialize};

use super::paging::Paging;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /chat/findContacts/{instance}`: stored contacts, all of them unless a part is asked for.
///
/// `where.remoteJid` takes a JID or a number, `where.id` a row id or a JID, `where.pushName` an exact name.
pub(super) async fn find_contacts(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<FindContacts>,
) -> Result<Json<Vec<FoundContact>>, ApiError> {
    let state = entry.state();
    let page = request.paging.page();
    let found = contact::find(
        gateway.store(),
        &state.instance.id,
        &request.filter.into_filter(),
        page,
    )
    .await?;
    Ok(Json(found.into_iter().map(FoundContact::from).collect()))
}

#[derive(Deserialize)]
pub(super) struct FindContacts {
    #[serde(rename = "where", default)]
    filter: Where,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Where {
    remote_jid: Option<String>,
    id: Option<String>,
    #[serde(rename = "_id")]
    row_id: Option<String>,
    push_name: Option<String>,
}

impl Where {
    fn into_filter(self) -> ContactFilter {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let id = given(self.id).or(given(self.row_id));
        let (jid_as_id, id) = match id {
            Some(id) if id.contains('@') => (Some(id), None),
            other => (None, other),
        };
        let remote_jid = given(self.remote_jid)
            .or(jid_as_id)
            .map(|jid| jid::normalise(&jid));
        ContactFilter {
            remote_jid,
            id,
            push_name: given(self.push_name),
        }
    }
}

/// The body's schema, which `findChats` shares.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let filter = Schema::object()
            .properties(&["_id", "pushName", "id"], &Schema::string().min_length(1))
            .property("remoteJid", Schema::string())
            .not_empty(&["_id", "id", "pushName"]);
        Schema::object().property("where", filter)
    });
    &SCHEMA
}

impl Checked for FindContacts {
    fn schema() -> &'static Schema {
        schema()
    }
}

/// A contact with what follows from it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FoundContact {
    #[serde(flatten)]
    contact: Contact,
    is_group: bool,
    is_saved: bool,
    r#type: &'static str,
}

impl From<Contact> for FoundContact {
    fn from(contact: Contact) -> Self {
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let is_group = jid::is_group(&contact.remote_jid);
        let is_saved = given(&contact.push_name) || given(&contact.profile_pic_url);
        let r#type = match (is_group, is_saved) {
            (true, _) => "group",
            (false, true) => "contact",
            (false, false) => "group_member",
        };
        Self {
            contact,
            is_group,
            is_saved,
            r#type,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn filter(value: Value) -> ContactFilter {
        serde_json::from_value::<Where>(value)
            .unwrap()
            .into_filter()
    }

    #[test]
    fn an_id_may_be_a_jid() {
        let by_jid = filter(json!({"id": "5511988887777@s.whatsapp.net"}));
        assert_eq!(
            by_jid.remote_jid.as_deref(),
            Some("5511988887777@s.whatsapp.net")
        );
        assert_eq!(by_jid.id, None);
        assert_eq!(filter(json!({"id": "cm1"})).id.as_deref(), Some("cm1"));
        let by_number = filter(json!({"remoteJid": "+55 11 98888-7777"}));
        assert_eq!(
            by_number.remote_jid.as_deref(),
            Some("5511988887777@s.whatsapp.net")
        );
        assert_eq!(
            filter(json!({"remoteJid": "", "other": 5})),
            ContactFilter::default()
        );
    }

    #[test]
    fn empty_ids_are_refused() {
        let texts: Vec<_> = schema()
            .failures(&json!({"where": {"id": ""}}))
            .into_iter()
            .map(|f| f.message)
            .collect();
        assert_eq!(
            texts,
            [
                "where.id does not meet minimum length of 1",
                "The \"id\" cannot be empty"
            ]
        );
    }
}
