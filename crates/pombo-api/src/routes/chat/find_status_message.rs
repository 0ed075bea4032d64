use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::message::MessageUpdate;
use pombo_store::message_update;
use serde::Deserialize;

use super::paging::Paging;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// Rows of a page unless another size is asked for.
const PAGE: u32 = 50;

/// `POST /chat/findStatusMessage/{instance}`: the steps in the life of stored messages, in pages.
///
/// `where.id` and `where.keyId` are the message's own id.
pub(super) async fn find_status_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<FindStatusMessage>,
) -> Result<Json<Vec<MessageUpdate>>, ApiError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let remote_jid = given(request.filter.remote_jid);
    let key_id = given(request.filter.id).or(given(request.filter.key_id));
    let state = entry.state();
    let found = message_update::find(
        gateway.store(),
        &state.instance.id,
        remote_jid.as_deref(),
        key_id.as_deref(),
        request.paging.page_or(PAGE),
    );
    Ok(Json(found.await?))
}

#[derive(Deserialize)]
pub(super) struct FindStatusMessage {
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
    key_id: Option<String>,
}

impl Checked for FindStatusMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let statuses = &[
                "ERROR",
                "PENDING",
                "SERVER_ACK",
                "DELIVERY_ACK",
                "READ",
                "PLAYED",
            ];
            let filter = Schema::object()
                .property("_id", Schema::string().min_length(1))
                .properties(&["remoteJid", "id", "keyId"], &Schema::string())
                .property("fromMe", Schema::strict_boolean())
                .property("participant", Schema::string())
                .property("status", Schema::string().one_of(statuses))
                .not_empty(&["_id", "remoteJid", "id", "status"]);
            Schema::object()
                .property("where", filter)
                .property("limit", Schema::integer())
        });
        &SCHEMA
    }
}
