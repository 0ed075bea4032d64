//! What is done with messages that are there.

use pombo_domain::channel::{ChannelError, ChannelEvent, ChatChange};
use pombo_domain::message::MessageKey;
use pombo_simulator::phone::content::Picture;
use pombo_simulator::phone::media::{FileKind, UploadedFile};
use pombo_simulator::phone::protobuf as wa;
use pombo_simulator::phone::view::MessageStatus;
use serde_json::json;

use crate::kit::{ALICE, DEADLINE, alice_and_bob};
use crate::send::simulated_chat;

#[tokio::test]
async fn a_text_is_edited_and_deleted_on_the_phone() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = alice
        .text("3EB000000000000000001A", &bob.jid(), "first")
        .await;
    let chat = simulated_chat(&bob, &sent.key.id).await;
    let edit = alice
        .actions()
        .edit(&sent.key, &json!({"conversation": "second"}))
        .await
        .expect("it is edited");
    assert_eq!(edit.protocol["type"], "MESSAGE_EDIT");
    assert_eq!(
        edit.protocol["editedMessage"],
        json!({"extendedTextMessage": {"text": "second"}})
    );
    assert_ne!(edit.key.id, sent.key.id);
    bob.wait_for(DEADLINE, |view| {
        (view.message(&chat, &sent.key.id)?.text() == "second").then_some(())
    })
    .await
    .expect("the phone shows the edit");

    let gone = alice
        .actions()
        .revoke(&sent.key)
        .await
        .expect("it is deleted");
    assert_eq!(gone.protocol["type"], "REVOKE");
    bob.wait_for(DEADLINE, |view| {
        view.message(&chat, &sent.key.id)?.deleted.then_some(())
    })
    .await
    .expect("the phone shows that it is gone");
}

#[tokio::test]
async fn an_admin_deletes_somebody_elses_message() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let group = bob.create_group("Team", &[ALICE]).await.expect("a group");
    bob.promote(&group, &[ALICE])
        .await
        .expect("she is an admin");
    let sent = bob.send_text(&group, "delete me").await.expect("he writes");
    let message = alice.message(&sent.id).await;
    alice
        .actions()
        .revoke(&message.key)
        .await
        .expect("it is deleted");
    bob.wait_for(DEADLINE, |view| {
        view.message(&group, &sent.id)?.deleted.then_some(())
    })
    .await
    .expect("the phone shows that it is gone");
}

#[tokio::test]
async fn reading_is_told_to_the_sender() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = bob.send_text(ALICE, "read me").await.expect("he writes");
    let message = alice.message(&sent.id).await;
    alice
        .actions()
        .mark_read(std::slice::from_ref(&message.key))
        .await
        .expect("it is read");
    bob.wait_for(DEADLINE, |view| {
        (view.message(&sent.chat, &sent.id)?.status >= MessageStatus::Read).then_some(())
    })
    .await
    .expect("the phone shows that it is read");
    alice
        .actions()
        .mark_played(&[message.key])
        .await
        .expect("it is played");
    bob.wait_for(DEADLINE, |view| {
        (view.message(&sent.chat, &sent.id)?.status >= MessageStatus::Played).then_some(())
    })
    .await
    .expect("the phone shows that it is played");
}

#[tokio::test]
async fn files_of_phones_are_downloaded_also_when_the_network_lost_them() {
    let (simulator, alice, bob) = alice_and_bob().await;
    for bytes in [vec![5; 3000], vec![6; 3_000_000]] {
        let file = bob
            .upload(FileKind::Image, &bytes)
            .await
            .expect("he uploads");
        let sent = bob.send(ALICE, picture(file)).await.expect("he sends it");
        let message = alice.message(&sent.id).await;
        let download = alice
            .actions()
            .download(&message.key, &message.message, DEADLINE)
            .await
            .expect("it is there");
        assert_eq!(content(&download.file), bytes);
    }

    let bytes = vec![8; 2000];
    let file = bob
        .upload(FileKind::Image, &bytes)
        .await
        .expect("he uploads");
    let sent = bob.send(ALICE, picture(file)).await.expect("he sends it");
    let message = alice.message(&sent.id).await;
    let path = message.message["imageMessage"]["directPath"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert!(simulator.media().remove(&path, 410), "the network loses it");
    let download = alice
        .actions()
        .download(&message.key, &message.message, DEADLINE)
        .await
        .expect("the phone has it");
    assert_eq!(content(&download.file), bytes);
    assert_ne!(download.message["imageMessage"]["directPath"], path);
}

fn picture(file: UploadedFile) -> wa::Message {
    pombo_simulator::phone::content::image(file, Picture::default())
}

fn content(file: &pombo_domain::media::MediaFile) -> Vec<u8> {
    use pombo_domain::media::MediaContent;
    match file.content() {
        MediaContent::Memory(bytes) => bytes.to_vec(),
        MediaContent::Disk(path) => std::fs::read(path).expect("the file is there"),
    }
}

#[tokio::test]
async fn a_text_has_no_file() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = alice
        .text("3EB000000000000000001A", &bob.jid(), "first")
        .await;
    let refused = alice
        .actions()
        .download(&sent.key, &sent.message, DEADLINE)
        .await;
    assert!(
        matches!(refused, Err(ChannelError::Invalid(text)) if text == "The message is not of the media type")
    );
}

#[tokio::test]
async fn messages_are_pinned_kept_and_starred() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = bob.send_text(ALICE, "important").await.expect("he writes");
    let key: MessageKey = alice.message(&sent.id).await.key;
    let pin = alice
        .actions()
        .pin(&key, Some(std::time::Duration::from_secs(3600)))
        .expect("a key of a message");
    assert_eq!(pin["pinInChatMessage"]["key"]["id"], *sent.id);
    let keep = alice
        .actions()
        .keep(&key, true)
        .expect("a key of a message");
    assert_eq!(keep["keepInChatMessage"]["keepType"], "KEEP_FOR_ALL");
    alice
        .actions()
        .star(&key, true)
        .await
        .expect("it is starred");
    alice
        .actions()
        .delete_for_me(&key, 1_795_398_107)
        .await
        .expect("it is deleted");
    assert!(!alice.was_told(
        |event| matches!(event, ChannelEvent::Chat(news) if news.change == ChatChange::Deleted)
    ));
}
