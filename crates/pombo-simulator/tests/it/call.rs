//! The signalling of calls.

use wacore_binary::builder::NodeBuilder;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, simulator};

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
            .attr("call-id", "0123456789ABCDEF0123456789ABCDEF")
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
    other
        .wait("the end of the ringing", |event| {
            matches!(event, Event::CallEndedElsewhere(_)).then_some(())
        })
        .await;
}
