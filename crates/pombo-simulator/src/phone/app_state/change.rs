//! What can be changed in an account's shared settings, and how each change is written.

use wacore_appstate::schemas::{self, Schema};
use waproto::whatsapp as wa;
use waproto::whatsapp::sync_action_value as action;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

/// One change of an account's shared settings. Addresses are by phone number, or of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The account's name.
    PushName(String),
    /// Somebody is in the address book, with this name.
    Contact {
        /// Phone-number address.
        jid: String,
        /// LID.
        lid: Option<String>,
        /// The full name.
        full_name: String,
        /// The first name.
        first_name: String,
    },
    /// Somebody is not in the address book any more.
    RemoveContact {
        /// Phone-number address.
        jid: String,
    },
    /// A label is there, or is not any more.
    Label {
        /// Its number.
        id: String,
        /// What it says.
        name: String,
        /// Number of its colour.
        color: i32,
        /// It was deleted.
        deleted: bool,
    },
    /// A chat has a label, or has it no longer.
    LabelChat {
        /// The label's number.
        id: String,
        /// The chat.
        jid: String,
        /// It has.
        labelled: bool,
    },
    /// Puts a chat away, or brings it back.
    Archive {
        /// The chat.
        jid: String,
        /// Away.
        archived: bool,
        /// Up to where.
        range: Range,
    },
    /// Keeps a chat on top.
    Pin {
        /// The chat.
        jid: String,
        /// On top.
        pinned: bool,
    },
    /// Silences a chat until then (milliseconds, -1: for ever), or no longer.
    Mute {
        /// The chat.
        jid: String,
        /// Until when.
        until: Option<i64>,
    },
    /// Marks a message with a star.
    Star {
        /// The message.
        message: Message,
        /// With a star.
        starred: bool,
    },
    /// Marks a chat as read or unread.
    MarkChatAsRead {
        /// The chat.
        jid: String,
        /// Read.
        read: bool,
        /// Up to where.
        range: Range,
    },
    /// Deletes a chat on all devices of the account.
    DeleteChat {
        /// The chat.
        jid: String,
        /// Up to where.
        range: Range,
    },
    /// Empties a chat on all devices of the account.
    ClearChat {
        /// The chat.
        jid: String,
        /// Up to where.
        range: Range,
    },
    /// Deletes one message on all devices of the account.
    DeleteForMe {
        /// The message.
        message: Message,
        /// When it came (seconds).
        timestamp: i64,
    },
    /// What tokens for strangers are made with.
    NctSalt(Vec<u8>),
    /// Hides somebody's status.
    MuteStatus {
        /// Who.
        jid: String,
        /// Hidden.
        muted: bool,
    },
}

/// A message as settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The chat.
    pub chat: String,
    /// Its id.
    pub id: String,
    /// Sent by the account itself.
    pub from_me: bool,
    /// Who sent it, in a group.
    pub participant: Option<String>,
}

/// The messages of a chat up to which something holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Range {
    /// When the last one came (seconds).
    pub last: Option<i64>,
    /// The last messages: key and time (seconds).
    pub messages: Vec<(wa::MessageKey, i64)>,
}

/// A change as it is written into a patch.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) collection: &'static str,
    pub(crate) version: i32,
    pub(crate) operation: SyncdOperation,
    pub(crate) index: Vec<String>,
    pub(crate) value: wa::SyncActionValue,
}

impl Change {
    pub(crate) fn encode(&self) -> Encoded {
        match self {
            Self::PushName(name) => set(&schemas::SETTING_PUSH_NAME, [], |value| {
                value.push_name_setting = action::PushNameSetting {
                    name: Some(name.clone()),
                }
                .into();
            }),
            Self::Contact {
                jid,
                lid,
                full_name,
                first_name,
            } => set(&schemas::CONTACT, [jid.as_str()], |value| {
                value.contact_action = action::ContactAction {
                    full_name: Some(full_name.clone()),
                    first_name: Some(first_name.clone()),
                    lid_jid: lid.clone(),
                    pn_jid: Some(jid.clone()),
                    save_on_primary_addressbook: Some(true),
                    ..Default::default()
                }
                .into();
            }),
            Self::RemoveContact { jid } => {
                let mut removed = set(&schemas::CONTACT, [jid.as_str()], |_| {});
                removed.operation = SyncdOperation::REMOVE;
                removed
            }
            Self::Label {
                id,
                name,
                color,
                deleted,
            } => set(&schemas::LABEL_EDIT, [id.as_str()], |value| {
                value.label_edit_action = action::LabelEditAction {
                    name: Some(name.clone()),
                    color: Some(*color),
                    deleted: Some(*deleted),
                    ..Default::default()
                }
                .into();
            }),
            Self::LabelChat { id, jid, labelled } => {
                set(&schemas::LABEL_JID, [id.as_str(), jid], |value| {
                    value.label_association_action = action::LabelAssociationAction {
                        labeled: Some(*labelled),
                        ..Default::default()
                    }
                    .into();
                })
            }
            Self::Archive {
                jid,
                archived,
                range,
            } => set(&schemas::ARCHIVE, [jid.as_str()], |value| {
                value.archive_chat_action = action::ArchiveChatAction {
                    archived: Some(*archived),
                    message_range: range.encode().into(),
                }
                .into();
            }),
            Self::Pin { jid, pinned } => set(&schemas::PIN, [jid.as_str()], |value| {
                value.pin_action = action::PinAction {
                    pinned: Some(*pinned),
                }
                .into();
            }),
            Self::Mute { jid, until } => set(&schemas::MUTE, [jid.as_str()], |value| {
                value.mute_action = action::MuteAction {
                    muted: Some(until.is_some()),
                    mute_end_timestamp: *until,
                    ..Default::default()
                }
                .into();
            }),
            Self::Star { message, starred } => set_for(&schemas::STAR, message.index(), |value| {
                value.star_action = action::StarAction {
                    starred: Some(*starred),
                }
                .into();
            }),
            Self::MarkChatAsRead { jid, read, range } => {
                set(&schemas::MARK_CHAT_AS_READ, [jid.as_str()], |value| {
                    value.mark_chat_as_read_action = action::MarkChatAsReadAction {
                        read: Some(*read),
                        message_range: range.encode().into(),
                    }
                    .into();
                })
            }
            Self::DeleteChat { jid, range } => {
                set(&schemas::DELETE_CHAT, [jid.as_str(), "1"], |value| {
                    value.delete_chat_action = action::DeleteChatAction {
                        message_range: range.encode().into(),
                    }
                    .into();
                })
            }
            Self::ClearChat { jid, range } => {
                set(&schemas::CLEAR_CHAT, [jid.as_str(), "1", "0"], |value| {
                    value.clear_chat_action = action::ClearChatAction {
                        message_range: range.encode().into(),
                    }
                    .into();
                })
            }
            Self::DeleteForMe { message, timestamp } => {
                set_for(&schemas::DELETE_MESSAGE_FOR_ME, message.index(), |value| {
                    value.delete_message_for_me_action = action::DeleteMessageForMeAction {
                        delete_media: Some(true),
                        message_timestamp: Some(*timestamp),
                    }
                    .into();
                })
            }
            Self::NctSalt(salt) => set(&schemas::NCT_SALT_SYNC, [], |value| {
                value.nct_salt_sync_action = action::NctSaltSyncAction {
                    salt: Some(salt.clone()),
                }
                .into();
            }),
            Self::MuteStatus { jid, muted } => {
                set(&schemas::USER_STATUS_MUTE, [jid.as_str()], |value| {
                    value.user_status_mute_action = action::UserStatusMuteAction {
                        muted: Some(*muted),
                    }
                    .into();
                })
            }
        }
    }
}

impl Message {
    fn index(&self) -> Vec<String> {
        let flag = if self.from_me { "1" } else { "0" };
        let participant = self.participant.clone().filter(|_| !self.from_me);
        vec![
            self.chat.clone(),
            self.id.clone(),
            flag.to_owned(),
            participant.unwrap_or_else(|| "0".to_owned()),
        ]
    }
}

impl Range {
    fn encode(&self) -> action::SyncActionMessageRange {
        let messages = self
            .messages
            .iter()
            .map(|(key, timestamp)| action::SyncActionMessage {
                key: key.clone().into(),
                timestamp: Some(*timestamp),
            });
        action::SyncActionMessageRange {
            last_message_timestamp: self.last,
            messages: messages.collect(),
            ..Default::default()
        }
    }
}

fn set<const N: usize>(
    schema: &'static Schema,
    index: [&str; N],
    fill: impl FnOnce(&mut wa::SyncActionValue),
) -> Encoded {
    set_for(schema, index.map(str::to_owned).to_vec(), fill)
}

fn set_for(
    schema: &'static Schema,
    rest: Vec<String>,
    fill: impl FnOnce(&mut wa::SyncActionValue),
) -> Encoded {
    let mut value = wa::SyncActionValue::default();
    fill(&mut value);
    let mut index = vec![schema.name.to_owned()];
    index.extend(rest);
    Encoded {
        collection: schema.collection.as_str(),
        version: i32::try_from(schema.version).unwrap_or(1),
        operation: SyncdOperation::SET,
        index,
        value,
    }
}
