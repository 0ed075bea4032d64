//! The names of events.

use std::fmt;

/// Everything that can be told. A closed set: match it without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// The server started.
    ApplicationStartup,
    /// An instance was created.
    InstanceCreate,
    /// An instance is about to be deleted.
    InstanceDelete,
    /// A new QR code.
    QrcodeUpdated,
    /// The connection's state changed.
    ConnectionUpdate,
    /// The instance's final disconnection.
    StatusInstance,
    /// The instance was removed.
    RemoveInstance,
    /// The account was logged out.
    LogoutInstance,
    /// Messages of the history.
    MessagesSet,
    /// A message came in.
    MessagesUpsert,
    /// A message was edited by its sender.
    MessagesEdited,
    /// A message's status changed.
    MessagesUpdate,
    /// A message was deleted.
    MessagesDelete,
    /// A message was sent through the API.
    SendMessage,
    /// A message was edited through the API.
    SendMessageUpdate,
    /// Contacts of the history.
    ContactsSet,
    /// New contacts.
    ContactsUpsert,
    /// Changed contacts.
    ContactsUpdate,
    /// Somebody types, records, or comes online. Volatile.
    PresenceUpdate,
    /// Chats of the history.
    ChatsSet,
    /// New chats.
    ChatsUpsert,
    /// Changed chats.
    ChatsUpdate,
    /// Deleted chats.
    ChatsDelete,
    /// New groups.
    GroupsUpsert,
    /// Changed groups.
    GroupsUpdate,
    /// Members joined, left, rose or fell.
    GroupParticipantsUpdate,
    /// A label changed.
    LabelsEdit,
    /// A label was put on a chat or taken off.
    LabelsAssociation,
    /// Somebody calls.
    Call,
    /// A Typebot session was asked for.
    TypebotStart,
    /// A Typebot session changed state.
    TypebotChangeStatus,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 31] = [
        Self::ApplicationStartup,
        Self::QrcodeUpdated,
        Self::MessagesSet,
        Self::MessagesUpsert,
        Self::MessagesEdited,
        Self::MessagesUpdate,
        Self::MessagesDelete,
        Self::SendMessage,
        Self::SendMessageUpdate,
        Self::ContactsSet,
        Self::ContactsUpsert,
        Self::ContactsUpdate,
        Self::PresenceUpdate,
        Self::ChatsSet,
        Self::ChatsUpsert,
        Self::ChatsUpdate,
        Self::ChatsDelete,
        Self::GroupsUpsert,
        Self::GroupsUpdate,
        Self::GroupParticipantsUpdate,
        Self::ConnectionUpdate,
        Self::LabelsEdit,
        Self::LabelsAssociation,
        Self::Call,
        Self::TypebotStart,
        Self::TypebotChangeStatus,
        Self::RemoveInstance,
        Self::LogoutInstance,
        Self::InstanceCreate,
        Self::InstanceDelete,
        Self::StatusInstance,
    ];

    /// The names that `set` accepts and stores for "all", in the original's order. `GROUP_UPDATE` is its spelling of
    /// [`EventKind::GroupsUpdate`]; `GROUPS_UPDATE` is accepted too.
    pub const SUBSCRIBABLE: [&'static str; 31] = [
        "APPLICATION_STARTUP",
        "QRCODE_UPDATED",
        "MESSAGES_SET",
        "MESSAGES_UPSERT",
        "MESSAGES_EDITED",
        "MESSAGES_UPDATE",
        "MESSAGES_DELETE",
        "SEND_MESSAGE",
        "SEND_MESSAGE_UPDATE",
        "CONTACTS_SET",
        "CONTACTS_UPSERT",
        "CONTACTS_UPDATE",
        "PRESENCE_UPDATE",
        "CHATS_SET",
        "CHATS_UPSERT",
        "CHATS_UPDATE",
        "CHATS_DELETE",
        "GROUPS_UPSERT",
        "GROUP_UPDATE",
        "GROUP_PARTICIPANTS_UPDATE",
        "CONNECTION_UPDATE",
        "LABELS_EDIT",
        "LABELS_ASSOCIATION",
        "CALL",
        "TYPEBOT_START",
        "TYPEBOT_CHANGE_STATUS",
        "REMOVE_INSTANCE",
        "LOGOUT_INSTANCE",
        "INSTANCE_CREATE",
        "INSTANCE_DELETE",
        "STATUS_INSTANCE",
    ];

    /// The name on the wire, such as `messages.upsert`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationStartup => "application.startup",
            Self::InstanceCreate => "instance.create",
            Self::InstanceDelete => "instance.delete",
            Self::QrcodeUpdated => "qrcode.updated",
            Self::ConnectionUpdate => "connection.update",
            Self::StatusInstance => "status.instance",
            Self::RemoveInstance => "remove.instance",
            Self::LogoutInstance => "logout.instance",
            Self::MessagesSet => "messages.set",
            Self::MessagesUpsert => "messages.upsert",
            Self::MessagesEdited => "messages.edited",
            Self::MessagesUpdate => "messages.update",
            Self::MessagesDelete => "messages.delete",
            Self::SendMessage => "send.message",
            Self::SendMessageUpdate => "send.message.update",
            Self::ContactsSet => "contacts.set",
            Self::ContactsUpsert => "contacts.upsert",
            Self::ContactsUpdate => "contacts.update",
            Self::PresenceUpdate => "presence.update",
            Self::ChatsSet => "chats.set",
            Self::ChatsUpsert => "chats.upsert",
            Self::ChatsUpdate => "chats.update",
            Self::ChatsDelete => "chats.delete",
            Self::GroupsUpsert => "groups.upsert",
            Self::GroupsUpdate => "groups.update",
            Self::GroupParticipantsUpdate => "group-participants.update",
            Self::LabelsEdit => "labels.edit",
            Self::LabelsAssociation => "labels.association",
            Self::Call => "call",
            Self::TypebotStart => "typebot.start",
            Self::TypebotChangeStatus => "typebot.change-status",
        }
    }

    /// The subscription name: the wire name in upper case, `.` and `-` as `_`.
    #[must_use]
    pub fn upper(self) -> String {
        self.as_str().replace(['.', '-'], "_").to_uppercase()
    }

    /// The suffix of by-event webhook URLs, such as `messages-upsert`.
    #[must_use]
    pub fn kebab(self) -> String {
        self.as_str().replace('.', "-")
    }

    /// The kind of a subscription name, in any of its spellings.
    #[must_use]
    pub fn parse_upper(text: &str) -> Option<Self> {
        if text == "GROUP_UPDATE" {
            return Some(Self::GroupsUpdate);
        }
        Self::ALL
            .into_iter()
            .find(|kind| same_name(kind.as_str(), text))
    }

    /// The kind of a wire name, dotted or upper.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .or_else(|| Self::parse_upper(text))
    }

    /// Whether the event is not worth keeping: live receivers only, unless a durable sink subscribed to it.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::PresenceUpdate)
    }
}

/// Compares a wire name with an upper name without allocating.
fn same_name(dotted: &str, upper: &str) -> bool {
    dotted.len() == upper.len()
        && dotted
            .bytes()
            .zip(upper.bytes())
            .all(|(dotted, upper)| match dotted {
                b'.' | b'-' => upper == b'_',
                letter => upper == letter.to_ascii_uppercase(),
            })
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(EventKind::parse_upper(&kind.upper()), Some(kind));
        }
        for name in EventKind::SUBSCRIBABLE {
            assert!(EventKind::parse_upper(name).is_some(), "{name}");
        }
        assert_eq!(EventKind::parse_upper("NOPE"), None);
        assert_eq!(
            EventKind::TypebotChangeStatus.kebab(),
            "typebot-change-status"
        );
    }
}
