use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::instance::ChannelKind;
use pombo_domain::jid;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/fetchProfilePictureUrl/{instance}`: the picture of a number.
///
/// Channels that cannot ask for pictures answer `null`, as in the original.
pub(super) async fn fetch_profile_picture_url(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<FetchProfilePictureUrl>,
) -> Result<Json<Value>, ApiError> {
    let channel = entry.state().instance.channel;
    match channel {
        ChannelKind::Evolution | ChannelKind::Cloud => Ok(Json(
            json!({"wuid": jid::normalise(&request.number), "profilePictureUrl": null}),
        )),
        ChannelKind::Whatsapp => {
            let open = api.gateway.channel(&entry)?;
            let profiles = Gateway::profiles(&entry, &*open)?;
            let jid = api.gateway.recipient(&entry, &request.number).await?;
            let url = profiles.picture_url(&jid).await?;
            Ok(Json(json!({"wuid": jid, "profilePictureUrl": url})))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct FetchProfilePictureUrl {
    number: String,
}

impl Checked for FetchProfilePictureUrl {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("number", Schema::string())
                .required(&["number"])
        });
        &SCHEMA
    }
}
