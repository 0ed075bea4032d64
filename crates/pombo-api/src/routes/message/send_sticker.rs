use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;

use super::media_source::Source;
use super::options::{Options, lenient_flag, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendSticker/{instance}`: sends a sticker, from a URL, as base64, or from the form field
/// `file`.
pub(super) async fn send_sticker(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendSticker>,
) -> Result<Sent, ApiError> {
    let Source { source, .. } = Source::read(request.sticker.as_deref(), upload)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    let content = OutgoingContent::Sticker {
        source,
        finished: request.not_convert_sticker,
    };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Sticker, outgoing).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendSticker {
    number: String,
    sticker: Option<String>,
    #[serde(default, deserialize_with = "lenient_flag")]
    not_convert_sticker: bool,
    #[serde(flatten)]
    options: Options,
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
