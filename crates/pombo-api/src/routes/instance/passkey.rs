use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /instance/passkey/{instance}`: a step of linking an account that a passkey guards.
///
/// With `assertion`, what `navigator.credentials.get` gave for the options of `connection.update` with
/// `passkey.step: "requested"`, in JSON. With `confirm: true`, that the code of `passkey.step: "confirmation"` is the one on
/// the phone. 400 when nothing is being linked. Not in the original, where such an account cannot be linked.
pub(super) async fn passkey(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<PasskeyRequest>,
) -> Result<Json<Value>, ApiError> {
    let step = match (&request.assertion, request.confirm) {
        (Some(assertion), _) => {
            gateway.passkey(&entry, Some(assertion)).await?;
            "sent"
        }
        (None, true) => {
            gateway.passkey(&entry, None).await?;
            "confirmed"
        }
        (None, false) => {
            return Err(ApiError::bad_request(
                "an \"assertion\", or \"confirm\": true",
            ));
        }
    };
    Ok(Json(json!({"passkey": step})))
}

#[derive(Deserialize)]
pub(super) struct PasskeyRequest {
    #[serde(default)]
    assertion: Option<Value>,
    #[serde(default)]
    confirm: bool,
}

impl Checked for PasskeyRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("assertion", Schema::object())
                .property("confirm", Schema::boolean())
        });
        &SCHEMA
    }
}
