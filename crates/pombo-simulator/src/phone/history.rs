//! History for a new companion: what the phone shows, in blobs that are compressed, encrypted and put into the media store.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;
use waproto::whatsapp::history_sync::HistorySyncType;

use super::content;
use super::media::{self, FileKind, UploadedFile};
use super::view::secrets::Addresses;
use super::view::{Chat, Contact, MessageStatus, ShownMessage, View};
use crate::network::Network;

/// How much of its past a phone gives to a new companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistorySettings {
    /// Newest messages of each chat in the first blob.
    pub initial_messages: usize,
    /// Messages of each chat before those, in the blobs that follow.
    pub recent_messages: usize,
    /// Chats in one blob.
    pub chats_per_blob: usize,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            initial_messages: 25,
            recent_messages: 500,
            chats_per_blob: 200,
        }
    }
}

/// One blob, and what its announcement says.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) kind: HistorySyncType,
    pub(crate) content: wa::HistorySync,
}

/// The account that the history is of.
pub(crate) struct Owner<'a> {
    pub(crate) addresses: &'a Addresses,
    pub(crate) nct_salt: Option<Vec<u8>>,
    /// Phone-number address to LID, of everybody who is known.
    pub(crate) lids: Vec<(String, String)>,
    /// Phone-number address and name.
    pub(crate) names: Vec<(String, String)>,
}

/// Everything for a new companion, in the order in which it is announced.
pub(crate) fn blobs(view: &View, settings: HistorySettings, owner: &Owner<'_>) -> Vec<Blob> {
    let chats: Vec<&Chat> = view
        .chats
        .values()
        .filter(|chat| chat.jid != "status@broadcast")
        .collect();
    let mut blobs = Vec::new();
    let per_blob = settings.chats_per_blob.max(1);
    let parts: Vec<&[&Chat]> = if chats.is_empty() {
        vec![&[]]
    } else {
        chats.chunks(per_blob).collect()
    };
    for (index, part) in parts.iter().enumerate() {
        let conversations = part.iter().map(|chat| {
            let from = chat
                .messages
                .len()
                .saturating_sub(settings.initial_messages);
            conversation(view, chat, &chat.messages[from..], owner)
        });
        let mut content = blob(HistorySyncType::INITIAL_BOOTSTRAP, index, parts.len());
        content.conversations = conversations.collect();
        if index == 0 {
            content.nct_salt = owner.nct_salt.clone();
            content.phone_number_to_lid_mappings = owner
                .lids
                .iter()
                .map(|(pn, lid)| wa::PhoneNumberToLIDMapping {
                    pn_jid: Some(pn.clone()),
                    lid_jid: Some(lid.clone()),
                })
                .collect();
            content.status_v3_messages = view
                .chats
                .get("status@broadcast")
                .into_iter()
                .flat_map(|chat| &chat.messages)
                .map(|message| web_message(message, owner))
                .collect();
        }
        blobs.push(Blob {
            kind: HistorySyncType::INITIAL_BOOTSTRAP,
            content,
        });
    }
    let mut names = blob(HistorySyncType::PUSH_NAME, 0, 1);
    names.pushnames = owner
        .names
        .iter()
        .map(|(id, name)| wa::Pushname {
            id: Some(id.clone()),
            pushname: Some(name.clone()),
        })
        .collect();
    if !names.pushnames.is_empty() {
        blobs.push(Blob {
            kind: HistorySyncType::PUSH_NAME,
            content: names,
        });
    }
    let older: Vec<(&Chat, &[ShownMessage])> = chats
        .iter()
        .filter_map(|chat| {
            let until = chat
                .messages
                .len()
                .saturating_sub(settings.initial_messages);
            let from = until.saturating_sub(settings.recent_messages);
            let part = &chat.messages[from..until];
            (!part.is_empty()).then_some((*chat, part))
        })
        .collect();
    let parts: Vec<_> = older.chunks(per_blob).collect();
    for (index, part) in parts.iter().enumerate() {
        let mut content = blob(HistorySyncType::RECENT, index, parts.len());
        content.conversations = part
            .iter()
            .map(|(chat, messages)| conversation(view, chat, messages, owner))
            .collect();
        blobs.push(Blob {
            kind: HistorySyncType::RECENT,
            content,
        });
    }
    blobs
}

/// Messages of a chat before a certain one, as a companion asked for: at most `count`, newest first in time order.
pub(crate) fn before(
    view: &View,
    chat: &str,
    oldest_id: &str,
    count: usize,
    owner: &Owner<'_>,
) -> Blob {
    let mut content = blob(HistorySyncType::ON_DEMAND, 0, 1);
    if let Some(chat) = view.chats.get(chat) {
        let until = chat
            .messages
            .iter()
            .position(|message| message.id == oldest_id)
            .unwrap_or(chat.messages.len());
        let from = until.saturating_sub(count);
        let mut conversation = conversation(view, chat, &chat.messages[from..until], owner);
        use wa::conversation::EndOfHistoryTransferType as End;
        conversation.end_of_history_transfer_type = Some(if from == 0 {
            End::COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
        } else {
            End::COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY
        });
        content.conversations.push(conversation);
    }
    Blob {
        kind: HistorySyncType::ON_DEMAND,
        content,
    }
}

fn blob(kind: HistorySyncType, index: usize, of: usize) -> wa::HistorySync {
    let number = index + 1;
    wa::HistorySync {
        sync_type: kind,
        chunk_order: u32::try_from(number).ok(),
        progress: u32::try_from(100 * number / of.max(1)).ok(),
        ..Default::default()
    }
}

fn conversation(
    view: &View,
    chat: &Chat,
    messages: &[ShownMessage],
    owner: &Owner<'_>,
) -> wa::Conversation {
    let last = chat.messages.last().map(|message| message.timestamp);
    let lid = owner.lids.iter().find(|(pn, _)| *pn == chat.jid);
    let name = view
        .contacts
        .get(&chat.jid)
        .map(|contact| contact.full_name.clone())
        .or_else(|| {
            let known = owner.names.iter().find(|(jid, _)| *jid == chat.jid);
            known.map(|(_, name)| name.clone())
        });
    // Newest first, as phones send them.
    let messages = messages.iter().rev().enumerate();
    wa::Conversation {
        id: chat.jid.clone(),
        messages: messages
            .map(|(order, message)| wa::HistorySyncMsg {
                message: web_message(message, owner).into(),
                msg_order_id: u64::try_from(order).ok(),
            })
            .collect(),
        last_msg_timestamp: last,
        conversation_timestamp: last,
        unread_count: Some(chat.unread),
        marked_as_unread: Some(chat.marked_unread),
        archived: Some(chat.archived),
        pinned: chat.pinned.then_some(1),
        mute_end_time: chat.muted_until.and_then(|until| u64::try_from(until).ok()),
        ephemeral_expiration: chat.expiration,
        lid_jid: lid.map(|(_, lid)| lid.clone()),
        pn_jid: lid.map(|(pn, _)| pn.clone()),
        end_of_history_transfer: Some(true),
        name,
        ..Default::default()
    }
}

/// A message as history, and answers to requests for it, carry it.
pub(crate) fn web_message(message: &ShownMessage, owner: &Owner<'_>) -> wa::WebMessageInfo {
    use wa::web_message_info::Status;
    let in_group = !message.chat.ends_with("@s.whatsapp.net");
    let participant = (in_group && !message.from_me).then(|| message.sender.clone());
    let status = match message.status {
        MessageStatus::Failed => Status::ERROR,
        MessageStatus::Pending => Status::PENDING,
        MessageStatus::Sent => Status::SERVER_ACK,
        MessageStatus::Delivered => Status::DELIVERY_ACK,
        MessageStatus::Read => Status::READ,
        MessageStatus::Played => Status::PLAYED,
    };
    let own = &owner.addresses.pn;
    let reactions = message.reactions.iter().map(|(by, reaction)| wa::Reaction {
        key: wa::MessageKey {
            remote_jid: Some(message.chat.clone()),
            from_me: Some(by == own),
            id: Some(reaction.id.clone()),
            participant: in_group.then(|| by.clone()),
        }
        .into(),
        text: Some(reaction.text.clone()),
        ..Default::default()
    });
    let is_deleted = message.deleted;
    wa::WebMessageInfo {
        key: message.key(&message.chat).into(),
        message: (!is_deleted).then(|| message.content.clone()).into(),
        message_timestamp: Some(message.timestamp),
        status: Some(status),
        participant,
        push_name: (!message.from_me).then(|| message.name.clone()),
        starred: Some(message.starred),
        reactions: reactions.collect(),
        message_stub_type: is_deleted.then_some(wa::web_message_info::StubType::REVOKE),
        message_secret: message.secret().map(<[u8]>::to_vec),
        ..Default::default()
    }
}

/// Compresses, encrypts and stores a blob.
pub(crate) fn upload(network: &Network, random: &mut StdRng, blob: &Blob) -> UploadedFile {
    let mut compressed = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = compressed.write_all(&blob.content.encode_to_vec());
    written.expect("writing to memory cannot fail");
    let compressed = compressed.finish().expect("writing to memory cannot fail");
    media::upload(network, random, FileKind::History, &compressed)
}

/// The announcement of a stored blob.
pub(crate) fn announcement(
    blob: &Blob,
    file: UploadedFile,
    session: Option<String>,
) -> wa::message::HistorySyncNotification {
    use wa::message::HistorySyncType as Announced;
    wa::message::HistorySyncNotification {
        file_sha256: Some(file.file_sha256),
        file_length: Some(file.file_length),
        media_key: Some(file.media_key),
        file_enc_sha256: Some(file.file_enc_sha256),
        direct_path: Some(file.direct_path),
        sync_type: Some(match blob.kind {
            HistorySyncType::INITIAL_BOOTSTRAP => Announced::INITIAL_BOOTSTRAP,
            HistorySyncType::PUSH_NAME => Announced::PUSH_NAME,
            HistorySyncType::ON_DEMAND => Announced::ON_DEMAND,
            _ => Announced::RECENT,
        }),
        chunk_order: blob.content.chunk_order,
        progress: blob.content.progress,
        peer_data_request_session_id: session,
        ..Default::default()
    }
}

/// A past, invented: so many chats with so many messages each, and so many people in the address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InventedPast {
    /// Chats with one person each.
    pub chats: usize,
    /// Messages in each of them.
    pub messages: usize,
    /// People in the address book; the first of them are those of the chats.
    pub contacts: usize,
}

/// Fills the screen with an invented past that ends at `now` (seconds). The numbers are of nobody: 5500 and eight digits.
pub(crate) fn invent(
    view: &mut View,
    past: InventedPast,
    own: &Addresses,
    now: u64,
    random: &mut StdRng,
) {
    const MINUTE: u64 = 60;
    for number in 0..past.chats.max(past.contacts) {
        let jid = format!("5500{number:08}@s.whatsapp.net");
        let lid = format!("2000000{number:08}@lid");
        let name = format!("Person {number}");
        if number < past.contacts {
            view.contacts.insert(
                jid.clone(),
                Contact {
                    full_name: name.clone(),
                    first_name: format!("P{number}"),
                },
            );
        }
        if number >= past.chats {
            continue;
        }
        let chat = view.chat_mut(&jid);
        for index in 0..past.messages {
            let from_me = random.random_range(0..3) == 0;
            let sender = if from_me {
                own.clone()
            } else {
                Addresses {
                    pn: jid.clone(),
                    lid: lid.clone(),
                }
            };
            let ago = (past.messages - index) as u64 * MINUTE;
            chat.messages.push(ShownMessage {
                id: format!("3A{:018X}", random.random::<u64>()),
                chat: jid.clone(),
                from_me,
                sender: sender.pn,
                sender_lid: sender.lid,
                device: 0,
                name: name.clone(),
                timestamp: now.saturating_sub(ago),
                content: content::text(&format!("message {index} of chat {number}")),
                previous_texts: Vec::new(),
                deleted: false,
                status: MessageStatus::Read,
                receipts: Default::default(),
                reactions: Default::default(),
                votes: Default::default(),
                responses: Default::default(),
                comments: Default::default(),
                pinned: false,
                kept: false,
                starred: false,
                has_biz_node: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn own() -> Addresses {
        Addresses {
            pn: "5511900000001@s.whatsapp.net".to_owned(),
            lid: "100000000000001@lid".to_owned(),
        }
    }

    fn past(chats: usize, messages: usize) -> View {
        let mut view = View::default();
        let past = InventedPast {
            chats,
            messages,
            contacts: chats + 2,
        };
        invent(
            &mut view,
            past,
            &own(),
            1_700_000_000,
            &mut StdRng::seed_from_u64(1),
        );
        view
    }

    fn owner(addresses: &Addresses) -> Owner<'_> {
        Owner {
            addresses,
            nct_salt: Some(vec![1; 32]),
            lids: Vec::new(),
            names: vec![("5500@s.whatsapp.net".to_owned(), "Somebody".to_owned())],
        }
    }

    #[test]
    fn the_newest_messages_come_first_and_the_others_in_later_blobs() {
        let own = own();
        let settings = HistorySettings {
            initial_messages: 2,
            recent_messages: 2,
            chats_per_blob: 2,
        };
        let view = past(3, 5);
        assert_eq!(view.contacts.len(), 5);
        let blobs = blobs(&view, settings, &owner(&own));
        let kinds: Vec<_> = blobs.iter().map(|blob| blob.kind).collect();
        use HistorySyncType as Kind;
        assert_eq!(
            kinds,
            [
                Kind::INITIAL_BOOTSTRAP,
                Kind::INITIAL_BOOTSTRAP,
                Kind::PUSH_NAME,
                Kind::RECENT,
                Kind::RECENT
            ]
        );
        let texts = |blob: &Blob| -> Vec<String> {
            let chat = &blob.content.conversations[0];
            let messages = chat
                .messages
                .iter()
                .filter_map(|message| message.message.as_option());
            messages
                .filter_map(|message| message.message.conversation.clone())
                .collect()
        };
        assert_eq!(
            texts(&blobs[0]),
            ["message 4 of chat 0", "message 3 of chat 0"]
        );
        assert_eq!(
            texts(&blobs[3]),
            ["message 2 of chat 0", "message 1 of chat 0"]
        );
        assert_eq!(blobs[1].content.progress, Some(100));
        assert_eq!(
            blobs[0].content.nct_salt.as_deref(),
            Some([1; 32].as_slice())
        );
    }

    #[test]
    fn a_phone_without_a_past_says_so_in_one_blob() {
        let own = own();
        let mut owner = owner(&own);
        owner.names.clear();
        let blobs = blobs(&View::default(), HistorySettings::default(), &owner);
        assert_eq!(blobs.len(), 1);
        assert!(blobs[0].content.conversations.is_empty());
    }

    #[test]
    fn what_was_asked_for_ends_before_the_message_that_was_named() {
        let own = own();
        let view = past(1, 6);
        let chat = view.chats.values().next().expect("a chat");
        let blob = before(&view, &chat.jid, &chat.messages[4].id, 3, &owner(&own));
        assert_eq!(blob.content.conversations[0].messages.len(), 3);
        let newest = blob.content.conversations[0].messages[0].message.clone();
        assert_eq!(
            newest.message.conversation.as_deref(),
            Some("message 3 of chat 0")
        );
    }
}
