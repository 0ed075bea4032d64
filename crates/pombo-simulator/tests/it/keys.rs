//! The keys that devices keep at the server.

use std::time::Duration;

use wacore_binary::builder::NodeBuilder;

use crate::kit::{ALICE, BOB, Client, ClientOptions, eventually, simulator, text};

#[tokio::test]
async fn one_time_keys_are_used_up_and_the_client_uploads_new_ones() {
    let simulator = simulator().await;
    let options = ClientOptions {
        pre_keys: Some(20),
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options).await;
    let bob = Client::linked(&simulator, BOB).await;
    let device = alice.pn().expect("linked").device;
    // The phone has used some of the first twenty to write to its companion.
    let first = 1..=20;
    eventually("the first upload", || {
        first.contains(&simulator.pre_keys(ALICE, device))
    })
    .await;
    for request in 0..17 {
        let request = NodeBuilder::new("iq")
            .attr("id", format!("keys-{request}"))
            .attr("type", "get")
            .attr("xmlns", "encrypt")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new("key")
                .children([NodeBuilder::new("user")
                    .attr("jid", alice.jid().with_device(device))
                    .build()])
                .build()])
            .build();
        bob.send_iq_node(request, Some(Duration::from_secs(10)))
            .await
            .expect("keys are handed out");
    }
    eventually("the next upload", || {
        simulator.pre_keys(ALICE, device) >= 20
    })
    .await;
    bob.send_message(alice.jid(), text("with a new key"))
        .await
        .expect("accepted");
    alice.text("with a new key").await;
}
