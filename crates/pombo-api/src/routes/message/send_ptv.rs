use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;

use super::media_source::Source;
use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendPtv/{instance}`: sends a round video, from a URL, as base64, or from the form field
/// `file`.
pub(super) async fn send_ptv(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendPtv>,
) -> Result<Sent, ApiError> {
    let Source { source, .. } = Source::read(request.video.as_deref(), upload)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    let outgoing = request
        .options
        .outgoing(request.number, OutgoingContent::Ptv { source });
    send(&api, &entry, SendAction::Ptv, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct SendPtv {
    number: String,
    video: Option<String>,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendPtv {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("video", Schema::string());
            with_options(schema).required(&["number"])
        });
        &SCHEMA
    }
}
