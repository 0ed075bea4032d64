//! Which events one instance sends over one transport, with the transport's options.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::event::{EventKind, NewEvent};
use crate::filter::Filter;
use crate::id::{InstanceId, RowId};

/// A way out for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// One HTTP POST per event.
    Webhook,
    /// Socket.IO and the native WebSocket.
    Websocket,
    /// RabbitMQ.
    Rabbitmq,
    /// NATS.
    Nats,
    /// Pusher.
    Pusher,
    /// Amazon SQS.
    Sqs,
    /// Kafka.
    Kafka,
    /// MQTT; not known to the original.
    Mqtt,
}

impl TransportKind {
    /// Every transport.
    pub const ALL: [Self; 8] = [
        Self::Webhook,
        Self::Websocket,
        Self::Rabbitmq,
        Self::Nats,
        Self::Pusher,
        Self::Sqs,
        Self::Kafka,
        Self::Mqtt,
    ];

    /// Lower-case name, as in routes (`/webhook/set`) and request bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Websocket => "websocket",
            Self::Rabbitmq => "rabbitmq",
            Self::Nats => "nats",
            Self::Pusher => "pusher",
            Self::Sqs => "sqs",
            Self::Kafka => "kafka",
            Self::Mqtt => "mqtt",
        }
    }

    /// The transport of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The events of a subscription: an ordered list without repetition, in the `UPPER_SNAKE` spelling of clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventList(Vec<String>);

impl EventList {
    /// All 31 names that the original stores for "all".
    #[must_use]
    pub fn all() -> Self {
        Self(
            EventKind::SUBSCRIBABLE
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        )
    }

    /// The given names as they are, repetitions removed. Unknown names were refused at the border.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut list: Vec<String> = Vec::new();
        for name in names {
            if !list.contains(&name) {
                list.push(name);
            }
        }
        Self(list)
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether `kind` is in the list; `GROUP_UPDATE` and `GROUPS_UPDATE` are one.
    #[must_use]
    pub fn contains(&self, kind: EventKind) -> bool {
        self.0
            .iter()
            .any(|name| EventKind::parse_upper(name) == Some(kind))
    }
}

/// The shape of an envelope: the option `payload` of a durable subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// `v1`: as the original.
    V1,
    /// `v2`: with `id` and `seq`, and `data` in plain JSON.
    V2,
}

/// One stored subscription; at most one per instance and transport.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Row id.
    pub id: RowId,
    /// Whose events.
    pub instance_id: InstanceId,
    /// Over which transport.
    pub transport: TransportKind,
    /// Switched on.
    pub enabled: bool,
    /// Which events.
    pub events: EventList,
    /// The transport's own options, in the stored row's spelling: for webhook `url`, `headers`, `webhookByEvents`,
    /// `webhookBase64`, and our own `secret`, `previousSecret`; for Pusher `appId`, `key`, `secret`, `cluster`, `useTLS`;
    /// for all of them our own `filter`, `payload`, `strictOrder` and `paused`.
    pub options: Map<String, Value>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set when the instance was deleted: the subscription still delivers up to this `seq` and then goes away.
    pub retired_at_seq: Option<i64>,
}

impl Subscription {
    /// Whether events of this kind go out here.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.enabled && self.events.contains(kind)
    }

    /// Whether this very event goes out here: its kind, and the filter. A filter that cannot be read lets everything pass.
    #[must_use]
    pub fn wants_event(&self, event: &NewEvent) -> bool {
        self.wants(event.kind) && self.filter().is_none_or(|filter| filter.passes(event))
    }

    /// Which chats it is about; `None` for all.
    #[must_use]
    pub fn filter(&self) -> Option<Filter> {
        let stored = self.options.get("filter")?;
        Filter::deserialize(stored).ok()
    }

    /// Which shape its receiver asked for.
    #[must_use]
    pub fn payload(&self) -> Payload {
        match self.text("payload") {
            Some("v2") => Payload::V2,
            Some(_) | None => Payload::V1,
        }
    }

    /// Whether messages come with their files in `data.message.base64`: a webhook's option `webhookBase64`.
    #[must_use]
    pub fn wants_files(&self) -> bool {
        self.transport == TransportKind::Webhook && self.enabled && self.flag("webhookBase64")
    }

    /// Whether its line waits until it is resumed. A deleted instance's line no longer does: nobody could resume it.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.flag("paused") && self.retired_at_seq.is_none()
    }

    /// A text option; `None` when absent or empty.
    #[must_use]
    pub fn text(&self, option: &str) -> Option<&str> {
        self.options
            .get(option)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A switch among the options; absent is off.
    #[must_use]
    pub fn flag(&self, option: &str) -> bool {
        self.options
            .get(option)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_group_updates_are_one() {
        for name in ["GROUP_UPDATE", "GROUPS_UPDATE"] {
            assert!(EventList::new([name.to_owned()]).contains(EventKind::GroupsUpdate));
        }
        assert!(!EventList::default().contains(EventKind::MessagesUpsert));
        assert_eq!(EventList::all().names().len(), 31);
    }
}
