//! Messages, and what travels as a message: edits, deletions, the timer of a chat.

use pombo_domain::channel::{
    ChannelEvent, ChatChange, ChatNews, Edit, IncomingMessage, Revocation, Undecryptable,
};
use pombo_domain::message::{MessageKey, MessageStatus};
use serde_json::{Value, json};
use wa::message::ProtocolMessage;
use wa::message::protocol_message::Type;
use wacore::types::events::UndecryptableMessage;
use wacore::types::message::{EditAttribute, MessageCategory, MessageInfo};
use wacore_binary::{Jid, JidExt as _};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

use super::key::{self, Me};
use crate::content::Content;
use crate::json;

/// How many wrappers around a protocol message are looked into.
const WRAPPERS: usize = 4;

/// What the rules should hear of a message; `None` for what concerns only the account's own devices. `chat_alt`: the chat's
/// other identity, where the message is the account's own. Votes in polls are not for here.
pub(super) fn translate(
    message: &wa::Message,
    info: &MessageInfo,
    me: &Me,
    chat_alt: Option<&Jid>,
) -> Option<ChannelEvent> {
    if info.category == MessageCategory::Peer {
        return None;
    }
    let key = key::of(info, chat_alt);
    if info.source.chat.is_newsletter()
        && matches!(
            info.edit,
            EditAttribute::AdminEdit | EditAttribute::AdminRevoke
        )
    {
        return Some(revised(message, key, info));
    }
    if let Some(protocol) = protocol(message, WRAPPERS) {
        return protocolled(protocol, key, info, me);
    }
    if is_only_keys(message) {
        return None;
    }
    let content = match &info.comment_target {
        Some(target) => comment(message, target),
        None => Content::of(message),
    };
    Some(ChannelEvent::Message(incoming(content, key, info, me)))
}

fn incoming(mut content: Content, key: MessageKey, info: &MessageInfo, me: &Me) -> IncomingMessage {
    normalise_target(&mut content.message, &key, me);
    IncomingMessage {
        push_name: push_name(info),
        message_type: Some(content.message_type),
        context_info: content.context_info,
        timestamp: Some(info.timestamp.timestamp()),
        source: key::source(&info.id),
        status: Some(if key.from_me {
            MessageStatus::ServerAck
        } else {
            MessageStatus::DeliveryAck
        }),
        ..IncomingMessage::new(key, content.message)
    }
}

fn push_name(info: &MessageInfo) -> Option<String> {
    (!info.push_name.is_empty()).then(|| info.push_name.clone())
}

/// A decrypted comment, in the shape of one that was never encrypted.
fn comment(message: &wa::Message, target: &wa::MessageKey) -> Content {
    Content::of(&wa::Message {
        comment_message: MessageField::some(wa::message::CommentMessage {
            message: MessageField::some(message.clone()),
            target_message_key: MessageField::some(target.clone()),
        }),
        ..Default::default()
    })
}

/// Nothing but keys for messages to come.
fn is_only_keys(message: &wa::Message) -> bool {
    let keys = message.sender_key_distribution_message.is_set()
        || message
            .fast_ratchet_key_sender_key_distribution_message
            .is_set();
    if !keys {
        return false;
    }
    let mut rest = message.clone();
    rest.sender_key_distribution_message = MessageField::none();
    rest.fast_ratchet_key_sender_key_distribution_message = MessageField::none();
    rest.message_context_info = MessageField::none();
    waproto::codec::message_encoded_len(&rest) == 0
}

/// A reaction names its message as the sender's phone sees it; here it is named as the account sees it.
///
/// Source: observed on the original, v2.3.6.
fn normalise_target(message: &mut Value, key: &MessageKey, me: &Me) {
    let target = message
        .get_mut("reactionMessage")
        .and_then(|reaction| reaction.get_mut("key"))
        .and_then(Value::as_object_mut);
    let (Some(target), false) = (target, key.from_me) else {
        return;
    };
    let text = |name: &str| target.get(name).and_then(Value::as_str);
    let author = text("participant")
        .filter(|participant| !participant.is_empty())
        .or_else(|| text("remoteJid"));
    let by_sender = target.get("fromMe").and_then(Value::as_bool) == Some(true);
    let mine = !by_sender && author.is_some_and(|author| me.is_text(author));
    target.insert("remoteJid".to_owned(), key.remote_jid.clone().into());
    target.insert("fromMe".to_owned(), mine.into());
    if !target.contains_key("participant") {
        let participant = key.participant.clone().unwrap_or_default();
        target.insert("participant".to_owned(), participant.into());
    }
}

/// A post that was changed or deleted comes again, under its own id, and says so only outside of its content. The protocol
/// message that other chats have for it is made here.
fn revised(message: &wa::Message, key: MessageKey, info: &MessageInfo) -> ChannelEvent {
    let timestamp = info.timestamp.timestamp();
    if info.edit == EditAttribute::AdminRevoke {
        return ChannelEvent::Revoked(Revocation {
            target: key,
            by: None,
            timestamp,
        });
    }
    let protocol = ProtocolMessage {
        key: MessageField::some(wa::MessageKey {
            remote_jid: Some(key.remote_jid.clone()),
            from_me: Some(key.from_me),
            id: Some(key.id.clone()),
            ..Default::default()
        }),
        r#type: Some(Type::MESSAGE_EDIT),
        edited_message: MessageField::some(message.clone()),
        timestamp_ms: Some(timestamp.saturating_mul(1000)),
        ..Default::default()
    };
    ChannelEvent::Edited(Edit {
        target: key,
        content: Content::of(message).message,
        protocol: raw(&protocol),
        timestamp,
    })
}

/// The protocol message that a message is, in whatever wrapper.
fn protocol(message: &wa::Message, wrappers: usize) -> Option<&ProtocolMessage> {
    if let Some(protocol) = message.protocol_message.as_option() {
        return Some(protocol);
    }
    let inside = [&message.edited_message, &message.ephemeral_message]
        .into_iter()
        .find_map(|wrapper| wrapper.as_option()?.message.as_option())?;
    wrappers
        .checked_sub(1)
        .and_then(|fewer| protocol(inside, fewer))
}

/// Edits, deletions and the chat's timer. Everything else is between the account's own devices, and never told: keys of the
/// app state, notices of history, and the like.
fn protocolled(
    protocol: &ProtocolMessage,
    key: MessageKey,
    info: &MessageInfo,
    me: &Me,
) -> Option<ChannelEvent> {
    let edited = protocol.edited_message.as_option();
    match (protocol.r#type, edited) {
        (Some(Type::MESSAGE_EDIT), Some(edited)) => {
            let seconds = protocol
                .timestamp_ms
                .map_or_else(|| info.timestamp.timestamp(), |ms| ms / 1000);
            Some(ChannelEvent::Edited(Edit {
                target: target(protocol, key, me)?,
                content: Content::of(edited).message,
                protocol: raw(protocol),
                timestamp: seconds,
            }))
        }
        (Some(Type::REVOKE), _) => {
            let by = key.participant.clone();
            Some(ChannelEvent::Revoked(Revocation {
                target: target(protocol, key, me)?,
                by: by.filter(|participant| !participant.is_empty()),
                timestamp: info.timestamp.timestamp(),
            }))
        }
        (Some(Type::EPHEMERAL_SETTING), _) => Some(ChannelEvent::Chat(ChatNews {
            alt: key
                .more
                .get("remoteJidAlt")
                .and_then(Value::as_str)
                .map(str::to_owned),
            jid: key.remote_jid,
            change: ChatChange::Ephemeral(protocol.ephemeral_expiration.unwrap_or(0)),
        })),
        _ => None,
    }
}

/// The key of the message that a protocol message is about: it is in the chat of the protocol message and by its sender, unless
/// an admin deletes somebody else's.
fn target(protocol: &ProtocolMessage, key: MessageKey, me: &Me) -> Option<MessageKey> {
    let named = protocol.key.as_option()?;
    let id = named.id.clone().filter(|id| !id.is_empty())?;
    let mut key = MessageKey { id, ..key };
    let grouped = key.participant.as_ref().is_some_and(|own| !own.is_empty());
    if let Some(author) = named.participant.as_deref().filter(|_| grouped)
        && let Ok(author) = author.parse::<Jid>()
        && !author.is_empty()
    {
        let author = author.into_non_ad();
        key.from_me = me.is(&author);
        let author = author.to_string();
        let same = key.participant.as_deref() == Some(author.as_str())
            || key.more.get("participantAlt").and_then(Value::as_str) == Some(&author);
        if !same {
            key.more.shift_remove("participantAlt");
            key.participant = Some(author);
        }
    }
    Some(key)
}

/// `{key, type, editedMessage, timestampMs}` in the encoding of raw answers.
fn raw(protocol: &ProtocolMessage) -> Value {
    let message = wa::Message {
        protocol_message: MessageField::some(protocol.clone()),
        ..Default::default()
    };
    json::raw(&message)
        .get_mut("protocolMessage")
        .map_or_else(|| json!({}), Value::take)
}

/// A message that could not be decrypted. Reactions and the like, for which phones show nothing either, are not told.
pub(super) fn undecryptable(
    event: &UndecryptableMessage,
    chat_alt: Option<&Jid>,
) -> Option<ChannelEvent> {
    use wacore::types::events::DecryptFailMode;

    let info = &event.info;
    if info.category == MessageCategory::Peer || event.decrypt_fail_mode == DecryptFailMode::Hide {
        return None;
    }
    Some(ChannelEvent::Undecryptable(Undecryptable {
        key: key::of(info, chat_alt),
        push_name: push_name(info),
        timestamp: info.timestamp.timestamp(),
        unavailable: event.is_unavailable && event.unavailable_type.is_unrecoverable_fanout(),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::{info, jid, me};
    use super::*;

    fn seen(message: Value) -> Option<ChannelEvent> {
        seen_with(message, &info("3AF0000000000000000A"))
    }

    fn seen_with(message: Value, info: &MessageInfo) -> Option<ChannelEvent> {
        translate(
            &json::message(&message).expect("a test's message"),
            info,
            &me(),
            None,
        )
    }

    fn in_group() -> MessageInfo {
        let mut info = info("3AF0000000000000000A");
        info.source.chat = jid("120363002866886739@g.us");
        info.source.is_group = true;
        info
    }

    #[test]
    fn a_text_comes_with_name_status_and_source() {
        let Some(ChannelEvent::Message(message)) =
            seen(json!({"extendedTextMessage": {"text": "hi", "contextInfo": {}}}))
        else {
            panic!("a text is a message");
        };
        assert_eq!(message.message, json!({"conversation": "hi"}));
        assert_eq!(message.message_type.as_deref(), Some("conversation"));
        assert_eq!(
            message.context_info,
            Some(json!({"mentionedJid": [], "groupMentions": []}))
        );
        assert_eq!(message.push_name.as_deref(), Some("Bob"));
        assert_eq!(message.status, Some(MessageStatus::DeliveryAck));
        assert_eq!(message.source.as_str(), "ios");
    }

    #[test]
    fn what_is_between_own_devices_is_never_told() {
        for kind in [
            "APP_STATE_SYNC_KEY_SHARE",
            "HISTORY_SYNC_NOTIFICATION",
            "PEER_DATA_OPERATION_REQUEST_MESSAGE",
        ] {
            assert!(
                seen(json!({"protocolMessage": {"type": kind}})).is_none(),
                "{kind}"
            );
        }
        let mut peer = info("A");
        peer.category = MessageCategory::Peer;
        assert!(seen_with(json!({"conversation": "x"}), &peer).is_none());
        let keys = json!({"senderKeyDistributionMessage": {"groupId": "1@g.us"}, "messageContextInfo": {"deviceListMetadataVersion": 2}});
        assert!(seen(keys).is_none());
        assert!(seen(json!({})).is_some(), "an empty message is told");
    }

    #[test]
    fn edits_plain_and_wrapped_are_edits() {
        let protocol = json!({
            "key": {"remoteJid": "5511900000001@s.whatsapp.net", "fromMe": true, "id": "TARGET"},
            "type": "MESSAGE_EDIT",
            "editedMessage": {"extendedTextMessage": {"text": "new"}},
            "timestampMs": "1795398107097",
        });
        for message in [
            json!({"protocolMessage": protocol}),
            json!({"editedMessage": {"message": {"protocolMessage": protocol}}}),
        ] {
            let Some(ChannelEvent::Edited(edit)) = seen(message) else {
                panic!("an edit is an edit");
            };
            assert_eq!(edit.protocol, protocol);
            assert_eq!(edit.content, json!({"conversation": "new"}));
            assert_eq!(edit.timestamp, 1_795_398_107);
            assert_eq!(
                serde_json::to_value(&edit.target).expect("JSON"),
                json!({
                    "remoteJid": "5511900000002@s.whatsapp.net", "remoteJidAlt": "108205380617684@lid", "fromMe": false,
                    "id": "TARGET", "participant": "", "addressingMode": "pn",
                })
            );
        }
    }

    #[test]
    fn deletions_by_senders_and_admins() {
        let by_sender = json!({"protocolMessage": {"key": {"remoteJid": "x@g.us", "fromMe": true, "id": "T"}, "type": "REVOKE"}});
        let Some(ChannelEvent::Revoked(revoked)) = seen_with(by_sender, &in_group()) else {
            panic!("a deletion is a deletion");
        };
        assert_eq!(revoked.target.id, "T");
        assert!(!revoked.target.from_me);
        assert_eq!(
            revoked.target.participant.as_deref(),
            Some("5511900000002@s.whatsapp.net")
        );
        assert_eq!(revoked.by, revoked.target.participant);

        for (author, mine) in [
            ("5511900000001@s.whatsapp.net", true),
            ("108205380617683@lid", true),
            ("5511900000003@s.whatsapp.net", false),
        ] {
            let by_admin = json!({"protocolMessage": {"key": {"fromMe": false, "id": "T", "participant": author}, "type": "REVOKE"}});
            let Some(ChannelEvent::Revoked(revoked)) = seen_with(by_admin, &in_group()) else {
                panic!("a deletion is a deletion");
            };
            assert_eq!(revoked.target.from_me, mine, "{author}");
            assert_eq!(revoked.target.participant.as_deref(), Some(author));
            assert_eq!(revoked.by.as_deref(), Some("5511900000002@s.whatsapp.net"));
        }
    }

    #[test]
    fn a_deletion_without_an_id_is_nothing() {
        assert!(seen(json!({"protocolMessage": {"type": "REVOKE"}})).is_none());
        assert!(seen(json!({"protocolMessage": {"type": "REVOKE", "key": {"id": ""}}})).is_none());
    }

    #[test]
    fn reactions_name_their_message_as_the_account_sees_it() {
        let reaction = |key: Value| json!({"reactionMessage": {"key": key, "text": "👍", "senderTimestampMs": "5"}});
        let Some(ChannelEvent::Message(message)) = seen(reaction(
            json!({"remoteJid": "5511900000001@s.whatsapp.net", "fromMe": false, "id": "T"}),
        )) else {
            panic!("a reaction is a message");
        };
        assert_eq!(
            message.message["reactionMessage"]["key"],
            json!({"remoteJid": "5511900000002@s.whatsapp.net", "fromMe": true, "id": "T", "participant": ""})
        );
        let Some(ChannelEvent::Message(message)) = seen_with(
            reaction(json!({"remoteJid": "120363002866886739@g.us", "fromMe": true, "id": "T"})),
            &in_group(),
        ) else {
            panic!("a reaction is a message");
        };
        assert_eq!(
            message.message["reactionMessage"]["key"],
            json!({"remoteJid": "120363002866886739@g.us", "fromMe": false, "id": "T", "participant": "5511900000002@s.whatsapp.net"})
        );
    }

    #[test]
    fn the_timer_of_a_chat_is_news_of_the_chat() {
        let Some(ChannelEvent::Chat(news)) = seen(
            json!({"protocolMessage": {"type": "EPHEMERAL_SETTING", "ephemeralExpiration": 86400}}),
        ) else {
            panic!("a timer is news of the chat");
        };
        assert_eq!(news.change, ChatChange::Ephemeral(86400));
        assert_eq!(news.jid, "5511900000002@s.whatsapp.net");
        assert_eq!(news.alt.as_deref(), Some("108205380617684@lid"));
    }

    #[test]
    fn posts_are_revised_under_their_own_id() {
        let post = |edit: EditAttribute| {
            let mut info = info("POST");
            info.source.chat = jid("120363@newsletter");
            info.source.sender = jid("120363@newsletter");
            info.server_id = 101;
            info.edit = edit;
            seen_with(json!({"conversation": "new"}), &info)
        };
        let Some(ChannelEvent::Edited(edit)) = post(EditAttribute::AdminEdit) else {
            panic!("an edit is an edit");
        };
        assert_eq!(edit.content, json!({"conversation": "new"}));
        assert_eq!(edit.protocol["type"], "MESSAGE_EDIT");
        assert_eq!(edit.protocol["key"]["id"], "POST");
        assert_eq!(edit.target.more["server_id"], "101");
        let Some(ChannelEvent::Revoked(gone)) = post(EditAttribute::AdminRevoke) else {
            panic!("a deletion is a deletion");
        };
        assert_eq!(gone.target.id, "POST");
        assert!(matches!(
            post(EditAttribute::Empty),
            Some(ChannelEvent::Message(_))
        ));
    }

    #[test]
    fn a_decrypted_comment_names_its_message() {
        let mut info = in_group();
        info.comment_target = Some(wa::MessageKey {
            id: Some("POST".to_owned()),
            ..Default::default()
        });
        let Some(ChannelEvent::Message(message)) =
            seen_with(json!({"conversation": "nice"}), &info)
        else {
            panic!("a comment is a message");
        };
        assert_eq!(message.message_type.as_deref(), Some("commentMessage"));
        assert_eq!(
            message.message["commentMessage"],
            json!({"message": {"conversation": "nice"}, "targetMessageKey": {"id": "POST"}})
        );
    }
}
