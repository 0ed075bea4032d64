use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::SendAction;
use serde::Deserialize;

use super::options::number;
use super::send::{Sent, unsupported};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::{Pattern, Schema};
use crate::state::Api;

/// `POST /message/sendContact/{instance}`: sends contact cards. No channel of this build can.
pub(super) async fn send_contact(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(_): ValidJson<SendContact>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::Contact))
}

#[derive(Deserialize)]
pub(super) struct SendContact {}

impl Checked for SendContact {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let card = Schema::object()
                .property("fullName", Schema::string())
                .property(
                    "wuid",
                    Schema::string()
                        .min_length(10)
                        .pattern(Pattern::Digits)
                        .describe("\"wuid\" must be a numeric string"),
                )
                .property("phoneNumber", Schema::string().min_length(10))
                .properties(&["organization", "email", "url"], &Schema::string())
                .required(&["fullName", "phoneNumber"])
                .not_empty(&["fullName"]);
            Schema::object()
                .property("number", number())
                .property("contact", Schema::array().items(card).min_items(1).unique())
                .required(&["number", "contact"])
        });
        &SCHEMA
    }
}
