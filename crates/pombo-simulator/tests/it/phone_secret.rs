//! What is encrypted with the secret of another message, between phones and clients.

use pombo_simulator::phone::content::{self, PollVersion};
use pombo_simulator::phone::protobuf as wa;
use wa::message::event_response_message::EventResponseType;
use whatsapp_rust::features::PollVoteCiphertext;

use crate::kit::{ALICE, BOB, Client, simulator, text};
use crate::phone_message::{DEADLINE, jid, message};

fn secret(message: &wa::Message) -> Vec<u8> {
    message
        .message_context_info
        .message_secret
        .clone()
        .expect("a secret")
}

#[tokio::test]
async fn votes_go_both_ways() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let options = ["red".to_owned(), "blue".to_owned()];

    let poll = bob
        .send(
            ALICE,
            content::poll(PollVersion::V3, "colour?", &["red", "blue"], 1),
        )
        .await
        .expect("sent");
    let got = message(&alice, &poll.id).await;
    alice
        .polls()
        .vote(
            jid(&bob),
            &poll.id,
            &jid(&bob),
            &secret(&got),
            &options[1..],
        )
        .await
        .expect("voted");
    let voter = alice.jid().to_string();
    let shown = bob
        .wait_for(DEADLINE, |view| {
            let poll = view.message(&poll.chat, &poll.id)?;
            poll.votes.contains_key(&voter).then(|| poll.clone())
        })
        .await
        .expect("the vote is shown");
    assert_eq!(
        shown.results(),
        [("red".to_owned(), 0), ("blue".to_owned(), 1)]
    );

    let (poll, secret) = alice
        .polls()
        .create(jid(&bob), "size?", &options, 1)
        .await
        .expect("a poll");
    bob.next_message(DEADLINE).await.expect("the poll");
    let vote = bob
        .vote(ALICE, &poll.message_id, &["red"])
        .await
        .expect("voted");
    let got = message(&alice, &vote.id).await;
    let sealed = got.poll_update_message.vote.as_option().expect("a vote");
    let chosen = alice
        .polls()
        .decrypt_vote(
            PollVoteCiphertext {
                enc_payload: sealed.enc_payload.as_deref().expect("a payload"),
                enc_iv: sealed.enc_iv.as_deref().expect("a vector"),
            },
            &secret,
            &poll.message_id,
            &alice.jid(),
            &jid(&bob),
        )
        .await
        .expect("it can be read");
    assert_eq!(chosen, [wacore::poll::compute_option_hash("red").to_vec()]);
}

#[tokio::test]
async fn answers_to_events_go_both_ways() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);

    let event = bob
        .send(ALICE, content::event("party", None, None, 1_800_000_000))
        .await
        .expect("sent");
    let got = message(&alice, &event.id).await;
    alice
        .events()
        .respond(
            jid(&bob),
            &event.id,
            &jid(&bob),
            &secret(&got),
            EventResponseType::GOING,
            None,
        )
        .await
        .expect("answered");
    let guest = alice.jid().to_string();
    bob.wait_for(DEADLINE, |view| {
        let event = view.message(&event.chat, &event.id)?;
        (event.responses.get(&guest)? == "GOING").then_some(())
    })
    .await
    .expect("the answer is shown");

    let own = content::with_secret(content::event("walk", None, None, 1_800_000_000), [9; 32]);
    let sent = alice.send_message(jid(&bob), own).await.expect("sent");
    let shown = bob.next_message(DEADLINE).await.expect("the event");
    assert_eq!(shown.text(), "walk");
    let answer = bob
        .respond(ALICE, &sent.message_id, EventResponseType::NOT_GOING)
        .await
        .expect("answered");
    let got = message(&alice, &answer.id).await;
    let sealed = got
        .enc_event_response_message
        .as_option()
        .expect("an answer");
    let opened = wacore::event::decrypt_event_response_with_secret(
        sealed.enc_payload.as_deref().expect("a payload"),
        sealed.enc_iv.as_deref().expect("a vector"),
        &secret(&shown.content),
        &sent.message_id,
        &alice.jid().to_string(),
        &bob.jid(),
    )
    .expect("it can be read");
    assert_eq!(opened.response, Some(EventResponseType::NOT_GOING));
}

#[tokio::test]
async fn reactions_and_comments_under_a_secret_are_shown() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(crate::kit::CAROL));
    let post = content::with_secret(content::text("a post"), [5; 32]);
    let sent = bob.send(crate::kit::CAROL, post).await.expect("sent");
    carol.next_message(DEADLINE).await.expect("the post");
    carol
        .react_encrypted(BOB, &sent.id, "👏")
        .await
        .expect("reacted");
    carol
        .comment(BOB, &sent.id, content::text("well said"))
        .await
        .expect("commented");
    let shown = bob
        .wait_for(DEADLINE, |view| {
            let post = view.message(&sent.chat, &sent.id)?;
            (!post.comments.is_empty() && !post.reactions.is_empty()).then(|| post.clone())
        })
        .await
        .expect("both are shown");
    assert_eq!(shown.reactions[&carol.jid()].text, "👏");
    let comment = shown.comments.iter().next().expect("a comment");
    let comment = bob
        .look(|view| view.message(&sent.chat, comment).cloned())
        .expect("shown");
    assert_eq!(comment.text(), "well said");

    // A client reads them, too, once it has the post with its secret.
    let post = content::with_secret(content::text("for alice"), [6; 32]);
    let sent = bob.send(ALICE, post).await.expect("sent");
    message(&alice, &sent.id).await;
    let reaction = bob
        .react_encrypted(ALICE, &sent.id, "🎉")
        .await
        .expect("reacted");
    let got = message(&alice, &reaction.id).await;
    let sealed = got.enc_reaction_message.as_option().expect("a reaction");
    let opened = wacore::reaction::decrypt_reaction_with_secret(
        sealed.enc_payload.as_deref().expect("a payload"),
        sealed.enc_iv.as_deref().expect("a vector"),
        &[6; 32],
        &sent.id,
        &bob.jid(),
        &bob.jid(),
    )
    .expect("it can be read");
    assert_eq!(opened.text.as_deref(), Some("🎉"));
    let comment = bob
        .comment(ALICE, &sent.id, content::text("to myself"))
        .await
        .expect("commented");
    let got = message(&alice, &comment.id).await;
    let sealed = got.enc_comment_message.as_option().expect("a comment");
    let opened = wacore::comment::decrypt_comment_with_secret(
        sealed.enc_payload.as_deref().expect("a payload"),
        sealed.enc_iv.as_deref().expect("a vector"),
        &[6; 32],
        &sent.id,
        &bob.jid(),
        &bob.jid(),
    )
    .expect("it can be read");
    assert_eq!(opened.conversation.as_deref(), Some("to myself"));
}

#[tokio::test]
async fn without_a_secret_there_is_nothing_to_vote_for() {
    use pombo_simulator::phone::PhoneError;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let sent = bob.send_text(ALICE, "no poll").await.expect("sent");
    assert!(matches!(
        bob.vote(ALICE, &sent.id, &["red"]).await,
        Err(PhoneError::NoSecret(_))
    ));
    assert!(matches!(
        bob.vote(ALICE, "NO-SUCH-ID", &["red"]).await,
        Err(PhoneError::NoMessage { .. })
    ));
    alice
        .send_message(jid(&bob), text("bye"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("a message");
}
