use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::message::MessageKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/starMessage/{instance}`: stars a message on all devices of the account, or takes the star off. Not known to the
/// original.
///
/// 201 with `{key, starred}`.
pub(super) async fn star_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<StarMessage>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let key = api
        .gateway
        .star_message(&entry, request.key, request.star)
        .await
        .map_err(|error| {
            failed(
                StatusCode::BAD_REQUEST,
                "The message was not starred",
                error,
            )
        })?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"key": key, "starred": request.star})),
    ))
}

#[derive(Deserialize)]
pub(super) struct StarMessage {
    key: MessageKey,
    star: bool,
}

impl Checked for StarMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::star_message);
        &SCHEMA
    }
}
