//! `<notification>`: something has changed, and the devices concerned are told.

use wacore_binary::{Jid, Node};

use crate::network::{AccountId, DeviceNumber, State};
use crate::node::node;

/// A notification of that kind, with a fresh id.
pub(crate) fn build(
    state: &mut State,
    kind: &'static str,
    from: Jid,
    attributes: impl IntoIterator<Item = (&'static str, String)>,
    children: Vec<Node>,
) -> Node {
    let notification = node("notification")
        .attr("from", from)
        .attr("type", kind)
        .attr("id", state.stanza_id())
        .attr("t", state.clock.now());
    attributes
        .into_iter()
        .fold(notification, |notification, (key, value)| {
            notification.attr(key, value)
        })
        .children(children)
        .build()
}

/// Tells the phone and the companions of an account, but for one device.
pub(crate) fn tell(
    state: &mut State,
    account: AccountId,
    except: Option<DeviceNumber>,
    notification: Node,
) {
    let notification = std::sync::Arc::new(notification);
    if except != Some(0) {
        state.deliver(account, 0, std::sync::Arc::clone(&notification));
    }
    state.deliver_to_companions(account, except, notification);
}
