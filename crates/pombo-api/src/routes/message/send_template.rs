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

/// `POST /message/sendTemplate/{instance}`: sends a Cloud API template. No channel of this build can.
pub(super) async fn send_template(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(_): ValidJson<SendTemplate>,
) -> Result<Sent, ApiError> {
    Err(unsupported(&api, &entry, SendAction::Template))
}

#[derive(Deserialize)]
pub(super) struct SendTemplate {}

impl Checked for SendTemplate {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .properties(&["name", "language"], &Schema::string())
                .property("components", Schema::array())
                .property("webhookUrl", Schema::string());
            // Compatible: `number` is not asked for here.
            with_options(schema).required(&["name", "language"])
        });
        &SCHEMA
    }
}
