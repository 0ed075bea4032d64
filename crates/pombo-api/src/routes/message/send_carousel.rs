use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{Card, Media, MediaKind, OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::Value;

use super::media_source::Source;
use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use super::send_buttons;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendCarousel/{instance}`: sends cards side by side, each with a text, buttons, and a picture or film above them. Not
/// known to the original.
///
/// 201 with the stored message.
pub(super) async fn send_carousel(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendCarousel>,
) -> Result<Sent, ApiError> {
    let cards = request
        .cards
        .into_iter()
        .map(CardRequest::read)
        .collect::<Result<_, _>>()?;
    let content = OutgoingContent::Carousel {
        body: request.body,
        cards,
    };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Carousel, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct SendCarousel {
    number: String,
    body: Option<String>,
    cards: Vec<CardRequest>,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize)]
struct CardRequest {
    title: Option<String>,
    body: String,
    footer: Option<String>,
    mediatype: Option<String>,
    media: Option<String>,
    buttons: Vec<Value>,
}

impl CardRequest {
    fn read(self) -> Result<Card, ApiError> {
        let header = match self.media.as_deref().filter(|media| !media.is_empty()) {
            None => None,
            Some(media) => {
                let Source { source, mimetype } = Source::read(Some(media), None)
                    .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
                let kind = self.mediatype.as_deref().and_then(MediaKind::parse);
                Some(Media {
                    kind: kind.unwrap_or(MediaKind::Image),
                    source,
                    mimetype,
                    caption: None,
                    file_name: None,
                })
            }
        };
        Ok(Card {
            title: self.title.filter(|title| !title.is_empty()),
            body: self.body,
            footer: self.footer.filter(|footer| !footer.is_empty()),
            header,
            buttons: self.buttons,
        })
    }
}

impl Checked for SendCarousel {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let text = Schema::string();
            let buttons = Schema::array()
                .min_items(1)
                .max_items(3)
                .items(send_buttons::button());
            let card = Schema::object()
                .properties(&["title", "body", "footer", "media"], &text)
                .property("mediatype", Schema::string().one_of(&["image", "video"]))
                .property("buttons", buttons)
                .required(&["body", "buttons"])
                .not_empty(&["body"]);
            let cards = Schema::array().min_items(1).max_items(10).items(card);
            let schema = Schema::object()
                .property("number", number())
                .property("body", text)
                .property("cards", cards);
            with_options(schema).required(&["number", "cards"])
        });
        &SCHEMA
    }
}
