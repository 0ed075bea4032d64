//! Which device gets what of a message, stanza by stanza.

use pombo_simulator::Simulator;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent};

use crate::kit::{ALICE, BOB, CAROL, RawCompanion, attribute, simulator};

fn enc(kind: &'static str, content: &[u8]) -> Node {
    NodeBuilder::new("enc")
        .attr("v", "2")
        .attr("type", kind)
        .bytes(content.to_vec())
        .build()
}

fn to(jid: Jid, encrypted: Option<Node>) -> Node {
    NodeBuilder::new("to")
        .attr("jid", jid)
        .children(encrypted)
        .build()
}

fn message(id: &str, to: impl Into<Jid>) -> NodeBuilder {
    NodeBuilder::new("message")
        .attr("id", id.to_owned())
        .attr("type", "text")
        .attr("to", to.into())
}

fn participants(list: impl IntoIterator<Item = Node>) -> Node {
    NodeBuilder::new("participants").children(list).build()
}

fn contents(stanza: &Node) -> Vec<Vec<u8>> {
    stanza
        .get_children_by_tag("enc")
        .map(|enc| match &enc.content {
            Some(NodeContent::Bytes(bytes)) => bytes.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// An account without a companion but with a phone, as a target.
fn phone(number: &str) -> Jid {
    Jid::pn(number)
}

async fn pair(simulator: &Simulator) -> (RawCompanion, RawCompanion) {
    (
        RawCompanion::linked(simulator, ALICE).await,
        RawCompanion::linked(simulator, BOB).await,
    )
}

#[tokio::test]
async fn each_device_gets_what_is_encrypted_for_it_and_the_sender_under_the_same_kind_of_address() {
    let simulator = simulator().await;
    let (mut alice, mut bob) = pair(&simulator).await;
    let mut desk = RawCompanion::linked(&simulator, ALICE).await;
    let stanza = message("M1", phone(BOB))
        .children([
            participants([
                to(phone(BOB), Some(enc("msg", b"phone"))),
                to(bob.pn(), Some(enc("pkmsg", b"bob"))),
                to(desk.lid(), Some(enc("msg", b"desk"))),
            ]),
            NodeBuilder::new("device-identity")
                .bytes(b"identity".to_vec())
                .build(),
            NodeBuilder::new("reporting").build(),
            NodeBuilder::new("tctoken").bytes(b"token".to_vec()).build(),
        ])
        .build();
    alice.send(stanza).await;
    let ack = alice.next("ack").await;
    assert_eq!(attribute(&ack, "class"), "message");
    assert_eq!(attribute(&ack, "error"), "");

    let received = bob.next("message").await;
    assert_eq!(contents(&received), [b"bob".to_vec()]);
    assert_eq!(attribute(&received, "from"), alice.pn().to_string());
    assert_eq!(
        attribute(&received, "sender_lid"),
        format!("{}@lid", alice.lid)
    );
    assert_eq!(attribute(&received, "notify"), "Test");
    assert_eq!(attribute(&received, "recipient"), "");
    assert!(received.get_optional_child("device-identity").is_some());
    assert!(received.get_optional_child("reporting").is_some());
    // What is for the network's eyes stays with it.
    assert!(received.get_optional_child("tctoken").is_none());

    let copy = desk.next("message").await;
    assert_eq!(contents(&copy), [b"desk".to_vec()]);
    assert_eq!(attribute(&copy, "from"), alice.lid().to_string());
    assert_eq!(
        attribute(&copy, "recipient"),
        format!("{BOB}@s.whatsapp.net")
    );
    assert!(copy.get_optional_child("device-identity").is_none());
    simulator.assert_clean();
}

#[tokio::test]
async fn an_outdated_list_of_devices_is_answered_with_a_hash_of_the_present_one() {
    let simulator = simulator().await;
    let (mut alice, bob) = pair(&simulator).await;
    let complete = message("M1", phone(BOB))
        .children([participants([
            to(phone(BOB), Some(enc("msg", b"phone"))),
            to(bob.pn(), Some(enc("msg", b"bob"))),
            to(phone(ALICE), Some(enc("msg", b"own phone"))),
        ])])
        .build();
    alice.send(complete).await;
    assert_eq!(attribute(&alice.next("ack").await, "phash"), "");
    let without_companion = message("M2", phone(BOB))
        .children([participants([
            to(phone(BOB), Some(enc("msg", b"phone"))),
            to(phone(ALICE), Some(enc("msg", b"own phone"))),
        ])])
        .build();
    alice.send(without_companion).await;
    let hash = attribute(&alice.next("ack").await, "phash");
    assert!(hash.starts_with("2:"), "{hash:?}");
}

#[tokio::test]
async fn a_resend_goes_to_the_device_that_asked_and_to_no_other() {
    let simulator = simulator().await;
    let (mut alice, mut bob) = pair(&simulator).await;
    let mut second = RawCompanion::linked(&simulator, BOB).await;
    let retry = NodeBuilder::new("receipt")
        .attr("id", "M1")
        .attr("type", "retry")
        .attr("to", alice.pn())
        .children([
            NodeBuilder::new("retry").attr("count", "1").build(),
            NodeBuilder::new("registration")
                .bytes(vec![0, 0, 0, 7])
                .build(),
        ])
        .build();
    second.send(retry).await;
    let asked = alice.next("receipt").await;
    assert_eq!(attribute(&asked, "type"), "retry");
    assert_eq!(attribute(&asked, "from"), second.pn().to_string());
    assert!(asked.get_optional_child("registration").is_some());

    let resend = message("M1", phone(BOB))
        .attr("participant", second.pn())
        .children([enc("pkmsg", b"again")])
        .build();
    alice.send(resend).await;
    assert_eq!(contents(&second.next("message").await), [b"again".to_vec()]);
    // Whatever Bob gets next is not the resend.
    let next = message("M2", phone(BOB))
        .children([participants([to(bob.pn(), Some(enc("msg", b"next")))])])
        .build();
    alice.send(next).await;
    assert_eq!(contents(&bob.next("message").await), [b"next".to_vec()]);

    let refused = message("M1", phone(BOB))
        .attr("participant", second.pn())
        .children([
            enc("pkmsg", b"again"),
            participants([to(bob.pn(), Some(enc("msg", b"too")))]),
        ])
        .build();
    alice.send(refused).await;
    let ack = alice
        .connection
        .wait(|stanza| stanza.tag == "ack" && !attribute(stanza, "error").is_empty())
        .await;
    assert_eq!(attribute(&ack, "error"), "479");
    assert_eq!(simulator.take_violations().len(), 1);
}

#[tokio::test]
async fn a_status_reaches_all_devices_of_its_audience() {
    let simulator = simulator().await;
    let (mut alice, mut bob) = pair(&simulator).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    let status = |id| message(id, Jid::status_broadcast());
    let first = status("S1")
        .children([
            participants([
                to(bob.lid(), Some(enc("pkmsg", b"key for bob"))),
                // Named as a person: her devices have the key already.
                to(Jid::lid(carol.lid.as_str()), None),
            ]),
            enc("skmsg", b"status"),
        ])
        .build();
    alice.send(first).await;
    let received = bob.next("message").await;
    assert_eq!(
        contents(&received),
        [b"key for bob".to_vec(), b"status".to_vec()]
    );
    assert_eq!(attribute(&received, "from"), "status@broadcast");
    assert_eq!(attribute(&received, "participant"), alice.lid().to_string());
    assert_eq!(
        attribute(&received, "participant_pn"),
        format!("{ALICE}@s.whatsapp.net")
    );
    assert_eq!(contents(&carol.next("message").await), [b"status".to_vec()]);
    // A client that names nobody means those of the last time.
    let second = status("S2").children([enc("skmsg", b"second")]).build();
    alice.send(second).await;
    assert_eq!(contents(&bob.next("message").await), [b"second".to_vec()]);
    assert_eq!(contents(&carol.next("message").await), [b"second".to_vec()]);

    let refused = status("S3")
        .attr("addressing_mode", "lid")
        .children([enc("skmsg", b"third")])
        .build();
    alice.send(refused).await;
    alice
        .send(
            NodeBuilder::new("status")
                .attr("id", "S4")
                .attr("to", Jid::status_broadcast())
                .children([enc("skmsg", b"fourth")])
                .build(),
        )
        .await;
    for expected in ["479", "400"] {
        let ack = alice
            .connection
            .wait(|stanza| stanza.tag == "ack" && !attribute(stanza, "error").is_empty())
            .await;
        assert_eq!(attribute(&ack, "error"), expected);
    }
    simulator.take_violations();
}

#[tokio::test]
async fn peer_messages_come_from_the_lid_and_have_no_recipient() {
    let simulator = simulator().await;
    let mut one = RawCompanion::linked(&simulator, ALICE).await;
    let mut other = RawCompanion::linked(&simulator, ALICE).await;
    let stanza = message("P1", other.pn())
        .attr("category", "peer")
        .children([enc("msg", b"between us")])
        .build();
    one.send(stanza).await;
    let received = other.next("message").await;
    assert_eq!(attribute(&received, "from"), one.lid().to_string());
    assert_eq!(attribute(&received, "category"), "peer");
    assert_eq!(attribute(&received, "recipient"), "");
}

#[tokio::test]
async fn messages_that_the_real_network_refuses_are_refused_and_reported() {
    let simulator = simulator().await;
    let (mut alice, bob) = pair(&simulator).await;
    let for_somebody_else = message("M1", phone(ALICE))
        .children([participants([to(bob.pn(), Some(enc("msg", b"x")))])])
        .build();
    let empty = message("M2", phone(BOB)).build();
    for stanza in [for_somebody_else, empty] {
        alice.send(stanza).await;
        assert_eq!(attribute(&alice.next("ack").await, "error"), "400");
    }
    assert_eq!(simulator.take_violations().len(), 2);
    // A number that is not on WhatsApp is an ordinary mistake.
    alice
        .send(
            message("M3", phone("5500000000000"))
                .children([enc("msg", b"x")])
                .build(),
        )
        .await;
    assert_eq!(attribute(&alice.next("ack").await, "error"), "404");
    simulator.assert_clean();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_its_messages_wait() {
    let simulator = Simulator::builder()
        .outgoing_limit(50)
        .start()
        .await
        .expect("the simulator starts");
    let (mut alice, mut bob) = pair(&simulator).await;
    // Nothing gets through to him, as if he did not read.
    let stuck = FaultRule::new(
        FaultPoint::ToClient,
        Fault::Delay {
            ms: 60_000,
            jitter_ms: 0,
        },
    );
    let stuck = simulator
        .faults()
        .add(stuck.account(BOB).stanza(StanzaFilter::tag("message")))
        .expect("a valid rule");
    for number in 0..120 {
        let stanza = message(&format!("M{number}"), phone(BOB))
            .children([participants([to(bob.pn(), Some(enc("msg", b"x")))])])
            .build();
        alice.send(stanza).await;
        alice.next("ack").await;
    }
    assert_eq!(simulator.waiting(BOB, bob.device), 120);
    crate::kit::eventually("the end of the connection", || {
        !simulator.is_online(BOB, bob.device)
    })
    .await;
    assert!(simulator.faults().remove(stuck));
    bob.reconnect(&simulator).await;
    bob.activate().await;
    for number in 0..120 {
        let received = bob.next("message").await;
        assert_eq!(attribute(&received, "id"), format!("M{number}"));
        assert_eq!(attribute(&received, "offline"), "1");
        let ack = NodeBuilder::new("ack")
            .attr("class", "message")
            .attr("id", attribute(&received, "id"))
            .attr("to", attribute(&received, "from"))
            .build();
        bob.send(ack).await;
    }
    let end = bob.next("ib").await;
    let end = match end.get_optional_child("offline") {
        Some(end) => end.clone(),
        None => bob
            .next("ib")
            .await
            .get_optional_child("offline")
            .expect("the end marker")
            .clone(),
    };
    assert_eq!(attribute(&end, "count"), "120");
}

#[tokio::test]
async fn what_waits_comes_in_the_batches_that_the_client_asks_for() {
    let simulator = simulator().await;
    let (mut alice, mut bob) = pair(&simulator).await;
    bob.reconnect(&simulator).await;
    for number in 0..30 {
        let stanza = message(&format!("M{number}"), phone(BOB))
            .children([participants([to(bob.pn(), Some(enc("msg", b"x")))])])
            .build();
        alice.send(stanza).await;
        alice.next("ack").await;
    }
    bob.activate().await;
    let preview = bob.next("ib").await;
    let preview = preview
        .get_optional_child("offline_preview")
        .expect("the preview");
    assert_eq!(attribute(preview, "count"), "30");
    assert_eq!(attribute(preview, "message"), "30");
    for number in 0..5 {
        assert_eq!(
            attribute(&bob.next("message").await, "id"),
            format!("M{number}")
        );
    }
    // What comes meanwhile comes afterwards.
    let late = message("late", phone(BOB))
        .children([participants([to(bob.pn(), Some(enc("msg", b"x")))])])
        .build();
    alice.send(late).await;
    alice.next("ack").await;
    let batch = NodeBuilder::new("ib")
        .children([NodeBuilder::new("offline_batch")
            .attr("count", "200")
            .build()])
        .build();
    bob.send(batch).await;
    for number in 5..30 {
        assert_eq!(
            attribute(&bob.next("message").await, "id"),
            format!("M{number}")
        );
    }
    assert_eq!(attribute(&bob.next("message").await, "id"), "late");
    assert!(bob.next("ib").await.get_optional_child("offline").is_some());
}

/// A group of Alice's phone with Bob and Carol in it.
async fn group(simulator: &Simulator) -> Jid {
    simulator
        .phone(ALICE)
        .create_group("Team", &[BOB, CAROL])
        .await
        .expect("the group is made")
        .parse()
        .expect("an address")
}

#[tokio::test]
async fn a_group_message_reaches_every_device_of_every_member_but_the_one_that_sent_it() {
    let simulator = simulator().await;
    let (mut alice, mut bob) = pair(&simulator).await;
    let mut desk = RawCompanion::linked(&simulator, BOB).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    let group = group(&simulator).await;
    let stanza = message("G1", group.clone())
        .attr("addressing_mode", "lid")
        .attr("phash", "2:outdated")
        .children([
            participants([to(alice.lid(), Some(enc("pkmsg", b"key for alice")))]),
            enc("skmsg", b"for all"),
            NodeBuilder::new("device-identity")
                .bytes(b"identity".to_vec())
                .build(),
        ])
        .build();
    bob.send(stanza).await;
    let ack = bob.next("ack").await;
    assert_eq!(attribute(&ack, "error"), "");
    assert!(attribute(&ack, "phash").starts_with("2:"));

    let first = alice.next("message").await;
    assert_eq!(
        contents(&first),
        [b"key for alice".to_vec(), b"for all".to_vec()]
    );
    assert_eq!(attribute(&first, "from"), group.to_string());
    assert_eq!(attribute(&first, "participant"), bob.lid().to_string());
    assert_eq!(
        attribute(&first, "participant_pn"),
        format!("{BOB}@s.whatsapp.net")
    );
    assert_eq!(attribute(&first, "addressing_mode"), "lid");
    assert!(first.get_optional_child("device-identity").is_some());
    for device in [&mut desk, &mut carol] {
        let other = device.next("message").await;
        assert_eq!(contents(&other), [b"for all".to_vec()]);
        assert_eq!(attribute(&other, "recipient"), "");
        assert!(other.get_optional_child("device-identity").is_none());
    }
}

#[tokio::test]
async fn who_was_removed_gets_nothing_even_from_a_sender_with_an_old_list() {
    let simulator = simulator().await;
    let (_alice, mut bob) = pair(&simulator).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    let group = group(&simulator).await;
    simulator
        .phone(ALICE)
        .remove_members(&group.to_string(), &[CAROL])
        .await
        .expect("she is removed");
    let send = |id: &str| {
        message(id, group.clone())
            .attr("addressing_mode", "lid")
            .children([
                participants([to(carol.lid(), Some(enc("pkmsg", b"key")))]),
                enc("skmsg", b"secret"),
            ])
            .build()
    };
    let (stanza, own) = (send("G1"), send("G2"));
    bob.send(stanza).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "");
    // A resend does not reach her either.
    let resend = message("G1", group.clone())
        .attr("addressing_mode", "lid")
        .attr("participant", carol.lid())
        .children([enc("pkmsg", b"again")])
        .build();
    bob.send(resend).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "403");
    // And she cannot send.
    carol.send(own).await;
    let ack = carol
        .connection
        .wait(|stanza| {
            assert_ne!(stanza.tag, "message", "{stanza:?}");
            stanza.tag == "ack"
        })
        .await;
    assert_eq!(attribute(&ack, "error"), "403");
}

#[tokio::test]
async fn a_group_is_written_to_in_its_own_kind_of_address() {
    let simulator = simulator().await;
    let (_alice, mut bob) = pair(&simulator).await;
    let group = group(&simulator).await;
    let plain = message("G1", group.clone()).children([enc("skmsg", b"x")]);
    bob.send(plain.build()).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "400");
    assert_eq!(simulator.take_violations().len(), 1);
    let by_number = message("G2", group)
        .attr("addressing_mode", "pn")
        .children([enc("skmsg", b"x")]);
    bob.send(by_number.build()).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "421");
    simulator.assert_clean();
}
