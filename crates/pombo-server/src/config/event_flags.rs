use std::collections::BTreeSet;

use super::{
    kind::Kind,
    variable::{Section, Status, Variable},
};

/// The events that a global transport sends, by the names of the original: `MESSAGES_UPSERT`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFlags(BTreeSet<&'static str>);

impl EventFlags {
    /// Whether the event is on. `GROUP_UPDATE` and `GROUPS_UPDATE` are one event.
    pub fn contains(&self, event: &str) -> bool {
        self.0.contains(if event == "GROUP_UPDATE" {
            "GROUPS_UPDATE"
        } else {
            event
        })
    }

    /// The events that are on, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().copied()
    }

    /// Whether no event is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<&'static str> for EventFlags {
    fn from_iter<I: IntoIterator<Item = &'static str>>(events: I) -> Self {
        Self(events.into_iter().collect())
    }
}

/// One boolean per event.
pub(super) struct FlagGroup {
    pub(super) prefix: &'static str,
    pub(super) variables: &'static [Variable],
}

macro_rules! flags {
    ($prefix:literal, $section:ident, $status:ident: $($event:literal)*) => {
        &FlagGroup {
            prefix: $prefix,
            variables: &[$(Variable {
                name: concat!($prefix, $event),
                kind: Kind::Boolean,
                default: "false",
                meaning: concat!("Send `", $event, "` events of all instances"),
                section: Section::$section,
                status: Status::$status,
            }),*],
        }
    };
    ($prefix:literal, $section:ident, $status:ident) => {
        flags!($prefix, $section, $status:
            "APPLICATION_STARTUP" "INSTANCE_CREATE" "INSTANCE_DELETE" "QRCODE_UPDATED"
            "MESSAGES_SET" "MESSAGES_UPSERT" "MESSAGES_EDITED" "MESSAGES_UPDATE" "MESSAGES_DELETE"
            "SEND_MESSAGE" "SEND_MESSAGE_UPDATE"
            "CONTACTS_SET" "CONTACTS_UPDATE" "CONTACTS_UPSERT" "PRESENCE_UPDATE"
            "CHATS_SET" "CHATS_UPDATE" "CHATS_UPSERT" "CHATS_DELETE"
            "CONNECTION_UPDATE" "LABELS_EDIT" "LABELS_ASSOCIATION"
            "GROUPS_UPSERT" "GROUPS_UPDATE" "GROUP_PARTICIPANTS_UPDATE"
            "CALL" "TYPEBOT_START" "TYPEBOT_CHANGE_STATUS")
    };
}

pub(super) const WEBHOOK: &FlagGroup = flags!("WEBHOOK_EVENTS_", Webhook, Used);
pub(super) const RABBITMQ: &FlagGroup = flags!("RABBITMQ_EVENTS_", Rabbitmq, Used);
pub(super) const NATS: &FlagGroup = flags!("NATS_EVENTS_", Nats, Used);
pub(super) const MQTT: &FlagGroup = flags!("POMBO_MQTT_EVENTS_", Mqtt, Used);
pub(super) const KAFKA: &FlagGroup = flags!("KAFKA_EVENTS_", Kafka, Used);
pub(super) const PUSHER: &FlagGroup = flags!("PUSHER_EVENTS_", Pusher, Used);
/// A list of its own: without three of the others, with two more.
pub(super) const SQS: &FlagGroup = flags!("SQS_GLOBAL_", Sqs, Used:
    "APPLICATION_STARTUP" "QRCODE_UPDATED"
    "MESSAGES_SET" "MESSAGES_UPSERT" "MESSAGES_EDITED" "MESSAGES_UPDATE" "MESSAGES_DELETE"
    "SEND_MESSAGE"
    "CONTACTS_SET" "CONTACTS_UPDATE" "CONTACTS_UPSERT" "PRESENCE_UPDATE"
    "CHATS_SET" "CHATS_UPDATE" "CHATS_UPSERT" "CHATS_DELETE"
    "CONNECTION_UPDATE" "LABELS_EDIT" "LABELS_ASSOCIATION"
    "GROUPS_UPSERT" "GROUPS_UPDATE" "GROUP_PARTICIPANTS_UPDATE"
    "CALL" "TYPEBOT_START" "TYPEBOT_CHANGE_STATUS" "LOGOUT_INSTANCE" "REMOVE_INSTANCE");

pub(super) const GROUPS: [&FlagGroup; 7] = [WEBHOOK, RABBITMQ, NATS, MQTT, KAFKA, SQS, PUSHER];
