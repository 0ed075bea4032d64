//! `sendNode`: a raw node for WhatsApp, sent by the client of a voice-call bridge.
//!
//! No channel can do it yet; what is here is the question who may address whom, which the original does not ask.

use pombo_domain::id::InstanceId;
use pombo_domain::port::Access;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::server::Server;

#[derive(Deserialize)]
struct Request {
    /// In spite of its name the instance's name; the id is accepted too.
    #[serde(rename = "instanceId")]
    instance: String,
}

impl Server {
    /// The acknowledgment of a `sendNode` by somebody with this access, in this instance's namespace (`None`: the root).
    pub(super) fn send_node(&self, access: Option<&Access>, arguments: &[&RawValue]) -> Value {
        let refused = |error: &str| json!({"ok": false, "error": error});
        let Some(request) = arguments
            .first()
            .and_then(|payload| serde_json::from_str::<Request>(payload.get()).ok())
        else {
            return refused("The payload must be {\"instanceId\":..,\"stanza\":..}");
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
        match (target, access) {
            (Some(target), Some(access)) if access.opens(&target) => {
                refused("Method not available on this channel")
            }
            (None, Some(Access::Global)) => refused(&format!(
                "The \"{}\" instance does not exist",
                request.instance
            )),
            _ => refused("Unauthorized"),
        }
    }
}
