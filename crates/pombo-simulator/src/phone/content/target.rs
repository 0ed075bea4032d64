//! Messages about other messages, which they name by key.

use waproto::whatsapp as wa;

fn protocol(message: wa::message::ProtocolMessage) -> wa::Message {
    wa::Message {
        protocol_message: message.into(),
        ..Default::default()
    }
}

/// A reaction; an empty one takes the former back.
pub fn reaction(target: wa::MessageKey, emoji: &str, now_ms: i64) -> wa::Message {
    wa::Message {
        reaction_message: wa::message::ReactionMessage {
            key: target.into(),
            text: Some(emoji.to_owned()),
            sender_timestamp_ms: Some(now_ms),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Replaces what an own message says, as phones send it: in the wrapper for edits.
pub fn edit(target: wa::MessageKey, edited: wa::Message, now_ms: i64) -> wa::Message {
    wa::Message {
        edited_message: super::wrapper::future_proof(edit_plain(target, edited, now_ms)),
        ..Default::default()
    }
}

/// The same without the wrapper, as companions send it.
pub fn edit_plain(target: wa::MessageKey, edited: wa::Message, now_ms: i64) -> wa::Message {
    protocol(wa::message::ProtocolMessage {
        key: target.into(),
        r#type: Some(wa::message::protocol_message::Type::MESSAGE_EDIT),
        edited_message: edited.into(),
        timestamp_ms: Some(now_ms),
        ..Default::default()
    })
}

/// Deletes a message for everybody: an own one, or as an admin that of somebody else.
pub fn revoke(target: wa::MessageKey) -> wa::Message {
    protocol(wa::message::ProtocolMessage {
        key: target.into(),
        r#type: Some(wa::message::protocol_message::Type::REVOKE),
        ..Default::default()
    })
}

/// From now on messages of this chat disappear after so many seconds; 0: not any more.
pub fn expire_chat(seconds: u32, now: i64) -> wa::Message {
    protocol(wa::message::ProtocolMessage {
        r#type: Some(wa::message::protocol_message::Type::EPHEMERAL_SETTING),
        ephemeral_expiration: Some(seconds),
        ephemeral_setting_timestamp: Some(now),
        ..Default::default()
    })
}

fn pinned(
    target: wa::MessageKey,
    kind: wa::message::pin_in_chat_message::Type,
    now_ms: i64,
) -> wa::Message {
    wa::Message {
        pin_in_chat_message: wa::message::PinInChatMessage {
            key: target.into(),
            r#type: Some(kind),
            sender_timestamp_ms: Some(now_ms),
        }
        .into(),
        ..Default::default()
    }
}

/// Pins a message for everybody, for so many seconds.
pub fn pin(target: wa::MessageKey, seconds: u32, now_ms: i64) -> wa::Message {
    let kind = wa::message::pin_in_chat_message::Type::PIN_FOR_ALL;
    let mut message = pinned(target, kind, now_ms);
    let info = message.message_context_info.get_or_insert_default();
    info.message_add_on_duration_in_secs = Some(seconds);
    message
}

/// Takes a pin off.
pub fn unpin(target: wa::MessageKey, now_ms: i64) -> wa::Message {
    let kind = wa::message::pin_in_chat_message::Type::UNPIN_FOR_ALL;
    pinned(target, kind, now_ms)
}

fn kept(target: wa::MessageKey, kind: wa::KeepType, now_ms: i64) -> wa::Message {
    wa::Message {
        keep_in_chat_message: wa::message::KeepInChatMessage {
            key: target.into(),
            keep_type: Some(kind),
            timestamp_ms: Some(now_ms),
        }
        .into(),
        ..Default::default()
    }
}

/// Keeps a message of a chat in which messages disappear.
pub fn keep(target: wa::MessageKey, now_ms: i64) -> wa::Message {
    kept(target, wa::KeepType::KEEP_FOR_ALL, now_ms)
}

/// Lets it disappear after all.
pub fn unkeep(target: wa::MessageKey, now_ms: i64) -> wa::Message {
    kept(target, wa::KeepType::UNDO_KEEP_FOR_ALL, now_ms)
}
