//! What a client does with messages that are there, as phones show it.

use std::time::Duration;

use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::content;
use pombo_simulator::phone::media::FileKind;
use pombo_simulator::phone::view::{MessageStatus, ShownMessage};
use wacore_binary::JidExt as _;
use waproto::whatsapp as wa;
use whatsapp_rust::Jid;

use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until a phone shows a message in a certain way.
async fn shows(
    phone: &VirtualPhone,
    chat: &str,
    id: &str,
    what: &str,
    wanted: impl Fn(&ShownMessage) -> bool,
) {
    phone
        .wait_for(DEADLINE, |view| {
            view.message(chat, id)
                .filter(|shown| wanted(shown))
                .map(|_| ())
        })
        .await
        .unwrap_or_else(|error| panic!("{what}: {error}"));
}

fn pin(key: &wa::MessageKey, pinned: bool) -> wa::Message {
    use wa::message::pin_in_chat_message::Type;
    wa::Message {
        pin_in_chat_message: wa::message::PinInChatMessage {
            key: key.clone().into(),
            r#type: Some(if pinned {
                Type::PIN_FOR_ALL
            } else {
                Type::UNPIN_FOR_ALL
            }),
            sender_timestamp_ms: Some(1_795_398_065_000),
        }
        .into(),
        message_context_info: wa::MessageContextInfo {
            message_add_on_duration_in_secs: pinned.then_some(86_400),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn keep(key: &wa::MessageKey, kept: bool) -> wa::Message {
    wa::Message {
        keep_in_chat_message: wa::message::KeepInChatMessage {
            key: key.clone().into(),
            keep_type: Some(if kept {
                wa::KeepType::KEEP_FOR_ALL
            } else {
                wa::KeepType::UNDO_KEEP_FOR_ALL
            }),
            timestamp_ms: Some(1_795_398_065_000),
        }
        .into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_a_client_pins_and_keeps_is_pinned_and_kept() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    simulator.add_account(BOB, "Bob");
    simulator.add_account(CAROL, "Carol");
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
    let group = bob
        .create_group("Team", &[ALICE, CAROL])
        .await
        .expect("a group");
    let direct = (Jid::pn(BOB), format!("{ALICE}@s.whatsapp.net"));
    let in_group = (group.parse().expect("an address"), group.clone());
    for (to, chat) in [direct, in_group] {
        let sent = alice
            .send_message(to.clone(), text("remember this"))
            .await
            .expect("it is accepted");
        let id = sent.message_id;
        let mut witnesses = vec![&bob];
        if to.is_group() {
            witnesses.push(&carol);
        }
        let key = wa::MessageKey {
            remote_jid: Some(to.to_string()),
            from_me: Some(true),
            id: Some(id.clone()),
            ..Default::default()
        };
        for on in [true, false] {
            for message in [pin(&key, on), keep(&key, on)] {
                alice
                    .send_message(to.clone(), message)
                    .await
                    .expect("it is accepted");
            }
            for phone in &witnesses {
                let what = format!("pinned and kept: {on}");
                shows(phone, &chat, &id, &what, |shown| {
                    shown.pinned == on && shown.kept == on
                })
                .await;
            }
        }
    }
    simulator.assert_clean();
}

#[tokio::test]
async fn what_a_client_plays_is_played() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    simulator.add_account(BOB, "Bob");
    let bob = simulator.phone(BOB);
    let group = bob.create_group("Team", &[ALICE]).await.expect("a group");
    let direct = (format!("{ALICE}@s.whatsapp.net"), bob.jid());
    for (chat, from) in [direct, (group.clone(), group)] {
        let file = bob
            .upload(FileKind::Audio, &[7; 3000])
            .await
            .expect("he uploads");
        let sent = bob
            .send(&chat, content::voice_note(file, 2, Vec::new()))
            .await
            .expect("he speaks");
        let sender = alice
            .wait("the voice note", |event| {
                event.messages().find_map(|message| {
                    (message.info.id == sent.id).then(|| message.info.source.sender.to_non_ad())
                })
            })
            .await;
        let from: Jid = from.parse().expect("an address");
        let author = from.is_group().then_some(&sender);
        alice
            .mark_as_played(&from, author, &[sent.id.as_str()])
            .await
            .expect("it is accepted");
        shows(&bob, &sent.chat, &sent.id, "played", |shown| {
            shown.status == MessageStatus::Played
        })
        .await;
    }
    simulator.assert_clean();
}
