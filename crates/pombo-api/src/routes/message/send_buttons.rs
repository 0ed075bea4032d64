use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::Value;

use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendButtons/{instance}`: sends a text with buttons. What may be mixed is the channel's rule.
pub(super) async fn send_buttons(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendButtons>,
) -> Result<Sent, ApiError> {
    if request.buttons.is_empty() {
        return Err(ApiError::bad_request("At least one button is required"));
    }
    let content = OutgoingContent::Buttons {
        title: request.title,
        description: request.description,
        footer: request.footer,
        thumbnail_url: request.thumbnail_url,
        buttons: request.buttons,
    };
    send(
        &api,
        &entry,
        SendAction::Buttons,
        request.options.outgoing(request.number, content),
    )
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendButtons {
    number: String,
    title: Option<String>,
    description: Option<String>,
    footer: Option<String>,
    thumbnail_url: Option<String>,
    #[serde(default)]
    buttons: Vec<Value>,
    #[serde(flatten)]
    options: Options,
}

/// A button as users write it.
pub(super) fn button() -> Schema {
    let text = Schema::string();
    Schema::object()
        .property(
            "type",
            Schema::string().one_of(&["reply", "copy", "url", "call", "pix"]),
        )
        .properties(
            &[
                "displayText",
                "id",
                "url",
                "phoneNumber",
                "currency",
                "name",
            ],
            &text,
        )
        .property(
            "keyType",
            Schema::string().one_of(&["phone", "email", "cpf", "cnpj", "random"]),
        )
        .property("key", text.clone())
        .required(&["type"])
        .not_empty(&["id", "url", "phoneNumber"])
}

impl Checked for SendButtons {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let text = Schema::string();
            let schema = Schema::object()
                .property("number", number())
                .properties(&["thumbnailUrl", "title", "description", "footer"], &text)
                .property("buttons", Schema::array().items(button()));
            with_options(schema).required(&["number"])
        });
        &SCHEMA
    }
}
