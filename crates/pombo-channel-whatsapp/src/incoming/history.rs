//! What the phone tells of the past, in slices: a chunk may hold many thousand messages.

use pombo_domain::channel::{
    ContactNews, HistoryChat, HistoryChunk, HistoryKind, IncomingMessage, WhoKnows,
};
use pombo_domain::message::{MessageKey, MessageStatus};
use tracing::warn;
use wa::history_sync::HistorySyncType;
use wa::web_message_info::Status;
use wacore::history_sync::HistorySyncStream;
use wacore::types::events::LazyHistorySync;
use wacore_binary::Jid;
use waproto::whatsapp as wa;

use super::key;
use crate::content::Content;

/// How many messages are told at once.
const SLICE: usize = 250;

/// Reads a chunk slice by slice: never more than one slice and one chat in memory.
pub(super) struct Slices {
    sync: LazyHistorySync,
}

impl Slices {
    pub(super) fn new(sync: &LazyHistorySync) -> Self {
        Self { sync: sync.clone() }
    }

    /// Hands out slice after slice until `take` says that it is enough. Blocking work: the chunk is unpacked while it is read.
    pub(super) fn each(&self, mut take: impl FnMut(HistoryChunk) -> bool) {
        let kind = kind(self.sync.sync_type());
        let mut chunk = self.empty(kind);
        let mut stream: HistorySyncStream<'_> = self.sync.stream();
        loop {
            match stream.next_conversation() {
                Ok(Some(conversation)) => {
                    let mut messages = add(&mut chunk, conversation);
                    while chunk.messages.len() + messages.len() > SLICE {
                        let rest = messages.split_off(
                            SLICE
                                .saturating_sub(chunk.messages.len())
                                .min(messages.len()),
                        );
                        chunk.messages.extend(messages);
                        messages = rest;
                        if !take(std::mem::replace(&mut chunk, self.empty(kind))) {
                            return;
                        }
                    }
                    chunk.messages.extend(messages);
                }
                Ok(None) => break,
                Err(error) => {
                    warn!("a part of the history cannot be read: {error}");
                    break;
                }
            }
        }
        match stream.remainder() {
            Ok(rest) => {
                chunk
                    .contacts
                    .extend(rest.pushnames.into_iter().filter_map(push_name));
                let posts = rest.status_v3_messages.iter().filter_map(message);
                chunk.messages.extend(posts);
            }
            Err(error) => warn!("a part of the history cannot be read: {error}"),
        }
        take(chunk);
    }

    fn empty(&self, kind: HistoryKind) -> HistoryChunk {
        HistoryChunk {
            kind,
            progress: self.sync.progress(),
            chats: Vec::new(),
            contacts: Vec::new(),
            messages: Vec::new(),
        }
    }
}

fn kind(sync_type: i32) -> HistoryKind {
    const INITIAL: i32 = HistorySyncType::INITIAL_BOOTSTRAP as i32;
    const RECENT: i32 = HistorySyncType::RECENT as i32;
    const FULL: i32 = HistorySyncType::FULL as i32;
    const NAMES: i32 = HistorySyncType::PUSH_NAME as i32;
    const ASKED: i32 = HistorySyncType::ON_DEMAND as i32;
    match sync_type {
        INITIAL => HistoryKind::Initial,
        RECENT => HistoryKind::Recent,
        FULL => HistoryKind::Full,
        NAMES => HistoryKind::PushNames,
        ASKED => HistoryKind::OnDemand,
        _ => HistoryKind::Other,
    }
}

/// Adds a chat and the name that it has in the address book; gives its messages.
fn add(chunk: &mut HistoryChunk, conversation: wa::Conversation) -> Vec<IncomingMessage> {
    let jid = conversation.id;
    let name = conversation
        .name
        .or(conversation.display_name)
        .filter(|name| !name.is_empty());
    let messages = conversation
        .messages
        .iter()
        .filter_map(|entry| message(entry.message.as_option()?))
        .collect();
    let person = jid
        .parse::<Jid>()
        .is_ok_and(|jid| jid.is_pn() || jid.is_lid());
    if name.is_some() || person {
        let alt = match jid.ends_with("@lid") {
            true => conversation.pn_jid,
            false => conversation.lid_jid,
        };
        if name.is_some() || alt.is_some() {
            chunk.contacts.push(ContactNews {
                jid: jid.clone(),
                alt: alt.filter(|alt| !alt.is_empty()),
                name: name.clone(),
                picture_url: None,
                removed: false,
                source: WhoKnows::AddressBook,
            });
        }
    }
    let marked = conversation.marked_as_unread.unwrap_or(false);
    chunk.chats.push(HistoryChat {
        jid,
        name,
        unread: conversation
            .unread_count
            .map(|count| if marked { count.max(1) } else { count }),
        archived: conversation.archived.unwrap_or(false),
        pinned: conversation.pinned.is_some_and(|since| since > 0),
        muted_until: conversation
            .mute_end_time
            .filter(|until| *until > 0)
            .map(u64::cast_signed),
    });
    messages
}

fn push_name(entry: wa::Pushname) -> Option<ContactNews> {
    Some(ContactNews {
        jid: entry.id.filter(|id| !id.is_empty())?,
        alt: None,
        name: Some(
            entry
                .pushname
                .filter(|name| !name.is_empty() && name != "-")?,
        ),
        picture_url: None,
        removed: false,
        source: WhoKnows::Themselves,
    })
}

/// A message of the past; `None` for what has no content, such as "the group was made".
fn message(info: &wa::WebMessageInfo) -> Option<IncomingMessage> {
    let content = info.message.as_option()?;
    if content.protocol_message.is_set() || waproto::codec::message_encoded_len(content) == 0 {
        return None;
    }
    let named = info.key.as_option()?;
    let id = named.id.clone().filter(|id| !id.is_empty())?;
    let from_me = named.from_me.unwrap_or(false);
    let mut key = MessageKey::new(id, named.remote_jid.clone()?, from_me);
    key.participant = [&named.participant, &info.participant]
        .into_iter()
        .find_map(|participant| participant.clone().filter(|jid| !jid.is_empty()));
    let content = Content::of(content);
    Some(IncomingMessage {
        push_name: info.push_name.clone().filter(|name| !name.is_empty()),
        message_type: Some(content.message_type),
        context_info: content.context_info,
        timestamp: info
            .message_timestamp
            .and_then(|seconds| i64::try_from(seconds).ok()),
        source: key::source(&key.id),
        status: status(info.status, from_me),
        ..IncomingMessage::new(key, content.message)
    })
}

fn status(status: Option<Status>, from_me: bool) -> Option<MessageStatus> {
    Some(match status {
        Some(Status::ERROR) => MessageStatus::Error,
        Some(Status::PENDING) => MessageStatus::Pending,
        Some(Status::SERVER_ACK) => MessageStatus::ServerAck,
        Some(Status::DELIVERY_ACK) => MessageStatus::DeliveryAck,
        Some(Status::READ) => MessageStatus::Read,
        Some(Status::PLAYED) => MessageStatus::Played,
        None if from_me => return None,
        None => MessageStatus::DeliveryAck,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use waproto::buffa::MessageField;

    use super::*;

    fn old(id: &str, text: &str) -> wa::HistorySyncMsg {
        wa::HistorySyncMsg {
            message: MessageField::some(wa::WebMessageInfo {
                key: MessageField::some(wa::MessageKey {
                    remote_jid: Some("5511900000004@s.whatsapp.net".to_owned()),
                    from_me: Some(false),
                    id: Some(id.to_owned()),
                    ..Default::default()
                }),
                message: MessageField::some(wa::Message {
                    conversation: Some(text.to_owned()),
                    ..Default::default()
                }),
                message_timestamp: Some(1_795_390_844),
                status: Some(Status::READ),
                push_name: Some("Dave".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// zlib with stored blocks only: enough to be read.
    fn packed(sync: &wa::HistorySync) -> LazyHistorySync {
        let raw = waproto::codec::history_sync_to_vec(sync);
        let mut out = vec![0x78, 0x01];
        let mut blocks = raw.chunks(0xffff).peekable();
        while let Some(block) = blocks.next() {
            let length = u16::try_from(block.len()).expect("a block is short");
            out.push(u8::from(blocks.peek().is_none()));
            out.extend(length.to_le_bytes());
            out.extend((!length).to_le_bytes());
            out.extend(block);
        }
        let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        out.extend((b << 16 | a).to_be_bytes());
        LazyHistorySync::new(
            out.into(),
            raw.len(),
            sync.sync_type as i32,
            Some(1),
            Some(50),
        )
    }

    #[test]
    fn a_long_chat_comes_in_slices() {
        let sync = wa::HistorySync {
            sync_type: HistorySyncType::RECENT,
            conversations: vec![
                wa::Conversation {
                    id: "5511900000004@s.whatsapp.net".to_owned(),
                    name: Some("Dave of old".to_owned()),
                    lid_jid: Some("108205380617686@lid".to_owned()),
                    unread_count: Some(2),
                    archived: Some(true),
                    messages: (0..600).map(|n| old(&format!("M{n}"), "text")).collect(),
                    ..Default::default()
                },
                wa::Conversation {
                    id: "5511900000005@s.whatsapp.net".to_owned(),
                    ..Default::default()
                },
            ],
            pushnames: vec![wa::Pushname {
                id: Some("5511900000006@s.whatsapp.net".to_owned()),
                pushname: Some("Eve".to_owned()),
            }],
            ..Default::default()
        };
        let mut slices = Vec::new();
        Slices::new(&packed(&sync)).each(|slice| {
            slices.push(slice);
            true
        });
        let lengths: Vec<_> = slices.iter().map(|slice| slice.messages.len()).collect();
        assert_eq!(lengths, [250, 250, 100]);
        assert!(slices.iter().all(|slice| slice.kind == HistoryKind::Recent));
        let chats: Vec<_> = slices.iter().flat_map(|slice| &slice.chats).collect();
        assert_eq!(chats.len(), 2);
        assert_eq!((chats[0].unread, chats[0].archived), (Some(2), true));
        let names: Vec<_> = slices
            .iter()
            .flat_map(|slice| &slice.contacts)
            .map(|contact| (contact.name.as_deref(), contact.source))
            .collect();
        assert_eq!(
            names,
            [
                (Some("Dave of old"), WhoKnows::AddressBook),
                (Some("Eve"), WhoKnows::Themselves),
            ]
        );
        let first = &slices[0].messages[0];
        assert_eq!(
            serde_json::to_value(&first.key).expect("JSON"),
            json!({"id": "M0", "fromMe": false, "remoteJid": "5511900000004@s.whatsapp.net"})
        );
        assert_eq!(first.status, Some(MessageStatus::Read));
        assert_eq!(first.timestamp, Some(1_795_390_844));
        assert_eq!(first.push_name.as_deref(), Some("Dave"));
    }

    #[test]
    fn reading_can_stop() {
        let sync = wa::HistorySync {
            sync_type: HistorySyncType::FULL,
            conversations: vec![wa::Conversation {
                id: "5511900000004@s.whatsapp.net".to_owned(),
                messages: (0..600).map(|n| old(&format!("M{n}"), "text")).collect(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut count = 0;
        Slices::new(&packed(&sync)).each(|_| {
            count += 1;
            false
        });
        assert_eq!(count, 1);
    }

    #[test]
    fn what_has_no_content_is_left_out() {
        let mut stub = old("A", "x").message.into_option().expect("it is there");
        stub.message = MessageField::none();
        assert!(message(&stub).is_none());
        stub.message = MessageField::some(wa::Message::default());
        assert!(message(&stub).is_none());
    }

    #[test]
    fn a_status_is_kept_and_else_guessed() {
        assert_eq!(status(None, false), Some(MessageStatus::DeliveryAck));
        assert_eq!(status(None, true), None);
        assert_eq!(
            status(Some(Status::PLAYED), true),
            Some(MessageStatus::Played)
        );
    }
}
