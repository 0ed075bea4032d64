use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/createParticipantNodes/{instance}`: encrypts a message (protobuf JSON) for all devices of these people.
///
/// 200 with `{nodes: [{tag: "to", attrs, content: [{tag: "enc", attrs, content: base64}]}], shouldIncludeDeviceIdentity}`.
/// `extraAttrs` become attributes of each `enc`.
pub(super) async fn create_participant_nodes(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<CreateParticipantNodes>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let jids = required("jids", request.jids)?;
    let message = required("message", request.message)?;
    let (mut nodes, opens) = protocol
        .participant_nodes(&jids, &Value::Object(message))
        .await?;
    let encrypted = nodes
        .iter_mut()
        .filter_map(|node| node.get_mut("content")?.as_array_mut())
        .flatten()
        .filter_map(|inner| inner.get_mut("attrs")?.as_object_mut());
    for attrs in encrypted {
        attrs.extend(request.extra_attrs.clone());
    }
    Ok(Json(
        json!({"nodes": nodes, "shouldIncludeDeviceIdentity": opens}),
    ))
}

#[derive(Deserialize)]
pub(super) struct CreateParticipantNodes {
    jids: Option<Vec<String>>,
    message: Option<Map<String, Value>>,
    #[serde(default, rename = "extraAttrs")]
    extra_attrs: Map<String, Value>,
}

impl Checked for CreateParticipantNodes {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let jids = Schema::array().items(Schema::string());
            Schema::object()
                .property("jids", jids)
                .property("message", Schema::object())
                .property("extraAttrs", Schema::object())
        });
        &SCHEMA
    }
}
