use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::SendAction;
use serde::Deserialize;

use super::media_source::Source;
use super::options::{number, with_options};
use super::send::{Sent, unsupported};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendSticker/{instance}`: sends a sticker. No channel of this build can.
pub(super) async fn send_sticker(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendSticker>,
) -> Result<Sent, ApiError> {
    Source::read(request.sticker.as_deref(), upload)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    Err(unsupported(&api, &entry, SendAction::Sticker))
}

#[derive(Deserialize)]
pub(super) struct SendSticker {
    sticker: Option<String>,
}

impl Checked for SendSticker {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("sticker", Schema::string());
            with_options(schema).required(&["number"])
        });
        &SCHEMA
    }
}
