use std::sync::LazyLock;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::channel::{ChannelError, not_available};
use pombo_domain::instance::ChannelKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::options::number;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /call/offer/{instance}`: rings at somebody's phones for `callDuration` seconds.
///
/// 201 with `{id, jid, isVideo, callDuration}` as soon as it rings; what becomes of the call comes as `call` events. No sound is
/// carried: a call that is taken stays silent until its time is over. (The original's own answer is made up.)
pub(super) async fn call_offer(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<CallOffer>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = entry.state().instance.channel;
    match channel {
        // Compatible: here the original names the other channel.
        ChannelKind::Evolution => Err(ApiError::bad_request(not_available(ChannelKind::Cloud))),
        ChannelKind::Cloud => Err(ChannelError::NotAvailable(channel).into()),
        ChannelKind::Whatsapp => {
            let duration = Duration::from_secs(request.call_duration);
            let (jid, placed) = api
                .gateway
                .call(&entry, &request.number, request.is_video, duration)
                .await?;
            let answer = json!({
                "id": placed.id, "jid": jid, "isVideo": request.is_video, "callDuration": request.call_duration,
            });
            Ok((StatusCode::CREATED, Json(answer)))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallOffer {
    number: String,
    #[serde(default)]
    is_video: bool,
    /// Seconds.
    call_duration: u64,
}

impl Checked for CallOffer {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("number", number())
                .property("isVideo", Schema::boolean())
                .property("callDuration", Schema::integer().minimum(1).maximum(15))
                .required(&["number", "callDuration"])
        });
        &SCHEMA
    }
}
