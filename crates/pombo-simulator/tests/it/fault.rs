//! What real clients make of the faults.

use pombo_simulator::Simulator;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, ClientOptions, simulator, text};

/// The next message to Bob's companion meets this fault.
fn strike_the_next_message(simulator: &Simulator, fault: Fault) {
    let rule = FaultRule::new(FaultPoint::ToClient, fault)
        .account(BOB)
        .device(1)
        .stanza(StanzaFilter::tag("message"))
        .times(1);
    simulator.faults().add(rule).expect("the rule makes sense");
}

async fn alice_and_bob(simulator: &Simulator) -> (Client, Client) {
    let alice = Client::linked(simulator, ALICE).await;
    let options = ClientOptions {
        hurry: 10,
        ..ClientOptions::default()
    };
    let bob = Client::linked_with(simulator, BOB, options).await;
    // Both have a session with the other before anything goes wrong.
    send(&alice, &bob, "first").await;
    bob.text("first").await;
    send(&bob, &alice, "answer").await;
    alice.text("answer").await;
    (alice, bob)
}

async fn send(from: &Client, to: &Client, body: &str) {
    let sent = from
        .send_message(to.jid(), text(body))
        .await
        .expect("the message is accepted");
    // The client does not wait for the network; the tests do.
    from.wait("the acknowledgement", |event| match event {
        Event::ServerAck(ack) => (ack.id == sent.message_id).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn messages_survive_what_a_network_does() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    let faults = [
        (
            "late",
            Fault::Delay {
                ms: 50,
                jitter_ms: 20,
            },
        ),
        ("doubled", Fault::Duplicate { copies: 2 }),
        (
            "slow",
            Fault::Slow {
                bytes_per_second: 4000,
            },
        ),
        ("cut in half", Fault::CloseMidFrame),
        ("cut off", Fault::Close),
        (
            "unavailable",
            Fault::StreamError {
                code: 503,
                conflict: None,
            },
        ),
        (
            "internal error",
            Fault::StreamError {
                code: 500,
                conflict: None,
            },
        ),
        (
            "restart",
            Fault::StreamError {
                code: 515,
                conflict: None,
            },
        ),
        ("damaged", Fault::DamageCiphertext),
    ];
    for (name, fault) in faults {
        let before = simulator.faults().strikes().len();
        strike_the_next_message(&simulator, fault);
        send(&alice, &bob, name).await;
        bob.text(name).await;
        assert_eq!(simulator.faults().strikes().len(), before + 1, "{name}");
    }
    let again = bob.has_seen(|event| {
        let mut messages = event.messages();
        messages.any(|message| message.message.conversation.as_deref() == Some("doubled"))
    });
    assert!(!again, "the client tells of a message once");
    simulator.assert_clean();
}

#[tokio::test]
async fn a_lost_message_comes_with_the_next_connection() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    strike_the_next_message(&simulator, Fault::Drop);
    send(&alice, &bob, "lost").await;
    send(&alice, &bob, "found").await;
    bob.text("found").await;
    bob.reconnect_immediately().await;
    assert!(bob.text("lost").await.offline);
}

#[tokio::test]
async fn bytes_that_no_key_fits_end_a_connection_at_the_latest_with_the_next() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    strike_the_next_message(&simulator, Fault::Garbage { bytes: 200 });
    send(&alice, &bob, "behind garbage").await;
    // The client has lost count of the frames and understands nothing more on this connection.
    bob.reconnect_immediately().await;
    bob.text("behind garbage").await;
}

#[tokio::test]
async fn messages_change_places() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    strike_the_next_message(&simulator, Fault::Reorder { behind: 1 });
    send(&alice, &bob, "one").await;
    send(&alice, &bob, "two").await;
    let mut order = Vec::new();
    while order.len() < 2 {
        order.push(
            bob.wait("a message", |event| {
                let message = event.messages().next()?;
                message.message.conversation.clone()
            })
            .await,
        );
    }
    assert_eq!(order, ["two", "one"]);
}

#[tokio::test]
async fn a_stanza_that_never_reaches_the_server() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    let rule = FaultRule::new(FaultPoint::FromClient, Fault::Drop)
        .account(ALICE)
        .stanza(StanzaFilter::tag("message"))
        .times(1);
    simulator.faults().add(rule).expect("the rule makes sense");
    alice
        .send_message(bob.jid(), text("into the void"))
        .await
        .expect("the client does not wait for the server");
    send(&alice, &bob, "after").await;
    bob.text("after").await;
    assert!(!bob.has_seen(|event| {
        let mut messages = event.messages();
        messages.any(|message| message.message.conversation.as_deref() == Some("into the void"))
    }));
}

#[tokio::test]
async fn a_client_is_logged_out_or_replaced() {
    let cases = [
        (401, Some("device_removed"), "logged out"),
        (401, None, "logged out"),
        (516, None, "logged out"),
        (440, None, "replaced"),
        (409, None, "replaced"),
    ];
    for (code, conflict, outcome) in cases {
        let simulator = simulator().await;
        let bob = Client::linked(&simulator, BOB).await;
        let fault = Fault::StreamError {
            code,
            conflict: conflict.map(str::to_owned),
        };
        let rule =
            FaultRule::new(FaultPoint::FromClient, fault).stanza(StanzaFilter::tag("presence"));
        simulator.faults().add(rule).expect("the rule makes sense");
        bob.presence()
            .set_available()
            .await
            .expect("the client has a name");
        let found = bob
            .wait(outcome, |event| match event {
                Event::LoggedOut(_) => Some("logged out"),
                Event::StreamReplaced(_) => Some("replaced"),
                _ => None,
            })
            .await;
        assert_eq!(found, outcome, "{code} {conflict:?}");
    }
}

#[tokio::test]
async fn a_login_is_refused() {
    let failure = |reason, code, expire| Fault::Failure {
        reason,
        code,
        expire,
    };
    let cases = [
        (failure(402, Some(101), Some(3600)), "banned for 3600 s"),
        (failure(405, None, None), "outdated"),
        (failure(401, None, None), "logged out"),
        (failure(403, None, None), "logged out"),
        (failure(400, None, None), "refused"),
    ];
    for (fault, outcome) in cases {
        let simulator = simulator().await;
        let bob = Client::linked(&simulator, BOB).await;
        let rule = FaultRule::new(FaultPoint::Login, fault.clone())
            .account(BOB)
            .device(1);
        simulator.faults().add(rule).expect("the rule makes sense");
        bob.reconnect_immediately().await;
        let found = bob
            .wait(outcome, |event| match event {
                Event::TemporaryBan(ban) => {
                    Some(format!("banned for {} s", ban.expire.num_seconds()))
                }
                Event::ClientOutdated(_) => Some("outdated".to_owned()),
                Event::LoggedOut(_) => Some("logged out".to_owned()),
                Event::ConnectFailure(_) => Some("refused".to_owned()),
                _ => None,
            })
            .await;
        assert_eq!(found, outcome, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_for_a_while() {
    let simulator = simulator().await;
    let (alice, bob) = alice_and_bob(&simulator).await;
    let down = FaultRule::new(
        FaultPoint::Login,
        Fault::Failure {
            reason: 503,
            code: None,
            expire: None,
        },
    );
    simulator
        .faults()
        .add(down.account(BOB).times(2))
        .expect("the rule makes sense");
    bob.reconnect_immediately().await;
    send(&alice, &bob, "meanwhile").await;
    bob.text("meanwhile").await;
    assert_eq!(simulator.faults().strikes().len(), 2);
}
