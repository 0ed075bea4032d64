use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::options::{Options, flatten, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendText/{instance}`: sends a text.
///
/// 201 with the stored message. 400 when the channel cannot, or the instance is not connected.
pub(super) async fn send_text(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendText>,
) -> Result<Sent, ApiError> {
    let content = OutgoingContent::Text { text: request.text };
    send(
        &api,
        &entry,
        SendAction::Text,
        request.options.outgoing(request.number, content),
    )
    .await
}

#[derive(Deserialize)]
pub(super) struct SendText {
    number: String,
    text: String,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendText {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("text", Schema::string())
                .property("linkPreview", Schema::boolean());
            with_options(schema).required(&["number", "text"])
        });
        &SCHEMA
    }

    fn prepare(body: &mut Map<String, Value>) {
        flatten(body, "textMessage");
    }
}
