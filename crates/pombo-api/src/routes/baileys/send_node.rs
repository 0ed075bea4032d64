use std::sync::LazyLock;

use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::Value;

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/sendNode/{instance}`: sends a stanza `{tag, attrs, content}` as it is.
///
/// 200 without a body; what the network answers to it comes as events, if at all.
pub(super) async fn send_node(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendNode>,
) -> Result<(), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let stanza = required("stanza", request.stanza)?;
    protocol.send_node(&stanza).await?;
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct SendNode {
    stanza: Option<Value>,
}

impl Checked for SendNode {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> =
            LazyLock::new(|| Schema::object().property("stanza", Schema::object()));
        &SCHEMA
    }
}
