use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::clock::Timestamp;
use pombo_domain::jid;
use pombo_store::chat::{self, ChatFilter, ChatOverview};
use serde::Deserialize;
use serde_json::{Value, json};

use super::find_contacts;
use super::find_messages::Span;
use super::last_message;
use super::paging::Paging;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// How long after its start a conversation may be answered freely. Source: Meta's customer service window.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// `POST /chat/findChats/{instance}`: stored chats, the newest first, all of them unless a part is asked for.
///
/// `where.remoteJid` takes a JID or a number, `where.id` a JID or the id of a message in the chat.
pub(super) async fn find_chats(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<FindChats>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (take, skip) = request.paging.take_and_skip();
    let state = entry.state();
    let filter = request.filter.into_filter();
    let found = chat::overview(gateway.store(), &state.instance.id, &filter, take, skip).await?;
    let now = gateway.now();
    let own_name = gateway.config().own_name.as_str();
    Ok(Json(
        found
            .iter()
            .map(|overview| show(overview, now, own_name))
            .collect(),
    ))
}

fn show(overview: &ChatOverview, now: Timestamp, own_name: &str) -> Value {
    let ChatOverview {
        chat,
        contact,
        last_message,
    } = overview;
    let expires = chat.created_at.plus(WINDOW);
    let updated = last_message.as_ref().map_or(chat.updated_at, |last| {
        Timestamp::from_millis(last.timestamp * 1000)
    });
    let mut shown = json!({
        // Clients need a text here; without a contact it is the chat's own id.
        "id": contact.as_ref().map_or(&chat.id, |contact| &contact.id),
        "remoteJid": chat.remote_jid,
        "pushName": contact.as_ref().and_then(|contact| contact.push_name.as_deref()).or(chat.name.as_deref()),
        "profilePicUrl": contact.as_ref().and_then(|contact| contact.profile_pic_url.as_deref()),
        "updatedAt": updated,
        "windowStart": chat.created_at,
        "windowExpires": expires,
        "windowActive": now < expires,
    });
    if let Some(last) = last_message {
        shown["lastMessage"] = last_message::show(last, own_name);
    }
    shown["unreadCount"] = json!(chat.unread_messages);
    shown["isSaved"] = json!(contact.is_some());
    shown
}

#[derive(Deserialize)]
pub(super) struct FindChats {
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
    message_timestamp: Option<Span>,
}

impl Where {
    fn into_filter(self) -> ChatFilter {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (jid_as_id, key_id) = match given(self.id) {
            Some(id) if id.contains('@') => (Some(id), None),
            other => (None, other),
        };
        let span = self.message_timestamp.unwrap_or_default();
        ChatFilter {
            remote_jid: given(self.remote_jid)
                .or(jid_as_id)
                .map(|jid| jid::normalise(&jid)),
            from_seconds: span.first_second(),
            to_seconds: span.last_second(),
            key_id,
        }
    }
}

impl Checked for FindChats {
    fn schema() -> &'static Schema {
        find_contacts::schema()
    }
}
