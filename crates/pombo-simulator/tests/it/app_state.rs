//! Collections of an account, shared by its companions.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, Client, RawCompanion, attribute, simulator};

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

fn sync(collection: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("id", "sync")
        .attr("xmlns", "w:sync:app:state")
        .attr("type", "set")
        .attr("to", "s.whatsapp.net")
        .children([NodeBuilder::new("sync").children([collection]).build()])
        .build()
}

fn collection(version: u32) -> NodeBuilder {
    NodeBuilder::new("collection")
        .attr("name", "regular_low")
        .attr("version", version)
}

fn patch(version: u32) -> Node {
    let patch = wa::SyncdPatch {
        snapshot_mac: Some(vec![1; 32]),
        ..Default::default()
    };
    collection(version)
        .children([NodeBuilder::new("patch")
            .bytes(patch.encode_to_vec())
            .build()])
        .build()
}

async fn answer(companion: &mut RawCompanion) -> Node {
    let answer = companion.next("iq").await;
    answer
        .get_optional_child("sync")
        .and_then(|sync| sync.get_optional_child("collection"))
        .expect("the collection")
        .clone()
}

#[tokio::test]
async fn a_patch_on_an_old_version_is_a_conflict_and_brings_what_is_missing() {
    let simulator = simulator().await;
    let mut one = RawCompanion::linked(&simulator, ALICE).await;
    let mut other = RawCompanion::linked(&simulator, ALICE).await;
    one.send(sync(patch(0))).await;
    assert_eq!(attribute(&answer(&mut one).await, "version"), "1");
    let notification = other.next("notification").await;
    assert_eq!(attribute(&notification, "type"), "server_sync");
    let changed = notification
        .get_optional_child("collection")
        .expect("which one");
    assert_eq!(attribute(changed, "name"), "regular_low");
    assert_eq!(attribute(changed, "version"), "1");

    other.send(sync(patch(0))).await;
    let conflict = answer(&mut other).await;
    assert_eq!(attribute(&conflict, "type"), "error");
    let error = conflict.get_optional_child("error").expect("the error");
    assert_eq!(attribute(error, "code"), "409");
    let missing = conflict.get_optional_child("patches").expect("the patches");
    assert_eq!(missing.get_children_by_tag("patch").count(), 1);

    other.send(sync(patch(1))).await;
    assert_eq!(attribute(&answer(&mut other).await, "version"), "2");
    one.send(sync(collection(1).build())).await;
    let newer = answer(&mut one).await;
    assert_eq!(attribute(&newer, "version"), "2");
    let newer = newer.get_optional_child("patches").expect("the patches");
    assert_eq!(newer.get_children_by_tag("patch").count(), 1);
    // Nothing new: nothing but the name.
    one.send(sync(collection(2).build())).await;
    assert!(answer(&mut one).await.content.is_none());
}
