//! What goes around any message, or into its context.

use wacore::proto_helpers::MessageExt as _;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

use crate::phone::view::ShownMessage;
use crate::phone::view::message::context_of;

pub(super) fn future_proof(inner: wa::Message) -> MessageField<wa::message::FutureProofMessage> {
    wa::message::FutureProofMessage {
        message: inner.into(),
    }
    .into()
}

/// Which of the three wrappers hides a message after it was seen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewOnce {
    /// `view_once_message`: pictures and films, and what some senders abuse it for.
    V1,
    /// `view_once_message_v2`: pictures and films of newer phones.
    V2,
    /// `view_once_message_v2_extension`: voice notes.
    V2Extension,
}

/// Can be seen once.
pub fn view_once(mut message: wa::Message, version: ViewOnce) -> wa::Message {
    if let Some(image) = message.image_message.as_option_mut() {
        image.view_once = Some(true);
    }
    if let Some(video) = message.video_message.as_option_mut() {
        video.view_once = Some(true);
    }
    if let Some(audio) = message.audio_message.as_option_mut() {
        audio.view_once = Some(true);
    }
    let mut outer = wa::Message::default();
    let inner = future_proof(message);
    match version {
        ViewOnce::V1 => outer.view_once_message = inner,
        ViewOnce::V2 => outer.view_once_message_v2 = inner,
        ViewOnce::V2Extension => outer.view_once_message_v2_extension = inner,
    }
    outer
}

/// Disappears after so many seconds: wrapped, and said in the context.
pub fn ephemeral(message: wa::Message, seconds: u32) -> wa::Message {
    let inner = in_context(message, |context| context.expiration = Some(seconds));
    wa::Message {
        ephemeral_message: future_proof(inner),
        ..Default::default()
    }
}

/// Changes the context of a message; a short text becomes a long one, since only that has a context.
pub fn in_context(
    mut message: wa::Message,
    change: impl FnOnce(&mut wa::ContextInfo),
) -> wa::Message {
    if let Some(text) = message.conversation.take() {
        message.extended_text_message = wa::message::ExtendedTextMessage {
            text: Some(text),
            ..Default::default()
        }
        .into();
    }
    let mut context = context_of(&message).cloned().unwrap_or_default();
    change(&mut context);
    message.set_context_info(context);
    message
}

/// Answers a message: the other side shows it above.
pub fn quoting(message: wa::Message, quoted: &ShownMessage) -> wa::Message {
    in_context(message, |context| {
        context.stanza_id = Some(quoted.id.clone());
        context.participant = Some(quoted.sender.clone());
        context.quoted_message = MessageField::some(*quoted.content.prepare_for_quote());
    })
}

/// Mentions people, by their addresses.
pub fn mentioning(message: wa::Message, people: &[&str]) -> wa::Message {
    in_context(message, |context| {
        context.mentioned_jid = people.iter().map(|jid| (*jid).to_owned()).collect();
    })
}

/// Was sent before, so often.
pub fn forwarded(message: wa::Message, score: u32) -> wa::Message {
    in_context(message, |context| {
        context.is_forwarded = Some(true);
        context.forwarding_score = Some(score);
    })
}

/// Gives a message the secret that votes, reactions, answers and edits of it are encrypted with.
pub fn with_secret(mut message: wa::Message, secret: [u8; 32]) -> wa::Message {
    let info = message.message_context_info.get_or_insert_default();
    info.message_secret = Some(secret.to_vec());
    message
}
