//! The signalling of calls.

use wacore_binary::builder::NodeBuilder;
use whatsapp_rust::wacore::types::call::CallAction;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, simulator};

const CALL: &str = "0123456789ABCDEF0123456789ABCDEF";

#[tokio::test]
async fn a_call_rings_on_all_companions_until_one_of_them_rejects_it() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let other = Client::linked(&simulator, BOB).await;
    let offer = NodeBuilder::new("call")
        .attr("to", bob.jid())
        .attr("id", "call-1")
        .children([NodeBuilder::new("offer")
            .attr("call-id", CALL)
            .attr("call-creator", alice.jid())
            .children([
                NodeBuilder::new("audio")
                    .attr("enc", "opus")
                    .attr("rate", "16000")
                    .build(),
                NodeBuilder::new("net").attr("medium", "3").build(),
            ])
            .build()])
        .build();
    alice.send_node(offer).await.expect("the call is sent");
    let incoming = bob
        .wait("the call", |event| match event {
            Event::IncomingCall(call) => Some(call.clone()),
            _ => None,
        })
        .await;
    other
        .wait("the call on the other companion", |event| {
            matches!(event, Event::IncomingCall(_)).then_some(())
        })
        .await;
    assert_eq!(incoming.from.user, ALICE);
    bob.voip().reject(&incoming).await.expect("it is rejected");
    let rejected_by = alice
        .wait("the rejection", |event| match event {
            Event::IncomingCall(call) => {
                matches!(call.action, CallAction::Reject { .. }).then(|| call.from.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(rejected_by.device, bob.pn().expect("linked").device);
    // The caller tells the devices that still ring.
    let ringing = bob.jid().with_device(other.pn().expect("linked").device);
    let end = NodeBuilder::new("call")
        .attr("to", ringing)
        .attr("id", "call-2")
        .children([NodeBuilder::new("terminate")
            .attr("call-id", CALL)
            .attr("call-creator", alice.jid())
            .attr("reason", "rejected_elsewhere")
            .build()])
        .build();
    alice.send_node(end).await.expect("the end is sent");
    other
        .wait("the end of the ringing", |event| match event {
            Event::IncomingCall(call) => {
                matches!(call.action, CallAction::Terminate { .. }).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(!bob.has_seen(|event| matches!(
        event,
        Event::IncomingCall(call) if matches!(call.action, CallAction::Terminate { .. })
    )));
}
