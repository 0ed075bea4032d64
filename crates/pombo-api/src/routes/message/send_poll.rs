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

/// `POST /message/sendPoll/{instance}`: sends a poll. No channel of this build can.
pub(super) async fn send_poll(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(_): ValidJson<SendPoll>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::Poll))
}

#[derive(Deserialize)]
pub(super) struct SendPoll {}

impl Checked for SendPoll {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("name", Schema::string())
                .property("selectableCount", Schema::integer().minimum(0).maximum(10))
                .property(
                    "values",
                    Schema::array()
                        .min_items(2)
                        .max_items(10)
                        .unique()
                        .items(Schema::string()),
                );
            with_options(schema).required(&["number", "name", "selectableCount", "values"])
        });
        &SCHEMA
    }
}
