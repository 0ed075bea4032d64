use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::SendAction;
use serde::Deserialize;

use super::options::{number, with_options};
use super::send::{Sent, unsupported};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendList/{instance}`: sends a list to choose from. No channel of this build can.
pub(super) async fn send_list(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(_): ValidJson<SendList>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::List))
}

#[derive(Deserialize)]
pub(super) struct SendList {}

impl Checked for SendList {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let text = Schema::string();
            let row = Schema::object()
                .properties(&["title", "description", "rowId"], &text)
                .required(&["title", "rowId"]);
            let section = Schema::object()
                .property("title", text.clone())
                .property("rows", Schema::array().min_items(1).unique().items(row))
                .required(&["title", "rows"]);
            let schema = Schema::object()
                .property("number", number())
                .properties(&["title", "description", "footerText", "buttonText"], &text)
                .property(
                    "sections",
                    Schema::array().min_items(1).unique().items(section),
                );
            with_options(schema).required(&[
                "number",
                "title",
                "footerText",
                "buttonText",
                "sections",
            ])
        });
        &SCHEMA
    }
}
