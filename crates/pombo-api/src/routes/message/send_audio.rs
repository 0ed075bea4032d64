use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::media_source::Source;
use super::options::{Options, flatten, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendWhatsAppAudio/{instance}`: sends a voice note, from a URL, as base64, or from the form field `file`.
///
/// 201 with the stored message. 400 for a source that is none of these.
pub(super) async fn send_audio(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendAudio>,
) -> Result<Sent, ApiError> {
    let Source { source, mimetype } =
        Source::read(request.audio.as_deref(), upload).ok_or_else(|| {
            ApiError::bad_request("Owned media must be a url, base64, or valid file with buffer")
        })?;
    let mimetype = request
        .mimetype
        .filter(|mimetype| !mimetype.is_empty())
        .or(mimetype);
    let content = OutgoingContent::Audio {
        source,
        mimetype,
        untouched: request.encoding == Some(false),
    };
    send(
        &api,
        &entry,
        SendAction::Audio,
        request.options.outgoing(request.number, content),
    )
    .await
}

#[derive(Deserialize)]
pub(super) struct SendAudio {
    number: String,
    audio: Option<String>,
    mimetype: Option<String>,
    encoding: Option<bool>,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendAudio {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("audio", Schema::string())
                .property("mimetype", Schema::string())
                .property("encoding", Schema::boolean());
            with_options(schema).required(&["number"])
        });
        &SCHEMA
    }

    fn prepare(body: &mut Map<String, Value>) {
        flatten(body, "audioMessage");
    }
}
