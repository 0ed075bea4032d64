//! What can be sent, in JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::error::AdminError;
use crate::phone::content::{self, LinkPreview, ListSection, Picture, PollVersion, Product};
use crate::phone::media::FileKind;
use crate::phone::{VirtualPhone, media::UploadedFile};

/// Bytes, written in base64.
#[derive(Debug, Clone)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD
            .decode(text.trim())
            .map(Self)
            .map_err(|error| serde::de::Error::custom(format!("not base64: {error}")))
    }
}

/// One kind of content.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(super) enum Content {
    /// The short form, as phones send it.
    Text {
        text: String,
    },
    /// The longer form of a text, which can carry a context.
    ExtendedText {
        text: String,
    },
    Link {
        text: String,
        url: String,
        title: String,
        #[serde(default)]
        description: String,
        thumbnail: Option<Base64>,
    },
    Image(Film),
    Video(Film),
    Gif(Film),
    Ptv(Film),
    Audio {
        data: Base64,
        mimetype: String,
        #[serde(default)]
        seconds: u32,
    },
    VoiceNote {
        data: Base64,
        #[serde(default)]
        seconds: u32,
        waveform: Option<Base64>,
    },
    Document {
        data: Base64,
        name: String,
        mimetype: String,
        caption: Option<String>,
    },
    Sticker {
        data: Base64,
        #[serde(default)]
        animated: bool,
    },
    Location(Place),
    LiveLocation {
        latitude: f64,
        longitude: f64,
        caption: Option<String>,
        #[serde(default)]
        sequence: i64,
    },
    Contacts {
        contacts: Vec<Person>,
    },
    Event {
        name: String,
        description: Option<String>,
        place: Option<Place>,
        /// Seconds since 1970.
        start: i64,
    },
    Poll {
        question: String,
        options: Vec<String>,
        /// 0: any number.
        #[serde(default)]
        selectable: u32,
    },
    List {
        title: String,
        #[serde(default)]
        description: String,
        button: String,
        sections: Vec<Section>,
    },
    ListResponse {
        title: String,
        row: String,
    },
    Buttons(Buttons),
    ButtonResponse {
        id: String,
        text: String,
    },
    Template(Buttons),
    TemplateReply {
        id: String,
        text: String,
        #[serde(default)]
        index: u32,
    },
    /// Buttons of today; each `id` is the button's name, each `text` its parameters in JSON.
    NativeFlow(Buttons),
    InteractiveResponse {
        text: String,
        name: String,
        parameters: String,
    },
    GroupInvite {
        group: String,
        name: String,
        code: String,
        /// Seconds since 1970.
        expiration: i64,
        #[serde(default)]
        caption: String,
    },
    NewsletterInvite {
        newsletter: String,
        name: String,
        #[serde(default)]
        caption: String,
        expiration: i64,
    },
    Product {
        business: String,
        id: String,
        title: String,
        #[serde(default)]
        description: String,
        currency: String,
        /// Thousandths.
        price_1000: i64,
        #[serde(default)]
        body: String,
    },
    Order {
        id: String,
        token: String,
        seller: String,
        items: i32,
        #[serde(default)]
        message: String,
    },
    /// Messages of the chat disappear after so many seconds; 0: no more.
    Expiration {
        seconds: u32,
    },
    /// Anything: the protobuf of a message, in base64.
    Protobuf {
        data: Base64,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Film {
    data: Base64,
    caption: Option<String>,
    thumbnail: Option<Base64>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    seconds: u32,
}

impl Film {
    async fn upload(
        self,
        phone: &VirtualPhone,
        kind: FileKind,
    ) -> Result<(UploadedFile, Picture), AdminError> {
        let file = phone.upload(kind, &self.data.0).await?;
        let picture = Picture {
            caption: self.caption,
            thumbnail: self.thumbnail.map(|thumbnail| thumbnail.0),
            width: self.width,
            height: self.height,
            seconds: self.seconds,
        };
        Ok((file, picture))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    latitude: f64,
    longitude: f64,
    name: Option<String>,
    address: Option<String>,
}

impl From<Place> for content::Place {
    fn from(place: Place) -> Self {
        Self {
            latitude: place.latitude,
            longitude: place.longitude,
            name: place.name,
            address: place.address,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    name: String,
    number: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    id: String,
    title: String,
    #[serde(default)]
    description: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Buttons {
    text: String,
    #[serde(default)]
    footer: String,
    buttons: Vec<Button>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Button {
    id: String,
    text: String,
}

impl Buttons {
    fn pairs(&self) -> Vec<(&str, &str)> {
        self.buttons
            .iter()
            .map(|button| (button.id.as_str(), button.text.as_str()))
            .collect()
    }
}

impl Content {
    /// The message; what it carries is uploaded by the phone.
    pub(super) async fn message(
        self,
        phone: &VirtualPhone,
        now: u64,
    ) -> Result<wa::Message, AdminError> {
        Ok(match self {
            Self::Text { text } => content::text(&text),
            Self::ExtendedText { text } => content::plain(&text),
            Self::Link {
                text,
                url,
                title,
                description,
                thumbnail,
            } => {
                let preview = LinkPreview {
                    title,
                    description,
                    thumbnail: thumbnail.map(|thumbnail| thumbnail.0),
                    large: None,
                };
                content::link(&text, &url, preview)
            }
            Self::Image(film) => {
                let (file, picture) = film.upload(phone, FileKind::Image).await?;
                content::image(file, picture)
            }
            Self::Video(film) => {
                let (file, picture) = film.upload(phone, FileKind::Video).await?;
                content::video(file, picture)
            }
            Self::Gif(film) => {
                let (file, picture) = film.upload(phone, FileKind::Video).await?;
                content::gif(file, picture)
            }
            Self::Ptv(film) => {
                let (file, picture) = film.upload(phone, FileKind::Video).await?;
                content::ptv(file, picture)
            }
            Self::Audio {
                data,
                mimetype,
                seconds,
            } => {
                let file = phone.upload(FileKind::Audio, &data.0).await?;
                content::audio(file, &mimetype, seconds)
            }
            Self::VoiceNote {
                data,
                seconds,
                waveform,
            } => {
                let file = phone.upload(FileKind::Audio, &data.0).await?;
                let waveform = waveform.map(|waveform| waveform.0).unwrap_or_default();
                content::voice_note(file, seconds, waveform)
            }
            Self::Document {
                data,
                name,
                mimetype,
                caption,
            } => {
                let file = phone.upload(FileKind::Document, &data.0).await?;
                match caption {
                    Some(caption) => {
                        content::document_with_caption(file, &name, &mimetype, &caption)
                    }
                    None => content::document(file, &name, &mimetype),
                }
            }
            Self::Sticker { data, animated } => {
                let file = phone.upload(FileKind::Sticker, &data.0).await?;
                content::sticker(file, animated)
            }
            Self::Location(place) => content::location(place.into()),
            Self::LiveLocation {
                latitude,
                longitude,
                caption,
                sequence,
            } => {
                let place = content::Place {
                    latitude,
                    longitude,
                    name: None,
                    address: None,
                };
                content::live_location(place, caption.as_deref(), sequence)
            }
            Self::Contacts { contacts } => match contacts.as_slice() {
                [one] => content::contact(&one.name, &one.number),
                several => {
                    let people: Vec<(&str, &str)> = several
                        .iter()
                        .map(|person| (person.name.as_str(), person.number.as_str()))
                        .collect();
                    content::contacts(&people)
                }
            },
            Self::Event {
                name,
                description,
                place,
                start,
            } => content::event(&name, description.as_deref(), place.map(Into::into), start),
            Self::Poll {
                question,
                options,
                selectable,
            } => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                // As today's phones do it.
                let version = if selectable == 1 {
                    PollVersion::V3
                } else {
                    PollVersion::V1
                };
                content::poll(version, &question, &options, selectable)
            }
            Self::List {
                title,
                description,
                button,
                sections,
            } => list(&title, &description, &button, &sections),
            Self::ListResponse { title, row } => content::list_response(&title, &row),
            Self::Buttons(buttons) => {
                content::buttons(&buttons.text, &buttons.footer, &buttons.pairs())
            }
            Self::ButtonResponse { id, text } => content::button_response(&id, &text),
            Self::Template(buttons) => {
                content::template(&buttons.text, &buttons.footer, &buttons.pairs())
            }
            Self::TemplateReply { id, text, index } => content::template_reply(&id, &text, index),
            Self::NativeFlow(buttons) => {
                content::native_flow(&buttons.text, &buttons.footer, &buttons.pairs())
            }
            Self::InteractiveResponse {
                text,
                name,
                parameters,
            } => content::interactive_response(&text, &name, &parameters),
            Self::GroupInvite {
                group,
                name,
                code,
                expiration,
                caption,
            } => content::group_invite(&group, &name, &code, expiration, &caption),
            Self::NewsletterInvite {
                newsletter,
                name,
                caption,
                expiration,
            } => content::newsletter_invite(&newsletter, &name, &caption, expiration),
            Self::Product {
                business,
                id,
                title,
                description,
                currency,
                price_1000,
                body,
            } => {
                let product = Product {
                    id,
                    title,
                    description,
                    currency,
                    price_1000,
                };
                content::product(&business, product, &body)
            }
            Self::Order {
                id,
                token,
                seller,
                items,
                message,
            } => content::order(&id, &token, &seller, items, &message),
            Self::Expiration { seconds } => {
                content::expire_chat(seconds, i64::try_from(now).unwrap_or(i64::MAX))
            }
            Self::Protobuf { data } => {
                wa::Message::decode_from_slice(&data.0).map_err(|error| {
                    AdminError::bad_request(format!("`data` is no message: {error}"))
                })?
            }
        })
    }
}

fn list(title: &str, description: &str, button: &str, sections: &[Section]) -> wa::Message {
    let rows: Vec<Vec<(&str, &str, &str)>> = sections
        .iter()
        .map(|section| {
            let rows = section.rows.iter();
            rows.map(|row| {
                (
                    row.id.as_str(),
                    row.title.as_str(),
                    row.description.as_str(),
                )
            })
            .collect()
        })
        .collect();
    let sections: Vec<ListSection<'_>> = sections
        .iter()
        .zip(&rows)
        .map(|(section, rows)| ListSection {
            title: &section.title,
            rows,
        })
        .collect();
    content::list(title, description, button, &sections)
}
