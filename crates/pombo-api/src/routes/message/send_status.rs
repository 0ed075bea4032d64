use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::SendAction;
use serde::Deserialize;

use super::send::{Sent, unsupported};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::{Pattern, Schema};
use crate::state::Api;

/// `POST /message/sendStatus/{instance}`: posts a status. No channel of this build can.
pub(super) async fn send_status(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(..): ValidForm<SendStatus>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::Status))
}

#[derive(Deserialize)]
pub(super) struct SendStatus {}

impl Checked for SendStatus {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property(
                    "type",
                    Schema::string().one_of(&["text", "image", "audio", "video"]),
                )
                .properties(
                    &["content", "caption", "backgroundColor"],
                    &Schema::string(),
                )
                .property("font", Schema::integer().minimum(0).maximum(5))
                .property(
                    "statusJidList",
                    Schema::array().min_items(1).unique().items(
                        Schema::string()
                            .pattern(Pattern::LeadingDigits)
                            .describe("\"statusJidList\" must be an array of numeric strings"),
                    ),
                )
                .property("allContacts", Schema::strict_boolean())
                .required(&["type"])
        });
        &SCHEMA
    }
}
