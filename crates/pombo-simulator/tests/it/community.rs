//! Communities.

use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::{
    CommunityError, CreateCommunityOptions, GroupCreateOptions, GroupError,
    GroupParticipantOptions, GroupType, Jid, group_type,
};

use crate::kit::query::code;
use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

async fn community(creator: &Client) -> Jid {
    creator
        .community()
        .create(CreateCommunityOptions::new("Village"))
        .await
        .expect("the community is made")
        .metadata
        .id
}

async fn wait_for(client: &Client, what: &str, find: fn(&Action) -> bool) -> Jid {
    client
        .wait(what, |event| match event {
            Event::GroupUpdate(update) => find(&update.action).then(|| update.group_jid.clone()),
            _ => None,
        })
        .await
}

fn refusal(error: &CommunityError) -> u16 {
    match error {
        CommunityError::Iq(error) => code(error),
        CommunityError::Group(GroupError::Iq(error)) => code(error),
        other => panic!("not a refusal: {other}"),
    }
}

#[tokio::test]
async fn a_community_comes_with_announcements_and_a_general_chat() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let mut options = CreateCommunityOptions::new("Village");
    options.description = Some("All of us".to_owned());
    options.closed = true;
    let created = alice
        .community()
        .create(options)
        .await
        .expect("the community is made")
        .metadata;
    assert_eq!(group_type(&created), GroupType::Community);
    let seen = alice
        .groups()
        .get_metadata(&created.id)
        .await
        .expect("a member");
    assert!(seen.is_parent_group && seen.parent_membership_approval_required);
    assert_eq!(seen.description.as_deref(), Some("All of us"));
    let groups = alice
        .community()
        .get_subgroups(&created.id)
        .await
        .expect("a member");
    assert_eq!(groups.len(), 2);
    assert!(groups[0].is_default_sub_group);
    assert_eq!(groups[0].subject, "Village");
    assert!(groups[1].is_general_chat);
    let announcements = alice
        .groups()
        .get_metadata(&groups[0].id)
        .await
        .expect("a member");
    assert_eq!(
        group_type(&announcements),
        GroupType::LinkedAnnouncementGroup
    );
    assert_eq!(announcements.parent_group_jid, Some(created.id.clone()));
    assert!(announcements.is_announcement);
    let counts = alice
        .community()
        .get_subgroup_participant_counts(&created.id)
        .await
        .expect("a member");
    assert_eq!(
        counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(),
        [1, 1]
    );
    let own = alice
        .community()
        .get_participating()
        .await
        .expect("an answer");
    assert_eq!(own.keys().collect::<Vec<_>>(), [&created.id]);
    simulator.assert_clean();
}

#[tokio::test]
async fn groups_are_linked_joined_and_unlinked() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let carol = Client::linked(&simulator, CAROL).await;
    let village = community(&alice).await;
    let choir = alice
        .groups()
        .create_group(
            GroupCreateOptions::new("Choir")
                .with_participant(GroupParticipantOptions::new(bob.jid())),
        )
        .await
        .expect("the group is made")
        .metadata
        .id;
    let missing: Jid = "120363000000000001@g.us".parse().expect("an address");
    let linked = alice
        .community()
        .link_subgroups(&village, &[choir.clone(), missing.clone()])
        .await
        .expect("an admin of both");
    assert_eq!(linked.linked_jids, std::slice::from_ref(&choir));
    assert_eq!(linked.failed_groups, [(missing, 404)]);
    let told = wait_for(
        &bob,
        "the link",
        |action| matches!(action, Action::Link { link_type, .. } if link_type == "parent_group"),
    )
    .await;
    assert_eq!(told, choir);
    // Bob is in the community and its announcements now.
    wait_for(&bob, "the announcements", |action| {
        matches!(action, Action::Add { .. })
    })
    .await;
    let people = bob
        .community()
        .get_linked_groups_participants(&village)
        .await
        .expect("a member");
    assert_eq!(people.len(), 2);
    assert!(
        people
            .iter()
            .any(|person| { person.jid == bob.lid() && person.phone_number == Some(bob.jid()) })
    );
    let garden = alice
        .community()
        .create_subgroup("Garden", &[carol.jid()], &village)
        .await
        .expect("an admin")
        .metadata;
    assert_eq!(group_type(&garden), GroupType::LinkedSubgroup);
    let seen = bob
        .community()
        .query_linked_group(&village, &garden.id)
        .await
        .expect("everybody in the community may ask");
    assert_eq!(seen.subject, "Garden");
    let joined = bob
        .community()
        .join_subgroup(&village, &garden.id)
        .await
        .expect("everybody in the community may join");
    assert!(joined.participants.iter().any(|one| one.jid == bob.lid()));
    wait_for(&carol, "Bob's arrival", |action| {
        matches!(action, Action::Add { reason, .. } if reason.as_deref() == Some("linked_group_join"))
    })
    .await;
    let sent = bob
        .send_message(garden.id.clone(), text("roses"))
        .await
        .expect("a member");
    assert!(!sent.message_id.is_empty());
    carol.text("roses").await;

    let unlinked = alice
        .community()
        .unlink_subgroups(&village, std::slice::from_ref(&choir), false)
        .await
        .expect("an admin");
    assert_eq!(unlinked.unlinked_jids, std::slice::from_ref(&choir));
    wait_for(&bob, "the end of the link", |action| {
        matches!(action, Action::Unlink { unlink_type, .. } if unlink_type == "parent_group")
    })
    .await;
    let alone = bob.groups().get_metadata(&choir).await.expect("a member");
    assert_eq!(group_type(&alone), GroupType::Default);

    let results = alice
        .community()
        .remove_participants(&village, &[carol.jid()])
        .await
        .expect("an admin");
    assert!(results[0].is_ok());
    let error = carol.groups().get_metadata(&garden.id).await;
    assert!(matches!(error, Err(GroupError::Iq(error)) if code(&error) == 403));
    simulator.assert_clean();
}

#[tokio::test]
async fn only_admins_rule_a_community_and_it_ends_once() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let village = community(&alice).await;
    let error = bob.community().deactivate(&village).await;
    assert_eq!(refusal(&error.expect_err("not a member")), 403);
    alice
        .groups()
        .add_participants(&village, &[bob.jid()])
        .await
        .expect("an admin");
    let error = bob.community().deactivate(&village).await;
    assert_eq!(refusal(&error.expect_err("no admin")), 403);
    let error = bob.community().create_subgroup("Mine", &[], &village).await;
    assert_eq!(refusal(&error.expect_err("only admins make groups")), 403);
    let groups = alice
        .community()
        .get_subgroups(&village)
        .await
        .expect("a member");
    alice
        .community()
        .deactivate(&village)
        .await
        .expect("an admin");
    wait_for(&bob, "the end", |action| {
        matches!(action, Action::Delete { .. })
    })
    .await;
    let error = alice.groups().get_metadata(&village).await;
    assert!(matches!(error, Err(GroupError::Iq(error)) if code(&error) == 404));
    let general = groups
        .iter()
        .find(|group| group.is_general_chat)
        .expect("there was one");
    let left = alice
        .groups()
        .get_metadata(&general.id)
        .await
        .expect("groups live on");
    assert!(left.parent_group_jid.is_none());
    simulator.assert_clean();
}
