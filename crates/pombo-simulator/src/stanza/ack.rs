//! `<ack>`: a device has what it was sent.

use wacore_binary::Node;

use super::answer::Refusal;
use super::passive;
use crate::network::{Session, State};
use crate::node::NodeExt as _;

/// Takes the acknowledged stanza out of the device's queue. One that is not there any more was acknowledged before: a client may
/// do so twice, by a receipt and by an `<ack>`.
pub(crate) fn handle(state: &mut State, from: &Session, ack: &Node) -> Result<(), Refusal> {
    let class = ack.text("class");
    match class.as_ref() {
        "message" | "receipt" | "notification" | "call" => {
            if let Some(device) = state.device_mut(from.account, from.device) {
                device.queue.acknowledge(&class, ack);
            }
            passive::go_on(state, from);
            Ok(())
        }
        "" => Err(Refusal::Malformed("an acknowledgement without a class")),
        _ => Err(Refusal::Malformed("an acknowledgement of an unknown class")),
    }
}
