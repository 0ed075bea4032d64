use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::clock::Timestamp;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{ChannelKind, Instance};
use pombo_domain::message::{DeviceSource, Message, MessageKey};
use pombo_store::contact::{self, ContactFilter};
use pombo_store::message::{self, MessageFilter, MessageWithUpdates};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::Paging;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// Rows of a page unless another size is asked for.
const PAGE: u32 = 50;

/// `POST /chat/findMessages/{instance}`: stored messages, the newest first, in pages.
pub(super) async fn find_messages(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<FindMessages>,
) -> Result<Json<Value>, ApiError> {
    let state = entry.state();
    let page = request.paging.page_or(PAGE);
    let filter = request.filter.into_filter();
    let found = message::find(gateway.store(), &state.instance.id, &filter, page).await?;
    let names = names_from_contacts(&gateway, &state.instance.id, &found.records).await?;
    let own_name = gateway.config().own_name.as_str();
    let records: Vec<Value> = found
        .records
        .iter()
        .map(|record| show(record, &state.instance, &names, own_name))
        .collect();
    let pages = u64::try_from(found.total)
        .unwrap_or(0)
        .div_ceil(u64::from(page.size));
    Ok(Json(json!({
        "messages": {"total": found.total, "pages": pages, "currentPage": page.number, "records": records}
    })))
}

/// Names for messages that came without: those of the stored contacts.
async fn names_from_contacts(
    gateway: &Gateway,
    instance: &InstanceId,
    records: &[MessageWithUpdates],
) -> Result<HashMap<String, String>, ApiError> {
    let mut names = HashMap::new();
    for record in records
        .iter()
        .filter(|record| record.message.push_name.is_none() && !record.message.key.from_me)
    {
        let sender = sender(&record.message.key);
        if names.contains_key(sender) {
            continue;
        }
        let filter = ContactFilter {
            remote_jid: Some(sender.to_owned()),
            ..ContactFilter::default()
        };
        let found = contact::find(gateway.store(), instance, &filter, None).await?;
        let name = found
            .into_iter()
            .next()
            .and_then(|contact| contact.push_name)
            .unwrap_or_default();
        names.insert(sender.to_owned(), name);
    }
    Ok(names)
}

fn sender(key: &MessageKey) -> &str {
    key.participant.as_deref().unwrap_or(&key.remote_jid)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    id: &'a str,
    key: &'a MessageKey,
    push_name: Option<String>,
    message_type: &'a str,
    message: &'a Value,
    message_timestamp: i64,
    instance_id: &'a InstanceId,
    source: DeviceSource,
    context_info: Option<&'a Value>,
    #[serde(rename = "MessageUpdate")]
    updates: Vec<Value>,
}

fn show(
    found: &MessageWithUpdates,
    instance: &Instance,
    names: &HashMap<String, String>,
    own_name: &str,
) -> Value {
    let message = &found.message;
    json!(Record {
        id: message.id.as_str(),
        key: &message.key,
        push_name: push_name(message, instance, names, own_name),
        message_type: &message.message_type,
        message: &message.message,
        message_timestamp: message.timestamp,
        instance_id: &message.instance_id,
        source: message.source,
        context_info: message.context_info.as_ref(),
        updates: found
            .updates
            .iter()
            .map(|status| json!({"status": status}))
            .collect(),
    })
}

/// The stored name, else the contact's, else what is made up for WhatsApp instances, as in the original.
fn push_name(
    message: &Message,
    instance: &Instance,
    names: &HashMap<String, String>,
    own_name: &str,
) -> Option<String> {
    if message.push_name.is_some() {
        return message.push_name.clone();
    }
    if let Some(name) = names
        .get(sender(&message.key))
        .filter(|name| !name.is_empty() && !message.key.from_me)
    {
        return Some(name.clone());
    }
    if instance.channel != ChannelKind::Whatsapp {
        return None;
    }
    if message.key.from_me {
        return Some(own_name.to_owned());
    }
    let context = message.context_info.as_ref()?;
    let participant = context
        .get("participant")
        .and_then(Value::as_str)
        .or(message.key.participant.as_deref())?;
    participant.split('@').next().map(str::to_owned)
}

#[derive(Deserialize)]
pub(super) struct FindMessages {
    #[serde(rename = "where", default)]
    filter: Where,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Where {
    id: Option<String>,
    #[serde(rename = "_id")]
    row_id: Option<String>,
    source: Option<String>,
    message_type: Option<String>,
    message_timestamp: Option<Span>,
    remote_jid: Option<String>,
    key: KeyWhere,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct KeyWhere {
    id: Option<String>,
    remote_jid: Option<String>,
    remote_jid_alt: Option<String>,
    from_me: Option<bool>,
    participant: Option<String>,
}

/// From when to when. Texts are dates, numbers milliseconds.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Span {
    gte: Value,
    lte: Value,
}

impl Span {
    pub(super) fn first_second(&self) -> Option<i64> {
        seconds(&self.gte)
    }

    pub(super) fn last_second(&self) -> Option<i64> {
        seconds(&self.lte)
    }
}

fn seconds(value: &Value) -> Option<i64> {
    let time = match value {
        Value::String(text) => Timestamp::parse(text)?,
        Value::Number(number) => Timestamp::from_millis(number.as_i64()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // Before 1973 in milliseconds: somebody meant seconds.
    let meant_seconds = (1..100_000_000_000).contains(&time.millis());
    Some(if meant_seconds {
        time.millis()
    } else {
        time.seconds()
    })
}

impl Where {
    fn into_filter(self) -> MessageFilter {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let span = self.message_timestamp.unwrap_or_default();
        MessageFilter {
            id: given(self.id).or(given(self.row_id)),
            source: self.source.as_deref().and_then(DeviceSource::parse),
            message_type: given(self.message_type),
            from_seconds: span.first_second(),
            to_seconds: span.last_second(),
            key_id: given(self.key.id),
            remote_jid: given(self.key.remote_jid).or(given(self.remote_jid)),
            remote_jid_alt: given(self.key.remote_jid_alt),
            from_me: self.key.from_me,
            participant: given(self.key.participant),
        }
    }
}

impl Checked for FindMessages {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let not_empty = Schema::string()
                .min_length(1)
                .describe("The property cannot be empty");
            let key = Schema::object()
                .properties(&["remoteJid", "id"], &not_empty)
                .properties(&["remoteJidAlt", "participant"], &Schema::string())
                .property("fromMe", Schema::strict_boolean());
            let filter = Schema::object()
                .property("_id", Schema::string().min_length(1))
                .property("key", key)
                .property("message", Schema::object())
                .properties(
                    &["id", "remoteJid", "source", "messageType"],
                    &Schema::string(),
                )
                .property("messageTimestamp", Schema::object());
            Schema::object()
                .property("where", filter)
                .property("limit", Schema::integer())
        });
        &SCHEMA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(value: Value) -> MessageFilter {
        serde_json::from_value::<Where>(value)
            .unwrap()
            .into_filter()
    }

    #[test]
    fn every_spelling_of_the_filter_counts() {
        assert_eq!(
            filter(json!({"key": {"fromMe": false}})).from_me,
            Some(false)
        );
        assert_eq!(
            filter(json!({"remoteJid": "1@lid"})).remote_jid.as_deref(),
            Some("1@lid")
        );
        assert_eq!(filter(json!({"_id": "c1"})).id.as_deref(), Some("c1"));
        assert_eq!(
            filter(json!({"source": "web"})).source,
            Some(DeviceSource::Web)
        );
        assert_eq!(filter(json!({"unknown": 1})), MessageFilter::default());
    }

    #[test]
    fn times_are_dates_milliseconds_or_seconds() {
        let span = |value: Value| filter(json!({"messageTimestamp": {"gte": value}})).from_seconds;
        assert_eq!(span(json!("2026-11-23T00:20:06.750Z")), Some(1_795_393_206));
        assert_eq!(span(json!(1_795_393_206_750_i64)), Some(1_795_393_206));
        assert_eq!(span(json!("1795393206")), Some(1_795_393_206));
        assert_eq!(span(json!("soon")), None);
    }

    #[test]
    fn recorded_refusals() {
        let body = json!({"where": {"key": {"id": ""}}, "limit": "x"});
        let texts: Vec<_> = FindMessages::schema()
            .failures(&body)
            .into_iter()
            .map(|f| f.message)
            .collect();
        assert_eq!(
            texts,
            [
                "The property cannot be empty",
                "limit is not of a type(s) integer"
            ]
        );
    }
}
