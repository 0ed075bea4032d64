//! What a phone does for its own companions: history, keys, settings, files that are gone.

use pombo_simulator::phone::app_state::Change;
use pombo_simulator::phone::content;
use pombo_simulator::phone::history::{HistorySettings, InventedPast};
use pombo_simulator::phone::media::FileKind;
use pombo_simulator::phone::protobuf as wa;
use pombo_simulator::phone::protobuf::history_sync::HistorySyncType;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::{Jid, NodeFilter};

use crate::kit::{ALICE, BOB, Client, ClientOptions, simulator, text};
use crate::phone_message::{DEADLINE, jid, message};

/// For each chat the texts as they came, of the next blob of history of that kind; blobs may overtake each other.
async fn history(
    client: &Client,
    kind: HistorySyncType,
) -> (Vec<(String, Vec<String>)>, wa::HistorySync) {
    client
        .wait("history", |event| {
            let Event::HistorySync(history) = event else {
                return None;
            };
            if history.sync_type() != kind as i32 {
                return None;
            }
            let content = history.get()?;
            let chats = content.conversations.iter().map(|chat| {
                let messages = chat
                    .messages
                    .iter()
                    .filter_map(|one| one.message.as_option());
                let texts = messages.filter_map(|one| one.message.conversation.clone());
                (chat.id.clone(), texts.collect())
            });
            Some((chats.collect(), (*content).clone()))
        })
        .await
}

#[tokio::test]
async fn a_new_companion_gets_the_past_newest_first_and_more_when_it_asks() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let own = simulator.phone(ALICE);
    own.set_history(HistorySettings {
        initial_messages: 2,
        recent_messages: 2,
        chats_per_blob: 10,
    });
    own.invent_past(InventedPast {
        chats: 2,
        messages: 8,
        contacts: 3,
    });
    own.set_nct_salt(&[7; 32]).await.expect("set");
    let alice = Client::linked(&simulator, ALICE).await;

    let (chats, content) = history(&alice, HistorySyncType::INITIAL_BOOTSTRAP).await;
    assert_eq!(chats.len(), 2);
    assert_eq!(chats[0].1, ["message 7 of chat 0", "message 6 of chat 0"]);
    assert_eq!(content.nct_salt.as_deref(), Some([7; 32].as_slice()));
    assert_eq!(content.conversations[0].name.as_deref(), Some("Person 0"));
    let (_, names) = history(&alice, HistorySyncType::PUSH_NAME).await;
    assert_eq!(names.pushnames.len(), 2);
    let (recent, _) = history(&alice, HistorySyncType::RECENT).await;
    assert_eq!(recent[1].1, ["message 5 of chat 1", "message 4 of chat 1"]);

    let chat: Jid = recent[0].0.parse().expect("an address");
    let oldest = own
        .look(|view| view.chat(&recent[0].0).map(|chat| chat.messages[4].clone()))
        .expect("shown");
    alice
        .fetch_message_history(&chat, &oldest.id, oldest.from_me, 0, 3)
        .await
        .expect("asked");
    let (more, _) = history(&alice, HistorySyncType::ON_DEMAND).await;
    assert_eq!(more.len(), 1);
    assert_eq!(
        more[0].1,
        [
            "message 3 of chat 0",
            "message 2 of chat 0",
            "message 1 of chat 0"
        ]
    );
}

#[tokio::test]
async fn a_phone_without_a_past_still_says_that_the_history_is_complete() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (chats, content) = history(&alice, HistorySyncType::INITIAL_BOOTSTRAP).await;
    assert!(chats.is_empty());
    assert_eq!(content.progress, Some(100));
}

#[tokio::test]
async fn a_client_without_a_name_gets_that_of_the_account() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice Account");
    let options = ClientOptions {
        name: None,
        ..ClientOptions::default()
    };
    let alice = Client::linked_with(&simulator, ALICE, options).await;
    crate::kit::eventually("the name", || alice.push_name() == "Alice Account").await;
    simulator
        .phone(ALICE)
        .set_name("Alice the Second")
        .await
        .expect("renamed");
    crate::kit::eventually("the new name", || alice.push_name() == "Alice the Second").await;
    // Whatever the client has said before: its next sign of presence carries the name that it has now.
    alice
        .presence()
        .set_available()
        .await
        .expect("it has a name");
    let bob = simulator.phone(BOB);
    alice
        .send_message(jid(&bob), text("hello"))
        .await
        .expect("sent");
    assert_eq!(
        bob.next_message(DEADLINE).await.expect("a message").name,
        "Alice the Second"
    );
}

#[tokio::test]
async fn what_the_phone_changes_reaches_the_companion() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let own = simulator.phone(ALICE);
    let bob = simulator.phone(BOB);
    let sent = own.send_text(BOB, "hello").await.expect("sent");
    message(&alice, &sent.id).await;

    own.save_contact(BOB, "Bob B").await.expect("saved");
    let contact = alice
        .wait("a contact", |event| match event {
            Event::ContactUpdate(update) => {
                Some((update.jid.to_string(), (*update.action).clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(contact.0, bob.jid());
    assert_eq!(contact.1.full_name.as_deref(), Some("Bob B"));
    assert_eq!(contact.1.lid_jid.as_deref(), Some(bob.lid().as_str()));

    own.save_label("5", "vip", 2).await.expect("saved");
    alice
        .wait("a label", |event| match event {
            Event::LabelEditUpdate(update) => (update.label_id == "5"
                && update.action.name.as_deref() == Some("vip"))
            .then_some(()),
            _ => None,
        })
        .await;
    own.label_chat("5", BOB, true).await.expect("labelled");
    alice
        .wait("a label on a chat", |event| match event {
            Event::LabelAssociationUpdate(update) => {
                (update.action.labeled == Some(true)).then_some(())
            }
            _ => None,
        })
        .await;
    own.archive(BOB, true).await.expect("archived");
    own.pin_chat(BOB, true).await.expect("pinned");
    own.mute(BOB, Some(-1)).await.expect("muted");
    own.star(BOB, &sent.id, true).await.expect("starred");
    own.mark_chat(BOB, false).await.expect("marked");
    own.delete_for_me(BOB, &sent.id).await.expect("deleted");
    own.clear_chat(BOB).await.expect("cleared");
    own.delete_chat(BOB).await.expect("deleted");
    own.change(Change::MuteStatus {
        jid: bob.jid(),
        muted: true,
    })
    .await
    .expect("muted");
    alice
        .wait("archived", |event| match event {
            Event::ArchiveUpdate(update) => (update.action.archived == Some(true)).then_some(()),
            _ => None,
        })
        .await;
    alice
        .wait("pinned", |event| match event {
            Event::PinUpdate(update) => (update.action.pinned == Some(true)).then_some(()),
            _ => None,
        })
        .await;
    alice
        .wait("muted", |event| match event {
            Event::MuteUpdate(update) => (update.action.muted == Some(true)).then_some(()),
            _ => None,
        })
        .await;
    alice
        .wait("starred", |event| {
            matches!(event, Event::StarUpdate(_)).then_some(())
        })
        .await;
    alice
        .wait("unread", |event| match event {
            Event::MarkChatAsReadUpdate(update) => {
                (update.action.read == Some(false)).then_some(())
            }
            _ => None,
        })
        .await;
    alice
        .wait("deleted", |event| {
            matches!(event, Event::DeleteMessageForMeUpdate(_)).then_some(())
        })
        .await;
    alice
        .wait("cleared", |event| {
            matches!(event, Event::ClearChatUpdate(_)).then_some(())
        })
        .await;
    alice
        .wait("deleted", |event| {
            matches!(event, Event::DeleteChatUpdate(_)).then_some(())
        })
        .await;
    alice
        .wait("a hidden status", |event| {
            matches!(event, Event::UserStatusMuteUpdate(_)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_the_companion_changes_is_shown_on_the_phone() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let own = simulator.phone(ALICE);
    let bob = simulator.phone(BOB);
    let chat = bob.jid();
    let sent = alice
        .send_message(jid(&bob), text("hello"))
        .await
        .expect("sent");
    let id = sent.message_id.as_str();
    own.wait_for(DEADLINE, |view| view.message(&chat, id).map(|_| ()))
        .await
        .expect("shown");

    let actions = alice.chat_actions();
    actions
        .archive_chat(&jid(&bob), None)
        .await
        .expect("archived");
    actions.pin_chat(&jid(&bob)).await.expect("pinned");
    actions.mute_chat(&jid(&bob)).await.expect("muted");
    actions
        .star_message(&jid(&bob), None, id, true)
        .await
        .expect("starred");
    actions
        .mark_chat_as_read(&jid(&bob), false, None)
        .await
        .expect("marked");
    actions
        .save_contact(
            &jid(&bob),
            Some("Bob B".to_owned()),
            Some("Bob".to_owned()),
            true,
        )
        .await
        .expect("saved");
    alice
        .labels()
        .create_label("7", "new", 1)
        .await
        .expect("made");
    alice
        .labels()
        .add_chat_label("7", &jid(&bob))
        .await
        .expect("labelled");
    own.wait_for(DEADLINE, |view| {
        let shown = view.chat(&chat)?;
        let contact = view.contacts.get(&chat)?;
        (shown.archived
            && shown.pinned
            && shown.muted_until == Some(-1)
            && shown.marked_unread
            && shown.labels.contains("7")
            && view.labels.get("7")?.name == "new"
            && contact.full_name == "Bob B"
            && shown.message(id)?.starred)
            .then_some(())
    })
    .await
    .expect("everything is shown");

    // Changes of both sides follow each other in one chain.
    own.archive(BOB, false).await.expect("back");
    actions.unpin_chat(&jid(&bob)).await.expect("unpinned");
    own.wait_for(DEADLINE, |view| {
        let shown = view.chat(&chat)?;
        (!shown.archived && !shown.pinned).then_some(())
    })
    .await
    .expect("shown");
    actions
        .delete_message_for_me(&jid(&bob), None, id, true, true, None)
        .await
        .expect("deleted");
    own.wait_for(DEADLINE, |view| {
        view.chat(&chat)?.messages.is_empty().then_some(())
    })
    .await
    .expect("the message is gone");
}

#[tokio::test]
async fn a_phone_shares_its_keys_with_the_companion_that_asks_over_a_new_session() {
    use whatsapp_rust::waproto::buffa::Message as _;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    history(&alice, HistorySyncType::INITIAL_BOOTSTRAP).await;
    let own = simulator.phone(ALICE);
    let phone: Jid = own.lid().parse().expect("an address");
    alice
        .signal()
        .delete_sessions(std::slice::from_ref(&phone))
        .await
        .expect("forgotten");
    alice
        .signal()
        .assert_sessions(std::slice::from_ref(&phone))
        .await
        .expect("begun anew");
    let request = wa::Message {
        protocol_message: wa::message::ProtocolMessage {
            r#type: Some(wa::message::protocol_message::Type::APP_STATE_SYNC_KEY_REQUEST),
            app_state_sync_key_request: wa::message::AppStateSyncKeyRequest {
                key_ids: Vec::new(),
            }
            .into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let mut padded = request.encode_to_vec();
    padded.push(1);
    let (_, ciphertext) = alice
        .signal()
        .encrypt_message(&phone, &padded)
        .await
        .expect("encrypted");
    let answer = alice.wait_for_node(NodeFilter::tag("message").attr("category", "peer"));
    let stanza = wacore_binary::builder::NodeBuilder::new("message")
        .attr("to", phone.clone())
        .attr("id", "3EB0AAAAAAAAAAAAAAAAAA")
        .attr("type", "protocol")
        .attr("category", "peer")
        .children([wacore_binary::builder::NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "pkmsg")
            .bytes(ciphertext)
            .build()])
        .build();
    alice.send_node(stanza).await.expect("sent");
    let answer = tokio::time::timeout(DEADLINE, answer)
        .await
        .expect("in time")
        .expect("an answer");
    let from = answer.get().get_attr("from").expect("from").to_string();
    assert!(from.contains("@lid"), "{from}");
}

#[tokio::test]
async fn a_file_that_is_gone_is_uploaded_again_by_the_own_phone() {
    use whatsapp_rust::features::MediaReuploadRequest;
    use whatsapp_rust::wacore::media_retry::MediaRetryResult;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let file = bob
        .upload(FileKind::Image, b"a picture")
        .await
        .expect("uploaded");
    let path = file.direct_path.clone();
    let sent = bob
        .send(ALICE, content::image(file, content::Picture::default()))
        .await
        .expect("sent");
    let got = message(&alice, &sent.id).await;
    let mut image = got.image_message.as_option().cloned().expect("an image");
    simulator
        .phone(ALICE)
        .wait_for(DEADLINE, |view| {
            view.message(&bob.jid(), &sent.id).map(|_| ())
        })
        .await
        .expect("the own phone has it");
    assert!(simulator.media().remove(&path, 410));
    assert!(alice.download(&image).await.is_err());

    let key = image.media_key.clone().expect("a key");
    let chat = jid(&bob);
    let request = |id| MediaReuploadRequest {
        msg_id: id,
        chat_jid: &chat,
        media_key: &key,
        is_from_me: false,
        participant: None,
    };
    let answer = alice.media_reupload().request(&request(&sent.id)).await;
    let MediaRetryResult::Success { direct_path } = answer.expect("an answer") else {
        panic!("the file is there");
    };
    assert_ne!(direct_path, path);
    image.direct_path = Some(direct_path);
    image.url = None;
    assert_eq!(
        alice.download(&image).await.expect("downloaded"),
        b"a picture"
    );

    let answer = alice.media_reupload().request(&request("NO-SUCH-ID")).await;
    assert!(
        matches!(answer, Ok(MediaRetryResult::NotFound)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn calls_ring_are_refused_taken_and_missed() {
    use pombo_simulator::phone::view::CallState;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (own, bob) = (simulator.phone(ALICE), simulator.phone(BOB));

    let call = bob.call(ALICE, false).await.expect("it rings");
    let incoming = alice
        .wait("a call", |event| match event {
            Event::IncomingCall(incoming) => Some(incoming.clone()),
            _ => None,
        })
        .await;
    assert_eq!(incoming.action.call_id(), call);
    own.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Ringing).then_some(())
    })
    .await
    .expect("the own phone rings, too");
    alice.voip().reject(&incoming).await.expect("refused");
    bob.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Rejected).then_some(())
    })
    .await
    .expect("the caller is told");

    let call = bob.call(ALICE, true).await.expect("it rings");
    own.wait_for(DEADLINE, |view| view.call(&call)?.video.then_some(()))
        .await
        .expect("it rings");
    bob.hang_up(&call).await.expect("hung up");
    own.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Missed).then_some(())
    })
    .await
    .expect("it is missed");
    alice
        .wait("the end of the ringing", |event| match event {
            Event::IncomingCall(ended) if ended.action.call_id() == call => {
                format!("{:?}", ended.action)
                    .contains("Terminate")
                    .then_some(())
            }
            _ => None,
        })
        .await;

    let call = bob.call(ALICE, false).await.expect("it rings");
    own.wait_for(DEADLINE, |view| view.call(&call).map(|_| ()))
        .await
        .expect("it rings");
    own.accept(&call).await.expect("taken");
    bob.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Accepted).then_some(())
    })
    .await
    .expect("the caller is told");
    bob.hang_up(&call).await.expect("hung up");
    own.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Ended).then_some(())
    })
    .await
    .expect("it is over");
}

#[tokio::test]
async fn a_message_that_a_companion_could_not_read_comes_from_its_own_phone() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (own, bob) = (simulator.phone(ALICE), simulator.phone(BOB));
    let sent = bob.send_text(ALICE, "once more").await.expect("sent");
    let info = alice
        .wait("the message", |event| {
            let mut messages = event.messages();
            let found = messages.find(|message| message.info.id == sent.id);
            found.map(|message| std::sync::Arc::new((*message.info).clone()))
        })
        .await;
    own.wait_for(DEADLINE, |view| {
        view.message(&bob.jid(), &sent.id).map(|_| ())
    })
    .await
    .expect("the phone has it");
    alice
        .send_pdo_placeholder_resend_request(&info)
        .await
        .expect("asked");
    let again = message(&alice, &sent.id).await;
    assert_eq!(again.conversation.as_deref(), Some("once more"));
}

#[tokio::test]
async fn the_first_session_of_a_companion_with_its_phone_is_under_the_hidden_address() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let alice = Client::start(&simulator, ClientOptions::default()).await;
    let qr = alice.qr_code().await;
    // The key share is the first message that comes.
    let first = alice.wait_for_node(NodeFilter::tag("message"));
    simulator.scan(ALICE, &qr).expect("linked");
    alice.connected().await;
    let first = tokio::time::timeout(DEADLINE, first)
        .await
        .expect("in time")
        .expect("a message");
    let attribute = |key| {
        let value = first.get().get_attr(key);
        value.map(|value| value.to_string()).unwrap_or_default()
    };
    assert_eq!(attribute("from"), simulator.phone(ALICE).lid());
    assert_eq!(attribute("category"), "peer");
    assert_eq!(attribute("recipient"), "");
    history(&alice, HistorySyncType::INITIAL_BOOTSTRAP).await;
    assert!(
        simulator.pre_keys(ALICE, 1) > 0,
        "the companion had uploaded its keys before"
    );
}
