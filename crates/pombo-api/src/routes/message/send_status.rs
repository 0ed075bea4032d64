use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{
    Media, MediaKind, OutgoingContent, SendAction, StatusContent, StatusPost,
};
use serde::Deserialize;

use super::media_source::Source;
use super::options::Options;
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::{Pattern, Schema};
use crate::state::Api;

/// `POST /message/sendStatus/{instance}`: posts a status: words on a colour, a picture, a film or a voice
/// note.
pub(super) async fn send_status(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendStatus>,
) -> Result<Sent, ApiError> {
    api.gateway.check_support(&entry, SendAction::Status)?;
    let content = match MediaKind::parse(&request.kind) {
        None => request.text()?,
        Some(kind) => {
            let missing = || ApiError::bad_request("Owned media must be a url or base64");
            let source = Source::read(request.content.as_deref(), upload).ok_or_else(missing)?;
            StatusContent::File(Media {
                kind,
                source: source.source,
                mimetype: source.mimetype,
                caption: request.caption.filter(|caption| !caption.is_empty()),
                file_name: None,
            })
        }
    };
    let recipients = request.status_jid_list.unwrap_or_default();
    if !request.all_contacts && recipients.is_empty() {
        return Err(ApiError::bad_request("StatusJidList is required"));
    }
    let post = StatusPost {
        content,
        all_contacts: request.all_contacts,
        recipients,
    };
    let outgoing = Options::default().outgoing(String::new(), OutgoingContent::Status(post));
    send(&api, &entry, SendAction::Status, outgoing).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendStatus {
    #[serde(rename = "type")]
    kind: String,
    content: Option<String>,
    caption: Option<String>,
    background_color: Option<String>,
    font: Option<u32>,
    #[serde(default)]
    all_contacts: bool,
    status_jid_list: Option<Vec<String>>,
}

impl SendStatus {
    fn text(&self) -> Result<StatusContent, ApiError> {
        let required = |text: &Option<String>, what: &str| {
            text.clone()
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| ApiError::bad_request(format!("{what} is required")))
        };
        Ok(StatusContent::Text {
            text: required(&self.content, "Content")?,
            background: required(&self.background_color, "Background color")?,
            font: self
                .font
                .ok_or_else(|| ApiError::bad_request("Font is required"))?,
        })
    }
}

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
