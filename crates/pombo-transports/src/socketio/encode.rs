//! From an event to packets: once per event, spelling of the namespace and kind of envelope, however many receive it.

use std::sync::Arc;

use bytes::Bytes;
use engineioxide::Str;
use pombo_domain::event::{Event, envelope};
use pombo_domain::port::LiveEvent;

use super::binary;
use super::member::Member;
use super::packet;
use crate::replay::End;

/// A packet, ready to be sent. Cloning it copies no text.
#[derive(Debug, Clone)]
pub(super) struct Encoded {
    pub(super) text: Str,
    pub(super) attachments: Vec<Bytes>,
}

/// The packets of one event, each made when it is first needed.
pub(super) struct Packets<'a> {
    event: &'a LiveEvent,
    made: Vec<(Kind, Encoded)>,
}

/// What distinguishes the packets of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    namespace: Arc<str>,
    /// The envelope carries `id` and `seq`.
    placed: bool,
    binary: bool,
}

/// So many are remembered; beyond that clients spell one name in absurdly many ways.
const REMEMBERED: usize = 8;

impl<'a> Packets<'a> {
    pub(super) fn new(event: &'a LiveEvent) -> Self {
        Self {
            event,
            made: Vec::new(),
        }
    }

    /// The packet for this member.
    pub(super) fn get(&mut self, member: &Member) -> Encoded {
        let (placed, binary) = (member.progress.is_some(), member.binary);
        let known = self.made.iter().find(|(kind, _)| {
            let same_name = Arc::ptr_eq(&kind.namespace, &member.namespace)
                || kind.namespace == member.namespace;
            same_name && kind.placed == placed && kind.binary == binary
        });
        if let Some((_, encoded)) = known {
            return encoded.clone();
        }
        let (event, bare) = (&self.event.event, &self.event.envelope);
        let encoded = match event.seq.filter(|_| placed) {
            Some(seq) => one(
                &member.namespace,
                event,
                &envelope::with_place(bare, &event.event, seq),
                binary,
            ),
            None => one(&member.namespace, event, bare, binary),
        };
        if self.made.len() < REMEMBERED {
            self.made.push((
                Kind {
                    namespace: member.namespace.clone(),
                    placed,
                    binary,
                },
                encoded.clone(),
            ));
        }
        encoded
    }
}

/// The packet of one event for one namespace.
pub(super) fn one(namespace: &str, event: &Event, envelope: &Bytes, binary: bool) -> Encoded {
    let name = event.event.kind.as_str();
    if let Some((text, attachments)) = binary.then(|| binary::extract(envelope)).flatten() {
        let head = format!("5{}-{}", attachments.len(), packet::prefix(namespace));
        return Encoded {
            text: text_of(&head, name, &text),
            attachments,
        };
    }
    Encoded {
        text: text_of(&format!("2{}", packet::prefix(namespace)), name, envelope),
        attachments: Vec::new(),
    }
}

fn text_of(head: &str, name: &str, envelope: &[u8]) -> Str {
    // Envelopes come from an encoder and are UTF-8; anything else would be replaced, never break a packet.
    let envelope = String::from_utf8_lossy(envelope);
    let mut text = String::with_capacity(head.len() + name.len() + envelope.len() + 5);
    for part in [head, "[\"", name, "\",", &envelope, "]"] {
        text.push_str(part);
    }
    text.into()
}

/// `replay.end`, the last word of a replay.
pub(super) fn replay_end(namespace: &str, end: End) -> String {
    let body = serde_json::to_string(&end).unwrap_or_default();
    format!("2{}[\"replay.end\",{body}]", packet::prefix(namespace))
}
