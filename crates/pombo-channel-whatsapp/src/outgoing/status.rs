//! Status posts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::message::{Outgoing, StatusContent, StatusPost};
use serde_json::{Value, json};
use wacore_binary::Jid;
use whatsapp_rust::Client;
use whatsapp_rust::features::{StatusPrivacySetting, StatusSendOptions};

use super::{Built, file, refused};
use crate::channel::WhatsappChannel;
use crate::query::error;

/// Who saw the newest status posts: needed for deleting them, and nowhere else to be found.
#[derive(Debug, Default)]
pub(crate) struct Audiences(Mutex<VecDeque<(String, Arc<[Jid]>)>>);

impl Audiences {
    const POSTS: usize = 50;

    fn remember(&self, id: &str, audience: Vec<Jid>) {
        let mut posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if posts.len() == Self::POSTS {
            posts.pop_front();
        }
        posts.push_back((id.to_owned(), audience.into()));
    }

    /// Who saw the post with this id.
    pub(crate) fn of(&self, id: &str) -> Option<Arc<[Jid]>> {
        let posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        posts
            .iter()
            .find_map(|(post, audience)| (post == id).then(|| Arc::clone(audience)))
    }
}

impl WhatsappChannel {
    pub(super) async fn post_status(
        &self,
        client: &Arc<Client>,
        id: &str,
        post: &StatusPost,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        let recipients = message
            .resolved
            .recipients
            .iter()
            .map(|jid| error::parse(jid).map(Jid::into_non_ad))
            .collect::<Result<Vec<_>, _>>()?;
        if recipients.is_empty() {
            return Err(ChannelError::Invalid(
                "nobody would see this status".to_owned(),
            ));
        }
        let wire = match &post.content {
            StatusContent::Text {
                text,
                background,
                font,
            } => words(text, background, *font)?,
            StatusContent::File(media) => {
                let prepared = file::first(&message.resolved.files)?;
                let kind = file::media_type(media.kind);
                let uploaded = self.upload(client, prepared, kind).await?;
                file::post(media, prepared, &uploaded)?
            }
        };
        let built = Built::new(wire);
        let options = StatusSendOptions {
            privacy: if post.all_contacts {
                StatusPrivacySetting::Contacts
            } else {
                StatusPrivacySetting::AllowList
            },
            message_id: Some(id.to_owned()),
            ..StatusSendOptions::default()
        };
        let sent = client
            .status()
            .send_raw(built.message()?, &recipients, options)
            .await
            .map_err(|error| refused(&error))?;
        self.audiences.remember(&sent.message_id, recipients);
        Ok(built.sent(sent.message_id, &Jid::status_broadcast()))
    }
}

fn words(text: &str, background: &str, font: u32) -> Result<Value, ChannelError> {
    let colour = argb(background)
        .ok_or_else(|| ChannelError::Invalid(format!("`{background}` is no colour")))?;
    Ok(json!({"extendedTextMessage": {"text": text, "backgroundArgb": colour, "font": font}}))
}

/// `#RRGGBB`, without transparency, or `#AARRGGBB`; the number sign may be left out.
fn argb(text: &str) -> Option<u32> {
    let digits = text.trim().trim_start_matches('#');
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| hex)?;
    match digits.len() {
        6 => Some(0xff00_0000 | value),
        8 => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        assert_eq!(argb("#00ff00"), Some(0xff00_ff00));
        assert_eq!(argb("8000FF00"), Some(0x8000_ff00));
        for bad in ["", "#fff", "green", "#+12345", "#0000000g"] {
            assert_eq!(argb(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_newest_audiences_are_remembered() {
        let audiences = Audiences::default();
        for post in 0..60 {
            audiences.remember(&post.to_string(), vec![Jid::pn(post.to_string())]);
        }
        assert_eq!(audiences.of("9"), None);
        assert_eq!(audiences.of("59").as_deref(), Some(&[Jid::pn("59")][..]));
    }

    #[test]
    fn words_are_answered_as_recorded() {
        let built = Built::new(words("my status", "#00ff00", 1).expect("a post"));
        let message = built.message().expect("it is a message");
        let text = message.extended_text_message.as_option().expect("a text");
        assert_eq!(text.background_argb, Some(0xff00_ff00));
        assert_eq!(text.font.map(|font| font as i32), Some(1));
        let sent = built.sent("3EB0".to_owned(), &Jid::status_broadcast());
        assert_eq!(sent.key.remote_jid, "status@broadcast");
        assert_eq!(sent.message, json!({"conversation": "my status"}));
        assert_eq!(sent.context_info, None);
    }
}
