//! `sendNode`: a raw node for WhatsApp, sent by the client of a voice-call bridge.
//!
//! The original neither asks who may address whom nor answers. Here a key opens its own instances only, and whoever asks for an
//! acknowledgement hears what came of it; who asks for none (the original's clients) is served all the same.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use engineioxide::DisconnectReason;
use pombo_domain::id::InstanceId;
use pombo_domain::port::Access;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::connection::Socket;
use super::packet;
use super::server::Server;

/// How many nodes of all clients may be on their way.
pub(super) const UNDER_WAY: usize = 256;
/// How long one may be on its way.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Request {
    /// In spite of its name the instance's name; the id is accepted too.
    #[serde(rename = "instanceId")]
    instance: String,
    #[serde(default)]
    stanza: Value,
}

/// Where the acknowledgement goes, if anybody waits for it.
pub(super) struct Asker<'a> {
    pub(super) socket: &'a Arc<Socket>,
    pub(super) namespace: &'a str,
    pub(super) ack: Option<u64>,
}

impl Server {
    /// A `sendNode` by somebody with this access.
    pub(super) fn send_node(
        self: &Arc<Self>,
        asker: &Asker<'_>,
        access: Option<&Access>,
        arguments: &[&RawValue],
        attachments: &[Bytes],
    ) {
        let (target, stanza) = match self.read(access, arguments, attachments) {
            Ok(read) => read,
            Err(error) => return self.acknowledge(asker, &refused(&error)),
        };
        let Ok(place) = Arc::clone(&self.nodes_under_way).try_acquire_owned() else {
            return self.acknowledge(asker, &refused("Too many nodes are on their way"));
        };
        let (server, socket) = (Arc::clone(self), Arc::clone(asker.socket));
        let (namespace, ack) = (asker.namespace.to_owned(), asker.ack);
        self.tasks.spawn(async move {
            let _place = place;
            let sending = timeout(PATIENCE, server.nodes.send_node(&target, &stanza));
            let answer = tokio::select! {
                () = server.stop.cancelled() => return,
                sent = sending => match sent {
                    Ok(Ok(())) => json!({"ok": true}),
                    Ok(Err(error)) => refused(&error.to_string()),
                    Err(_) => refused("The node was not sent in time"),
                },
            };
            let asker = Asker {
                socket: &socket,
                namespace: &namespace,
                ack,
            };
            server.acknowledge(&asker, &answer);
        });
    }

    /// Whose connection is meant, and what is to be sent over it.
    fn read(
        &self,
        access: Option<&Access>,
        arguments: &[&RawValue],
        attachments: &[Bytes],
    ) -> Result<(InstanceId, Value), String> {
        let request = arguments
            .first()
            .and_then(|payload| serde_json::from_str::<Request>(payload.get()).ok());
        let Some(mut request) = request else {
            return Err("The payload must be {\"instanceId\":..,\"stanza\":..}".to_owned());
        };
        let by_id = || {
            Some(
                self.rooms
                    .by_id(&InstanceId::from(request.instance.as_str()))?
                    .instance
                    .clone()?
                    .id,
            )
        };
        let target = self
            .keys
            .find(&request.instance)
            .map(|instance| instance.id)
            .or_else(by_id);
        // An unknown instance and somebody else's look the same to whoever has no global key.
        let target = match (target, access) {
            (Some(target), Some(access)) if access.opens(&target) => target,
            (None, Some(Access::Global)) => {
                return Err(format!(
                    "The \"{}\" instance does not exist",
                    request.instance
                ));
            }
            _ => return Err("Unauthorized".to_owned()),
        };
        if !fill(&mut request.stanza, attachments) {
            return Err("The payload names an attachment that did not come".to_owned());
        }
        Ok((target, request.stanza))
    }

    fn acknowledge(&self, asker: &Asker<'_>, answer: &Value) {
        let Some(id) = asker.ack else { return };
        let packet = packet::ack(asker.namespace, id, answer);
        if asker.socket.emit(packet).is_err() {
            self.metrics.slow_client();
            self.end_session(asker.socket, DisconnectReason::TransportError);
        }
    }
}

fn refused(error: &str) -> Value {
    json!({"ok": false, "error": error})
}

/// Puts attachments where their placeholders are; `false` when one is missing.
fn fill(value: &mut Value, attachments: &[Bytes]) -> bool {
    match value {
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = members.get("num").and_then(Value::as_u64);
            let attachment = number
                .and_then(|number| usize::try_from(number).ok())
                .and_then(|number| attachments.get(number));
            let Some(bytes) = attachment else {
                return false;
            };
            *value = json!({"type": "Buffer", "data": STANDARD.encode(bytes)});
            true
        }
        Value::Object(members) => members.values_mut().all(|member| fill(member, attachments)),
        Value::Array(items) => items.iter_mut().all(|item| fill(item, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_go_where_their_placeholders_are() {
        let attachments = [Bytes::from_static(&[1]), Bytes::from_static(&[2, 255])];
        let mut stanza = json!({"tag": "call", "content": [{"content": {"_placeholder": true, "num": 1}}, {"_placeholder": false}]});
        assert!(fill(&mut stanza, &attachments));
        assert_eq!(
            stanza["content"],
            json!([{"content": {"type": "Buffer", "data": "Av8="}}, {"_placeholder": false}])
        );
        for number in [json!(2), json!(-1), json!("0"), Value::Null] {
            let mut stanza = json!({"_placeholder": true, "num": number});
            assert!(!fill(&mut stanza, &attachments), "{stanza}");
        }
    }
}
