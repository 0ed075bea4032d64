//! Chats as another device of the account changed them.

use pombo_domain::channel::{ChannelEvent, ChatChange, ChatNews};
use pombo_domain::message::MessageKey;
use wacore::types::events;
use wacore_binary::{Jid, JidExt as _};

/// News of a chat. The account's whole state at the first connection is news as well.
fn news(jid: &Jid, change: ChatChange) -> ChannelEvent {
    ChannelEvent::Chat(ChatNews {
        jid: jid.to_non_ad_string(),
        alt: None,
        change,
    })
}

pub(super) fn archived(event: &events::ArchiveUpdate) -> ChannelEvent {
    let archived = event.action.archived.unwrap_or(false);
    news(&event.jid, ChatChange::Archived(archived))
}

pub(super) fn pinned(event: &events::PinUpdate) -> ChannelEvent {
    let pinned = event.action.pinned.unwrap_or(false);
    news(&event.jid, ChatChange::Pinned(pinned))
}

pub(super) fn muted(event: &events::MuteUpdate) -> ChannelEvent {
    let muted = event.action.muted.unwrap_or(false);
    let end = event.action.mute_end_timestamp.filter(|end| *end > 0);
    let until = muted.then_some(end.unwrap_or(-1));
    news(&event.jid, ChatChange::Muted(until))
}

pub(super) fn read(event: &events::MarkChatAsReadUpdate) -> ChannelEvent {
    if !event.action.read.unwrap_or(false) {
        return news(&event.jid, ChatChange::Unread);
    }
    let until = event
        .action
        .message_range
        .as_option()
        .and_then(|range| range.last_message_timestamp)
        .filter(|until| *until > 0);
    news(&event.jid, ChatChange::Read(until))
}

pub(super) fn deleted(event: &events::DeleteChatUpdate) -> ChannelEvent {
    news(&event.jid, ChatChange::Deleted)
}

pub(super) fn cleared(event: &events::ClearChatUpdate) -> ChannelEvent {
    news(&event.jid, ChatChange::Cleared)
}

pub(super) fn starred(event: &events::StarUpdate) -> ChannelEvent {
    let starred = event.action.starred.unwrap_or(false);
    let key = key(
        &event.chat_jid,
        event.participant_jid.as_ref(),
        &event.message_id,
        event.from_me,
    );
    news(&event.chat_jid, ChatChange::Starred(key, starred))
}

pub(super) fn message_deleted(event: &events::DeleteMessageForMeUpdate) -> ChannelEvent {
    let key = key(
        &event.chat_jid,
        event.participant_jid.as_ref(),
        &event.message_id,
        event.from_me,
    );
    news(&event.chat_jid, ChatChange::MessageDeleted(key))
}

pub(super) fn timer(event: &events::DisappearingModeChanged) -> ChannelEvent {
    news(&event.from, ChatChange::Ephemeral(event.duration))
}

fn key(chat: &Jid, participant: Option<&Jid>, id: &str, from_me: bool) -> MessageKey {
    let mut key = MessageKey::new(id, chat.to_non_ad_string(), from_me);
    key.participant = participant
        .filter(|participant| !participant.is_empty() && chat.is_group())
        .map(Jid::to_non_ad_string);
    key
}

#[cfg(test)]
mod tests {
    use waproto::buffa::MessageField;
    use waproto::whatsapp::sync_action_value as action;
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::jid;
    use super::*;

    const CHAT: &str = "5511900000002@s.whatsapp.net";

    fn change(event: ChannelEvent) -> ChatChange {
        match event {
            ChannelEvent::Chat(news) => {
                assert_eq!(news.jid, CHAT);
                news.change
            }
            other => panic!("not news of a chat: {other:?}"),
        }
    }

    #[test]
    fn mutes_end_or_do_not() {
        for (muted_now, until, wanted) in [
            (true, Some(5), Some(5)),
            (true, Some(-1), Some(-1)),
            (true, None, Some(-1)),
            (false, Some(5), None),
        ] {
            let event = events::MuteUpdate::builder()
                .jid(jid(CHAT))
                .timestamp(DateTime::UNIX_EPOCH)
                .action(Box::new(action::MuteAction {
                    muted: Some(muted_now),
                    mute_end_timestamp: until,
                    ..Default::default()
                }))
                .from_full_sync(false)
                .build();
            assert_eq!(change(muted(&event)), ChatChange::Muted(wanted));
        }
    }

    #[test]
    fn reading_goes_up_to_a_time() {
        for (now, wanted) in [
            (true, ChatChange::Read(Some(1_795_398_107))),
            (false, ChatChange::Unread),
        ] {
            let event = events::MarkChatAsReadUpdate::builder()
                .jid(jid(CHAT))
                .timestamp(DateTime::UNIX_EPOCH)
                .action(Box::new(action::MarkChatAsReadAction {
                    read: Some(now),
                    message_range: MessageField::some(action::SyncActionMessageRange {
                        last_message_timestamp: Some(1_795_398_107),
                        ..Default::default()
                    }),
                }))
                .from_full_sync(false)
                .build();
            assert_eq!(change(read(&event)), wanted);
        }
    }

    #[test]
    fn stars_name_the_message() {
        let event = events::StarUpdate::builder()
            .chat_jid(jid(CHAT))
            .message_id("A".to_owned())
            .from_me(true)
            .timestamp(DateTime::UNIX_EPOCH)
            .action(Box::new(action::StarAction {
                starred: Some(true),
            }))
            .from_full_sync(false)
            .build();
        assert_eq!(
            change(starred(&event)),
            ChatChange::Starred(MessageKey::new("A", CHAT, true), true)
        );
    }
}
