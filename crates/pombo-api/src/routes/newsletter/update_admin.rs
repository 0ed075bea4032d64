use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::port::StaffChange;
use serde::Deserialize;
use serde_json::Value;

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::updated;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /newsletter/updateAdmin/{instance}`: asks somebody to become an admin (`invite`, with the message that phones show), takes that
/// back (`revokeInvite`), makes an admin a follower (`demote`), or gives the newsletter away (`transfer`).
///
/// 201 with `{update: "success", expiration?}`; until `expiration` (seconds) an invitation is good.
pub(super) async fn update_admin(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UpdateAdmin>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (jid, number) = (&request.newsletter_jid, &request.number);
    let change = match request.action.as_str() {
        "invite" => {
            let caption = request.caption.as_deref();
            let until = api
                .gateway
                .invite_admin(&entry, jid, number, caption)
                .await?;
            let mut done = updated();
            if let Some(until) = until {
                done["expiration"] = until.into();
            }
            return Ok((StatusCode::CREATED, Json(done)));
        }
        "revokeInvite" => StaffChange::RevokeInvite,
        "demote" => StaffChange::Demote,
        _ => StaffChange::Own,
    };
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let person = api.gateway.recipient(&entry, number).await?;
    newsletters.change_staff(jid, change, &person).await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateAdmin {
    newsletter_jid: String,
    action: String,
    number: String,
    caption: Option<String>,
}

impl Checked for UpdateAdmin {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::update_admin);
        &SCHEMA
    }
}
