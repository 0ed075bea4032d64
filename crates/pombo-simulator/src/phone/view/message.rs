//! A message on a phone's screen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp as wa;

/// One message as it is shown: with its edits, reactions, votes and ticks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShownMessage {
    /// Chosen by whoever sent it.
    pub id: String,
    /// Address of the chat.
    pub chat: String,
    /// The account itself sent it, with whatever device.
    pub from_me: bool,
    /// Who sent it, by phone-number address.
    pub sender: String,
    /// The same by LID.
    pub sender_lid: String,
    /// The number of the device that sent it.
    pub device: u16,
    /// The name that came with it.
    pub name: String,
    /// When the network took it (seconds).
    pub timestamp: u64,
    /// What it says now.
    #[serde(with = "encoded")]
    pub content: wa::Message,
    /// What it said before it was edited, oldest first.
    pub previous_texts: Vec<String>,
    /// Its sender, or an admin, deleted it for everybody.
    pub deleted: bool,
    /// The furthest that anybody has come with it.
    pub status: MessageStatus,
    /// How far each recipient has come, by phone-number address.
    pub receipts: BTreeMap<String, MessageStatus>,
    /// By phone-number address of who reacted.
    pub reactions: BTreeMap<String, Reaction>,
    /// Chosen options of a poll, by phone-number address of the voter.
    pub votes: BTreeMap<String, Vec<String>>,
    /// Answers to an event, by phone-number address: `GOING`, `NOT_GOING`, `MAYBE`.
    pub responses: BTreeMap<String, String>,
    /// Ids of the comments on it.
    pub comments: BTreeSet<String>,
    /// Pinned for all.
    pub pinned: bool,
    /// Kept, although messages disappear here.
    pub kept: bool,
    /// Marked with a star by this account.
    pub starred: bool,
    /// The `edit` attribute, `biz` child and so on of the stanza are not kept; whether a `biz` node came with it is.
    pub has_biz_node: bool,
}

/// Ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MessageStatus {
    /// The network refused it.
    Failed,
    /// A clock: not with the network yet.
    #[default]
    Pending,
    /// One tick.
    Sent,
    /// Two ticks.
    Delivered,
    /// Two blue ticks.
    Read,
    /// A blue microphone.
    Played,
}

/// Somebody's reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Usually one emoji.
    pub text: String,
    /// The message that carried it.
    pub id: String,
}

impl ShownMessage {
    /// What the message says: its text, or its caption; empty when it has none, or was deleted.
    pub fn text(&self) -> &str {
        text_of(&self.content)
    }

    /// The message inside all wrappers (ephemeral, view once, caption).
    pub fn inner(&self) -> &wa::Message {
        base(&self.content)
    }

    /// What kind of message it is, as the field of the protobuf is called: `conversation`, `image_message`, ...
    pub fn kind(&self) -> &'static str {
        kind_of(&self.content)
    }

    /// The id of the message that this one quotes.
    pub fn quotes(&self) -> Option<String> {
        context_of(&self.content)?.stanza_id.clone()
    }

    /// Who is mentioned in it.
    pub fn mentions(&self) -> Vec<String> {
        context_of(&self.content)
            .map(|context| context.mentioned_jid.clone())
            .unwrap_or_default()
    }

    /// How many votes each option has, in the order of the options.
    pub fn results(&self) -> Vec<(String, usize)> {
        poll_of(&self.content)
            .map(|poll| {
                let names = poll
                    .options
                    .iter()
                    .filter_map(|option| option.option_name.clone());
                names
                    .map(|name| {
                        let votes = self.votes.values().filter(|chosen| chosen.contains(&name));
                        let count = votes.count();
                        (name, count)
                    })
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The secret that votes, encrypted edits, reactions and answers to this message are encrypted with.
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        secret_of(&self.content)
    }

    /// Names the message for others.
    pub(crate) fn key(&self, remote: &str) -> wa::MessageKey {
        let in_group = !self.chat.ends_with("@s.whatsapp.net");
        wa::MessageKey {
            remote_jid: Some(remote.to_owned()),
            from_me: Some(self.from_me),
            id: Some(self.id.clone()),
            participant: (in_group && !self.from_me).then(|| self.sender.clone()),
        }
    }
}

/// The message inside all wrappers.
pub(crate) fn base(message: &wa::Message) -> &wa::Message {
    let base = message.get_base_message();
    for wrapper in [
        &base.associated_child_message,
        &base.group_mentioned_message,
        &base.lottie_sticker_message,
        &base.poll_creation_message_v4,
    ] {
        if let Some(inner) = wrapper
            .as_option()
            .and_then(|wrapper| wrapper.message.as_option())
        {
            return self::base(inner);
        }
    }
    base
}

pub(crate) fn secret_of(message: &wa::Message) -> Option<&[u8]> {
    let outer = message.message_context_info.as_option();
    let inner = base(message).message_context_info.as_option();
    outer
        .and_then(|info| info.message_secret.as_deref())
        .or_else(|| inner.and_then(|info| info.message_secret.as_deref()))
}

pub(crate) fn poll_of(message: &wa::Message) -> Option<&wa::message::PollCreationMessage> {
    let message = base(message);
    [
        &message.poll_creation_message,
        &message.poll_creation_message_v2,
        &message.poll_creation_message_v3,
        &message.poll_creation_message_v5,
    ]
    .into_iter()
    .find_map(|poll| poll.as_option())
}

fn text_of(message: &wa::Message) -> &str {
    let message = base(message);
    macro_rules! first {
        ($($field:ident . $text:ident),+ $(,)?) => {
            $(if let Some(text) = message.$field.as_option().and_then(|inner| inner.$text.as_deref()) {
                return text;
            })+
        };
    }
    if let Some(text) = message.conversation.as_deref() {
        return text;
    }
    first!(
        extended_text_message.text,
        image_message.caption,
        video_message.caption,
        ptv_message.caption,
        document_message.caption,
        sticker_pack_message.name,
        location_message.name,
        live_location_message.caption,
        contact_message.display_name,
        contacts_array_message.display_name,
        event_message.name,
        list_message.description,
        list_response_message.title,
        buttons_message.content_text,
        template_button_reply_message.selected_display_text,
        group_invite_message.caption,
        newsletter_admin_invite_message.caption,
        newsletter_follower_invite_message_v2.caption,
        order_message.message,
        product_message.body,
    );
    if let Some(poll) = poll_of(message) {
        return poll.name.as_deref().unwrap_or_default();
    }
    if let Some(template) = message.template_message.as_option() {
        let hydrated = template.hydrated_template.as_option();
        return hydrated
            .and_then(|template| template.hydrated_content_text.as_deref())
            .unwrap_or_default();
    }
    if let Some(interactive) = message.interactive_message.as_option() {
        let body = interactive.body.as_option();
        return body
            .and_then(|body| body.text.as_deref())
            .unwrap_or_default();
    }
    if let Some(response) = message.interactive_response_message.as_option() {
        let body = response.body.as_option();
        return body
            .and_then(|body| body.text.as_deref())
            .unwrap_or_default();
    }
    if let Some(response) = message.buttons_response_message.as_option() {
        use wa::message::buttons_response_message::Response;
        return match &response.response {
            Some(Response::SelectedDisplayText(text)) => text,
            None => "",
        };
    }
    if let Some(comment) = message.comment_message.as_option() {
        return comment
            .message
            .as_option()
            .map_or("", |comment| text_of(comment));
    }
    ""
}

macro_rules! kinds {
    ($message:expr; $($field:ident),+ $(,)?) => {
        $(if $message.$field.is_set() { return stringify!($field); })+
    };
}

fn kind_of(message: &wa::Message) -> &'static str {
    if message.lottie_sticker_message.is_set() {
        return "lottie_sticker_message";
    }
    let message = base(message);
    if message.conversation.is_some() {
        return "conversation";
    }
    kinds!(message;
        extended_text_message, image_message, video_message, ptv_message, audio_message, document_message, sticker_message,
        sticker_pack_message, contact_message, contacts_array_message, location_message, live_location_message,
        poll_creation_message, poll_creation_message_v2, poll_creation_message_v3, poll_creation_message_v5, album_message,
        event_message, list_message, list_response_message, buttons_message, buttons_response_message, template_message,
        template_button_reply_message, interactive_message, interactive_response_message, group_invite_message, order_message,
        product_message, newsletter_admin_invite_message, newsletter_follower_invite_message_v2, request_phone_number_message,
        comment_message, placeholder_message, call_log_messsage, request_payment_message, send_payment_message,
        payment_invite_message, invoice_message, scheduled_call_creation_message, scheduled_call_edit_message,
        status_notification_message, poll_result_snapshot_message, reaction_message, poll_update_message, protocol_message,
    );
    "unknown"
}

/// Quotes and mentions, wherever this kind of message keeps them.
pub(crate) fn context_of(message: &wa::Message) -> Option<&wa::ContextInfo> {
    let message = base(message);
    macro_rules! first {
        ($($field:ident),+ $(,)?) => {
            $(if let Some(context) = message.$field.as_option().and_then(|inner| inner.context_info.as_option()) {
                return Some(context);
            })+
        };
    }
    first!(
        extended_text_message,
        image_message,
        video_message,
        ptv_message,
        audio_message,
        document_message,
        sticker_message,
        sticker_pack_message,
        contact_message,
        contacts_array_message,
        location_message,
        live_location_message,
        poll_creation_message,
        poll_creation_message_v3,
        album_message,
        event_message,
        list_message,
        list_response_message,
        buttons_message,
        buttons_response_message,
        template_message,
        template_button_reply_message,
        interactive_message,
        interactive_response_message,
        group_invite_message,
        order_message,
        product_message,
        newsletter_admin_invite_message,
        request_phone_number_message,
    );
    None
}

/// Messages are saved as WhatsApp's own protobuf, in base64.
pub(crate) mod encoded {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use waproto::buffa::Message as _;
    use waproto::whatsapp as wa;

    pub(crate) fn serialize<S: Serializer>(
        message: &wa::Message,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(message.encode_to_vec()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<wa::Message, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        wa::Message::decode_from_slice(&bytes).map_err(D::Error::custom)
    }
}
