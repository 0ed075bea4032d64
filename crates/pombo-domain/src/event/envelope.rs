//! The JSON object that a transport delivers.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::plain::plain;
use super::{NewEvent, Seq};

/// What every envelope of this server carries beside the event itself.
#[derive(Debug, Clone, Default)]
pub struct EnvelopeStyle {
    /// `SERVER_URL`; left out when unset.
    pub server_url: Option<Arc<str>>,
    /// `date_time` as local wall time with a false `Z`, as in the original (`EVENT_LOCAL_TIME`).
    pub local_time: bool,
}

/// The envelope in the original's order of members.
#[derive(Serialize)]
struct Envelope<'a> {
    event: &'a str,
    instance: &'a str,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_url: Option<&'a str>,
    date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    apikey: Option<&'a str>,
}

impl EnvelopeStyle {
    /// The envelope as JSON text. `apikey` is the instance's token when the server exposes it, else `None` (`null`).
    #[must_use]
    pub fn encode(&self, event: &NewEvent, apikey: Option<&str>) -> Bytes {
        let date_time = if self.local_time {
            event.at.to_local_iso()
        } else {
            event.at.to_iso()
        };
        let envelope = Envelope {
            event: event.kind.as_str(),
            instance: event.instance.name.as_str(),
            data: &event.data,
            server_url: self.server_url.as_deref(),
            date_time,
            sender: event.sender.as_deref(),
            apikey,
        };
        serde_json::to_vec(&envelope)
            .expect("texts and checked JSON always encode")
            .into()
    }
}

/// The same envelope with more members at its end, such as `destination`, or `id` and `seq`.
///
/// `envelope` must be a JSON object with at least one member, which every encoded envelope is.
#[must_use]
pub fn extend(envelope: &[u8], members: &[(&str, &dyn erased::Json)]) -> Bytes {
    let mut text = Vec::with_capacity(envelope.len() + 96);
    text.extend_from_slice(envelope.strip_suffix(b"}").unwrap_or(envelope));
    for (name, value) in members {
        text.extend_from_slice(b",\"");
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        value.write_json(&mut text);
    }
    text.push(b'}');
    text.into()
}

/// The envelope for receivers that asked for their place in the log: with `id` and `seq`.
#[must_use]
pub fn with_place(envelope: &[u8], event: &NewEvent, seq: Seq) -> Bytes {
    extend(envelope, &[("id", &event.id.as_str()), ("seq", &seq)])
}

/// The event as receivers of the second version see it: `data` in [plain](mod@super::plain) JSON.
#[must_use]
pub fn in_plain(event: &NewEvent) -> NewEvent {
    let data = serde_json::from_str(event.data.get())
        .ok()
        .map(plain)
        .and_then(|data| serde_json::value::to_raw_value(&data).ok());
    NewEvent {
        data: data.unwrap_or_else(|| event.data.clone()),
        ..event.clone()
    }
}

/// Values that can end an envelope, behind one object-safe trait.
pub mod erased {
    use serde::Serialize;

    /// A value with a JSON form.
    pub trait Json {
        /// Appends the JSON form.
        fn write_json(&self, text: &mut Vec<u8>);
    }

    impl<T: Serialize> Json for T {
        fn write_json(&self, text: &mut Vec<u8>) {
            if serde_json::to_writer(&mut *text, self).is_err() {
                text.extend_from_slice(b"null");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::event::EventKind;
    use crate::id::EventId;
    use crate::instance::{InstanceName, InstanceRef};
    use serde_json::{Value, json};

    fn event() -> NewEvent {
        NewEvent {
            id: EventId::from("evt_1".to_owned()),
            instance: InstanceRef {
                id: "i".into(),
                name: InstanceName::new("a \"b\"").unwrap(),
            },
            kind: EventKind::MessagesUpsert,
            at: Timestamp::from_millis(0),
            sender: None,
            data: RawValue::from_string("{\"x\":1}".to_owned()).unwrap(),
        }
    }

    #[test]
    fn members_are_the_originals() {
        let style = EnvelopeStyle {
            server_url: Some("http://s".into()),
            local_time: false,
        };
        let value: Value = serde_json::from_slice(&style.encode(&event(), None)).unwrap();
        assert_eq!(
            value,
            json!({"event": "messages.upsert", "instance": "a \"b\"", "data": {"x": 1}, "server_url": "http://s",
                   "date_time": "1970-01-01T00:00:00.000Z", "apikey": null})
        );
    }

    #[test]
    fn more_members_go_to_the_end() {
        let plain = EnvelopeStyle::default().encode(&event(), Some("T"));
        let value: Value = serde_json::from_slice(&with_place(&plain, &event(), 7)).unwrap();
        assert_eq!(value["seq"], 7);
        assert_eq!(value["id"], "evt_1");
        assert_eq!(value["apikey"], "T");
        let value: Value =
            serde_json::from_slice(&extend(&plain, &[("destination", &"http://h")])).unwrap();
        assert_eq!(value["destination"], "http://h");
    }
}
