//! Shapes what goes out.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::instance::ChannelKind;
use pombo_domain::media::{MediaContent, MediaFile};
use pombo_domain::message::{
    DeviceSource, Media, MediaSource, MessageKey, Outgoing, OutgoingContent, SendAction,
};
use pombo_domain::port::{Channel, ChannelFactory, ChannelOpening};
use serde_json::{Map, Value};

/// Opens the HTTP channel; needs nothing of the instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct EvolutionFactory;

#[async_trait]
impl ChannelFactory for EvolutionFactory {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Evolution
    }

    async fn open(&self, _opening: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError> {
        Ok(Arc::new(EvolutionChannel))
    }
}

/// Nothing leaves the server here: the integrator consumes `send.message`.
#[derive(Debug)]
struct EvolutionChannel;

#[async_trait]
impl Channel for EvolutionChannel {
    fn supports(&self, action: SendAction) -> bool {
        match action {
            SendAction::Text | SendAction::Media | SendAction::Audio | SendAction::Buttons => true,
            SendAction::Ptv
            | SendAction::Status
            | SendAction::Sticker
            | SendAction::Location
            | SendAction::Contact
            | SendAction::Reaction
            | SendAction::Poll
            | SendAction::List
            | SendAction::Template
            | SendAction::Carousel
            | SendAction::Album
            | SendAction::Forward => false,
        }
    }

    async fn send(
        &self,
        id: &str,
        remote_jid: &str,
        outgoing: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        let (message_type, mut message) = shape(&outgoing.content)
            .await?
            .ok_or(ChannelError::NotAvailable(ChannelKind::Evolution))?;
        // Compatible: of the quoted message only its key is passed on.
        if let Some(quoted) = &outgoing.quoted {
            message.insert(
                "quoted".to_owned(),
                quoted.get("key").unwrap_or(quoted).clone(),
            );
        }
        Ok(SentMessage {
            key: MessageKey::new(id, remote_jid, true),
            message: Value::Object(message),
            message_type: message_type.to_owned(),
            context_info: None,
            source: DeviceSource::Unknown,
        })
    }
}

/// The `messageType` and the content.
type Shape = (&'static str, Map<String, Value>);

/// `None`: the channel has no such thing.
async fn shape(content: &OutgoingContent) -> Result<Option<Shape>, ChannelError> {
    let mut message = Map::new();
    let message_type = match content {
        OutgoingContent::Text { text } => {
            message.insert("conversation".to_owned(), text.clone().into());
            "conversation"
        }
        OutgoingContent::Media(media) => {
            file(
                &mut message,
                &media.source,
                media.mimetype.as_deref(),
                media.file_name.as_deref(),
            )
            .await?;
            put(&mut message, "caption", media.caption.as_deref());
            kind_of(media)
        }
        OutgoingContent::Audio {
            source, mimetype, ..
        } => {
            file(&mut message, source, mimetype.as_deref(), None).await?;
            "audioMessage"
        }
        OutgoingContent::Buttons {
            title,
            description,
            footer,
            thumbnail_url,
            buttons,
        } => {
            put(&mut message, "title", title.as_deref());
            put(&mut message, "description", description.as_deref());
            put(&mut message, "footer", footer.as_deref());
            put(&mut message, "thumbnailUrl", thumbnail_url.as_deref());
            message.insert("buttons".to_owned(), Value::Array(buttons.clone()));
            "buttonMessage"
        }
        OutgoingContent::Ptv { .. }
        | OutgoingContent::Sticker { .. }
        | OutgoingContent::Location { .. }
        | OutgoingContent::Contacts(_)
        | OutgoingContent::Reaction { .. }
        | OutgoingContent::Poll { .. }
        | OutgoingContent::List { .. }
        | OutgoingContent::Carousel { .. }
        | OutgoingContent::Status(_)
        | OutgoingContent::Forward { .. }
        | OutgoingContent::Raw { .. } => return Ok(None),
    };
    Ok(Some((message_type, message)))
}

fn kind_of(media: &Media) -> &'static str {
    media.kind.message_type()
}

/// `mediaUrl` for what can be fetched, else `mediaUrl: null` and the file itself in `base64`, so that nothing is lost.
async fn file(
    message: &mut Map<String, Value>,
    source: &MediaSource,
    mimetype: Option<&str>,
    file_name: Option<&str>,
) -> Result<(), ChannelError> {
    let (url, base64, uploaded_type, uploaded_name) = match source {
        MediaSource::Url(url) => (Value::from(url.clone()), None, None, None),
        MediaSource::Base64(text) => (Value::Null, Some(text.to_string()), None, None),
        MediaSource::Upload {
            file,
            mimetype,
            file_name,
        } => (
            Value::Null,
            Some(encoded(file).await?),
            mimetype.as_deref(),
            file_name.as_deref(),
        ),
    };
    message.insert("mediaUrl".to_owned(), url);
    put(message, "mimetype", mimetype.or(uploaded_type));
    put(message, "fileName", file_name.or(uploaded_name));
    if let Some(base64) = base64 {
        message.insert("base64".to_owned(), base64.into());
    }
    Ok(())
}

/// In memory whole: the event carries it as text.
async fn encoded(file: &MediaFile) -> Result<String, ChannelError> {
    match file.content() {
        MediaContent::Memory(bytes) => Ok(STANDARD.encode(bytes)),
        MediaContent::Disk(path) => {
            let bytes = tokio::fs::read(path).await;
            let bytes = bytes.map_err(|error| ChannelError::Failed(error.to_string()))?;
            Ok(STANDARD.encode(bytes))
        }
    }
}

fn put(message: &mut Map<String, Value>, member: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        message.insert(member.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pombo_domain::message::MediaKind;
    use serde_json::json;
    use std::time::Duration;

    fn outgoing(content: OutgoingContent, quoted: Option<Value>) -> Outgoing {
        Outgoing {
            number: "1".to_owned(),
            content,
            delay: Duration::ZERO,
            quoted,
            mentioned: Vec::new(),
            mentions_everyone: false,
            link_preview: true,
            webhook_url: None,
            resolved: Default::default(),
        }
    }

    #[tokio::test]
    async fn a_text_with_a_quote() {
        let text = OutgoingContent::Text {
            text: "hello".to_owned(),
        };
        let quoted = json!({"key": {"id": "ABC"}, "message": {"conversation": "q"}});
        let sent = EvolutionChannel
            .send("ID", "1@s.whatsapp.net", &outgoing(text, Some(quoted)))
            .await
            .unwrap();
        assert_eq!(
            sent.message,
            json!({"conversation": "hello", "quoted": {"id": "ABC"}})
        );
        assert_eq!(sent.message_type, "conversation");
        assert!(sent.key.from_me);
    }

    #[tokio::test]
    async fn a_file_is_never_lost() {
        let media = Media {
            kind: MediaKind::Document,
            source: MediaSource::Base64(Arc::new("AAAA".to_owned())),
            mimetype: None,
            caption: Some("c".to_owned()),
            file_name: Some("a.pdf".to_owned()),
        };
        let sent = EvolutionChannel
            .send("ID", "1", &outgoing(OutgoingContent::Media(media), None))
            .await
            .unwrap();
        assert_eq!(
            sent.message,
            json!({"mediaUrl": null, "base64": "AAAA", "caption": "c", "fileName": "a.pdf"})
        );
        assert_eq!(sent.message_type, "documentMessage");
    }
}
