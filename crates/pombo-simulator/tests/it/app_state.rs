//! Collections of an account, shared by its companions.

use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, simulator};

#[tokio::test]
async fn a_change_of_one_companion_reaches_the_other() {
    let simulator = simulator().await;
    simulator.add_account(BOB, "Bob");
    let first = Client::linked(&simulator, ALICE).await;
    let second = Client::linked(&simulator, ALICE).await;
    let chat = format!("{BOB}@s.whatsapp.net").parse().expect("an address");
    first
        .chat_actions()
        .pin_chat(&chat)
        .await
        .expect("the patch is accepted");
    let pinned = second
        .wait("the pinned chat", |event| match event {
            Event::PinUpdate(update) => Some((update.jid.to_string(), update.action.pinned)),
            _ => None,
        })
        .await;
    assert_eq!(pinned, (chat.to_string(), Some(true)));
    // The other way round: the second one's patch is made on the version that it has just learned of.
    second
        .chat_actions()
        .archive_chat(&chat, None)
        .await
        .expect("the patch is accepted");
    first
        .wait("the archived chat", |event| match event {
            Event::ArchiveUpdate(update) => Some(update.jid.to_string()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_new_companion_gets_what_was_set_before_as_a_snapshot() {
    let simulator = simulator().await;
    simulator.add_account(BOB, "Bob");
    let first = Client::linked(&simulator, ALICE).await;
    let chat = format!("{BOB}@s.whatsapp.net").parse().expect("an address");
    let actions = first.chat_actions();
    actions.pin_chat(&chat).await.expect("accepted");
    actions.unpin_chat(&chat).await.expect("accepted");
    actions.pin_chat(&chat).await.expect("accepted");
    let before = simulator.media().list().len();
    let second = Client::linked(&simulator, ALICE).await;
    let pinned = second
        .wait("the pinned chat", |event| match event {
            Event::PinUpdate(update) => Some((update.action.pinned, update.from_full_sync)),
            _ => None,
        })
        .await;
    assert_eq!(pinned, (Some(true), true));
    assert!(
        simulator.media().list().len() > before,
        "the snapshot is a file"
    );
}
