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

/// `POST /message/sendLocation/{instance}`: sends a place. No channel of this build can.
pub(super) async fn send_location(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(_): ValidJson<SendLocation>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::Location))
}

#[derive(Deserialize)]
pub(super) struct SendLocation {}

impl Checked for SendLocation {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .properties(&["latitude", "longitude"], &Schema::number())
                .properties(&["name", "address"], &Schema::string());
            with_options(schema).required(&["number", "latitude", "longitude", "name", "address"])
        });
        &SCHEMA
    }
}
