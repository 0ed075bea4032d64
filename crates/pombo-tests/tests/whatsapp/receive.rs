//! What phones do, and what is told of it.

use pombo_domain::channel::{ChannelEvent, ChatChange, GroupChange, LabelNews, PresenceState};
use pombo_domain::message::MessageStatus;
use pombo_simulator::phone::protobuf as wa;
use serde_json::{Value, json};

use crate::kit::{ALICE, CAROL, Linked, alice_and_bob};

#[tokio::test]
async fn a_text_is_told_with_both_identities() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = bob.send_text(ALICE, "hello").await.expect("he writes");
    let message = alice.message(&sent.id).await;
    assert_eq!(message.message["conversation"], "hello");
    assert_eq!(message.message_type.as_deref(), Some("conversation"));
    assert_eq!(message.push_name.as_deref(), Some("Bob"));
    assert_eq!(message.status, Some(MessageStatus::DeliveryAck));
    let alt = message.key.more.get("remoteJidAlt").and_then(Value::as_str);
    let mut both = vec![
        message.key.remote_jid.as_str(),
        alt.expect("the other identity"),
    ];
    both.sort_unstable();
    let mut wanted = [bob.lid(), bob.jid()];
    wanted.sort_unstable();
    assert_eq!(both, wanted);
    assert_eq!(message.key.participant.as_deref(), Some(""));
    assert!(message.key.more.contains_key("addressingMode"));
}

#[tokio::test]
async fn edits_and_deletions_are_told_as_such_and_never_as_messages() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = bob.send_text(ALICE, "first").await.expect("he writes");
    alice.message(&sent.id).await;
    bob.edit(
        &sent.chat,
        &sent.id,
        pombo_simulator::phone::content::text("second"),
    )
    .await
    .expect("he edits");
    let edit = alice
        .wait("an edit", |event| match event {
            ChannelEvent::Edited(edit) => Some(edit.clone()),
            _ => None,
        })
        .await;
    assert_eq!(edit.target.id, sent.id);
    assert!(!edit.target.from_me);
    assert_eq!(edit.content, json!({"conversation": "second"}));
    assert_eq!(edit.protocol["type"], "MESSAGE_EDIT");

    bob.revoke(&sent.chat, &sent.id).await.expect("he deletes");
    let gone = alice
        .wait("a deletion", |event| match event {
            ChannelEvent::Revoked(gone) => Some(gone.clone()),
            _ => None,
        })
        .await;
    assert_eq!(gone.target.id, sent.id);
    let others = alice.was_told(
        |event| matches!(event, ChannelEvent::Message(message) if message.key.id != sent.id),
    );
    assert!(!others, "only the text itself is a message");
}

#[tokio::test]
async fn reactions_votes_and_own_messages_are_told() {
    let (simulator, alice, bob) = alice_and_bob().await;
    let sent = alice
        .text("3EB000000000000000001A", &bob.jid(), "react")
        .await;
    let chat = crate::send::simulated_chat(&bob, &sent.key.id).await;
    let reaction = bob
        .react(&chat, &sent.key.id, "🔥")
        .await
        .expect("he reacts");
    let message = alice.message(&reaction.id).await;
    assert_eq!(message.message["reactionMessage"]["text"], "🔥");
    let key = &message.message["reactionMessage"]["key"];
    assert_eq!(key["fromMe"], true, "the message is Alice's own");
    assert_eq!(key["id"], sent.key.id.as_str());
    assert_eq!(key["remoteJid"], message.key.remote_jid.as_str());

    let own = simulator.phone(ALICE);
    let from_phone = own
        .send_text(&bob.jid(), "from my phone")
        .await
        .expect("she writes");
    let message = alice.message(&from_phone.id).await;
    assert!(message.key.from_me);
    assert_eq!(message.status, Some(MessageStatus::ServerAck));
    let alt = message.key.more.get("remoteJidAlt").and_then(Value::as_str);
    let peer = [Some(message.key.remote_jid.as_str()), alt];
    assert!(
        peer.contains(&Some(bob.jid().as_str())) && peer.contains(&Some(bob.lid().as_str())),
        "{peer:?}"
    );
}

#[tokio::test]
async fn every_kind_of_content_is_told() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    for (kind, message) in kinds() {
        let sent = bob.send(ALICE, message).await.expect("he sends it");
        let told = alice.message(&sent.id).await;
        assert_eq!(told.message_type.as_deref(), Some(kind));
        assert!(told.message.get(kind).is_some(), "{kind}: {}", told.message);
    }
}

fn kinds() -> Vec<(&'static str, wa::Message)> {
    let mut all = Vec::new();
    let mut add = |kind, fill: &dyn Fn(&mut wa::Message)| {
        let mut message = wa::Message::default();
        fill(&mut message);
        all.push((kind, message));
    };
    add("locationMessage", &|message| {
        message
            .location_message
            .get_or_insert_default()
            .degrees_latitude = Some(1.0);
    });
    add("liveLocationMessage", &|message| {
        message
            .live_location_message
            .get_or_insert_default()
            .degrees_latitude = Some(1.0);
    });
    add("contactMessage", &|message| {
        message.contact_message.get_or_insert_default().display_name = Some("Eve".to_owned());
    });
    add("groupInviteMessage", &|message| {
        message
            .group_invite_message
            .get_or_insert_default()
            .invite_code = Some("abc".to_owned());
    });
    add("listResponseMessage", &|message| {
        message.list_response_message.get_or_insert_default().title = Some("R".to_owned());
    });
    add("buttonsResponseMessage", &|message| {
        message
            .buttons_response_message
            .get_or_insert_default()
            .selected_button_id = Some("1".to_owned());
    });
    add("albumMessage", &|message| {
        message
            .album_message
            .get_or_insert_default()
            .expected_image_count = Some(2);
    });
    add("ephemeralMessage", &|message| {
        let wrapper = message.ephemeral_message.get_or_insert_default();
        wrapper.message.get_or_insert_default().conversation = Some("wrapped".to_owned());
    });
    add("viewOnceMessageV2", &|message| {
        let wrapper = message.view_once_message_v2.get_or_insert_default();
        wrapper
            .message
            .get_or_insert_default()
            .image_message
            .get_or_insert_default()
            .caption = Some("once".to_owned());
    });
    all
}

#[tokio::test]
async fn groups_tell_who_joins_and_what_changes() {
    let (simulator, alice, bob) = alice_and_bob().await;
    simulator.add_account(CAROL, "Carol");
    let group = bob.create_group("Team", &[ALICE]).await.expect("a group");
    let made = alice
        .wait("the group", |event| match event {
            ChannelEvent::Groups(groups) => groups.iter().find(|made| made.id == group).cloned(),
            _ => None,
        })
        .await;
    assert_eq!(made.subject, "Team");
    assert_eq!(made.participants.len(), 2);

    bob.add_members(&group, &[CAROL])
        .await
        .expect("he adds her");
    let joined = alice
        .wait("somebody joins", |event| match event {
            ChannelEvent::GroupChanged(news) => match &news.change {
                GroupChange::Participants {
                    action: "add",
                    participants,
                } => Some(participants.clone()),
                _ => None,
            },
            _ => None,
        })
        .await;
    assert_eq!(joined.len(), 1);

    bob.set_subject(&group, "New name")
        .await
        .expect("he renames it");
    alice
        .wait("another subject", |event| match event {
            ChannelEvent::GroupChanged(news) => match &news.change {
                GroupChange::Metadata(patch) => {
                    (patch.subject.as_deref() == Some("New name")).then_some(())
                }
                _ => None,
            },
            _ => None,
        })
        .await;

    let sent = bob
        .send_text(&group, "hello group")
        .await
        .expect("he writes");
    let message = alice.message(&sent.id).await;
    assert_eq!(message.key.remote_jid, group);
    let participant = message.key.participant.expect("a participant");
    let alt = message
        .key
        .more
        .get("participantAlt")
        .and_then(Value::as_str)
        .expect("the other identity");
    assert!([bob.jid(), bob.lid()].contains(&participant));
    assert!([bob.jid(), bob.lid()].contains(&alt.to_owned()));
    assert_ne!(participant, alt);
}

#[tokio::test]
async fn what_another_device_changes_is_told() {
    let (simulator, alice, bob) = alice_and_bob().await;
    let own = simulator.phone(ALICE);
    let sent = bob.send_text(ALICE, "hello").await.expect("he writes");
    alice.message(&sent.id).await;
    own.save_contact(&bob.jid(), "Bob of the shop")
        .await
        .expect("saved");
    alice
        .wait("the contact", |event| match event {
            ChannelEvent::Contacts(all) => all
                .iter()
                .any(|news| news.name.as_deref() == Some("Bob of the shop"))
                .then_some(()),
            _ => None,
        })
        .await;
    own.archive(&bob.jid(), true).await.expect("archived");
    alice
        .wait("the archive", chat_change(ChatChange::Archived(true)))
        .await;
    own.save_label("11", "VIP", 3).await.expect("a label");
    alice
        .wait("the label", |event| match event {
            ChannelEvent::Label(LabelNews::Edited(label, false)) => {
                (label.name == "VIP" && label.color == "3").then_some(())
            }
            _ => None,
        })
        .await;
    own.label_chat("11", &bob.jid(), true)
        .await
        .expect("labelled");
    alice
        .wait("the label of the chat", |event| {
            matches!(
                event,
                ChannelEvent::Label(LabelNews::Chat { labeled: true, .. })
            )
            .then_some(())
        })
        .await;
}

fn chat_change(wanted: ChatChange) -> impl FnMut(&ChannelEvent) -> Option<()> {
    move |event| match event {
        ChannelEvent::Chat(news) => (news.change == wanted).then_some(()),
        _ => None,
    }
}

#[tokio::test]
async fn typing_is_told() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    alice
        .actions()
        .presence(&bob.jid(), PresenceState::Composing)
        .await
        .expect("she types");
    bob.typing(ALICE).await.expect("he types");
    alice
        .wait("typing", |event| match event {
            ChannelEvent::Presence(news) => (news.state == PresenceState::Composing).then_some(()),
            _ => None,
        })
        .await;
    bob.recording(ALICE).await.expect("he records");
    alice
        .wait("recording", |event| match event {
            ChannelEvent::Presence(news) => (news.state == PresenceState::Recording).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn calls_are_told() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let call = bob.call(ALICE, true).await.expect("he calls");
    let news = alice
        .wait("a call", |event| match event {
            ChannelEvent::Call(news) if news.id == call => Some(news.clone()),
            _ => None,
        })
        .await;
    assert_eq!(news.change.as_str(), "offer");
    assert_eq!(news.video, Some(true));
}

#[tokio::test]
async fn the_past_is_told_in_parts() {
    let simulator = pombo_simulator::Simulator::start()
        .await
        .expect("the simulator starts");
    simulator.add_account(ALICE, "Alice");
    simulator.add_account(crate::kit::BOB, "Bob");
    let (own, bob) = (simulator.phone(ALICE), simulator.phone(crate::kit::BOB));
    let sent = bob.send_text(ALICE, "long ago").await.expect("he writes");
    own.wait_for(crate::kit::DEADLINE, |view| {
        view.with_text("long ago").next().map(|_| ())
    })
    .await
    .expect("she has it");
    let alice = Linked::new(&simulator, ALICE, "Alice").await;
    let old = alice
        .wait("the past", |event| match event {
            ChannelEvent::History(chunk) => chunk
                .messages
                .iter()
                .find(|old| old.key.id == sent.id)
                .cloned(),
            _ => None,
        })
        .await;
    assert_eq!(old.message["conversation"], "long ago");
    assert!(!old.key.from_me);
}
