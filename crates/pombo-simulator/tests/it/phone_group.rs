//! Groups of phones and clients.

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use pombo_simulator::phone::PhoneError;
use pombo_simulator::phone::content;
use pombo_simulator::phone::view::MessageStatus;
use whatsapp_rust::Jid;

use crate::kit::{ALICE, BOB, CAROL, Client, ClientOptions, simulator, text};
use crate::phone_message::{DEADLINE, message};

#[tokio::test]
async fn a_phone_makes_a_group_and_everybody_writes_and_reads() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
    carol.set_habits(|habits| habits.delivery_receipts = true);
    let group = bob
        .create_group("Team", &[ALICE, CAROL])
        .await
        .expect("made");
    let jid: Jid = group.parse().expect("an address");

    let sent = bob.send_text(&group, "hello all").await.expect("sent");
    message(&alice, &sent.id).await;
    assert_eq!(
        carol.next_message(DEADLINE).await.expect("got").text(),
        "hello all"
    );
    alice
        .send_message(jid.clone(), text("hello from the client"))
        .await
        .expect("sent");
    for phone in [&bob, &carol] {
        let got = phone.next_message(DEADLINE).await.expect("got");
        assert_eq!(got.text(), "hello from the client");
        assert_eq!(got.chat, group);
        assert_eq!(got.sender, alice.jid().to_string());
    }
    let answer = carol
        .send_text(&group, "hello from carol")
        .await
        .expect("sent");
    message(&alice, &answer.id).await;
    assert_eq!(
        bob.next_message(DEADLINE).await.expect("got").text(),
        "hello from carol"
    );

    let reaction = carol.react(&group, &sent.id, "👍").await.expect("reacted");
    let got = message(&alice, &reaction.id).await;
    assert_eq!(got.reaction_message.text.as_deref(), Some("👍"));
    bob.wait_for(DEADLINE, |view| {
        let shown = view.message(&group, &sent.id)?;
        let has_reaction = shown.reactions.contains_key(&carol.jid());
        let arrived = shown.receipts.get(&carol.jid()) == Some(&MessageStatus::Delivered);
        (has_reaction && arrived).then_some(())
    })
    .await
    .expect("the reaction and the receipt are shown");
    carol.read(&group).await.expect("read");
    bob.wait_for(DEADLINE, |view| {
        let receipt = view.message(&group, &sent.id)?.receipts.get(&carol.jid())?;
        (*receipt == MessageStatus::Read).then_some(())
    })
    .await
    .expect("the read receipt is shown");

    let revoke = bob.revoke(&group, &answer.id).await.expect("an admin may");
    message(&alice, &revoke.id).await;
    carol
        .wait_for(DEADLINE, |view| {
            view.message(&group, &answer.id)?.deleted.then_some(())
        })
        .await
        .expect("the deletion is shown");

    let poll = carol
        .send(
            &group,
            content::poll(content::PollVersion::V3, "when?", &["now", "later"], 1),
        )
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("the poll");
    bob.vote(&group, &poll.id, &["later"]).await.expect("voted");
    carol
        .wait_for(DEADLINE, |view| {
            let votes = view.message(&group, &poll.id)?.votes.get(&bob.jid())?;
            (*votes == ["later"]).then_some(())
        })
        .await
        .expect("the vote is shown");
}

#[tokio::test]
async fn who_leaves_reads_nothing_more_and_who_comes_reads_what_follows() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
    let group = bob.create_group("Team", &[ALICE]).await.expect("made");
    let first = bob.send_text(&group, "without carol").await.expect("sent");
    message(&alice, &first.id).await;
    bob.add_members(&group, &[CAROL]).await.expect("added");
    bob.send_text(&group, "with carol").await.expect("sent");
    assert_eq!(
        carol.next_message(DEADLINE).await.expect("got").text(),
        "with carol"
    );
    carol.leave(&group).await.expect("left");
    assert!(matches!(
        carol.send_text(&group, "not any more").await,
        Err(PhoneError::Refused { .. })
    ));
    let last = bob
        .send_text(&group, "without carol again")
        .await
        .expect("sent");
    message(&alice, &last.id).await;
    assert_eq!(
        carol.chat(&group).expect("the chat").texts(),
        ["with carol", "not any more"]
    );
    assert!(bob.add_members(&group, &["5511999999999"]).await.is_err());
    bob.set_subject(&group, "New name").await.expect("renamed");
    let code = bob.invite_code(&group).await.expect("a code");
    carol.join(&code).await.expect("joined");
    bob.send_text(&group, "welcome back").await.expect("sent");
    assert_eq!(
        carol.next_message(DEADLINE).await.expect("got").text(),
        "welcome back"
    );
}

#[tokio::test]
async fn in_groups_too_what_cannot_be_read_is_sent_again() {
    let simulator = simulator().await;
    let options = ClientOptions {
        hurry: 10,
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options).await;
    let bob = simulator.phone(BOB);
    let group = bob.create_group("Team", &[ALICE]).await.expect("made");
    let jid: Jid = group.parse().expect("an address");
    let sent = bob.send_text(&group, "one").await.expect("sent");
    message(&alice, &sent.id).await;
    alice
        .send_message(jid.clone(), text("two"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("got");

    for (at, from_phone) in [
        (FaultPoint::ToClient, true),
        (FaultPoint::FromClient, false),
    ] {
        let rule = FaultRule::new(at, Fault::DamageCiphertext)
            .account(ALICE)
            .stanza(StanzaFilter::tag("message"))
            .times(1);
        simulator.faults().add(rule).expect("a valid rule");
        if from_phone {
            let sent = bob
                .send_text(&group, "damaged for alice")
                .await
                .expect("sent");
            message(&alice, &sent.id).await;
        } else {
            alice
                .send_message(jid.clone(), text("damaged for bob"))
                .await
                .expect("sent");
            bob.wait_for(DEADLINE, |view| {
                view.with_text("damaged for bob").next().map(|_| ())
            })
            .await
            .expect("it comes again");
        }
    }
    assert_eq!(simulator.faults().strikes().len(), 2);
    let sent = bob.send_text(&group, "and on").await.expect("sent");
    message(&alice, &sent.id).await;
}
