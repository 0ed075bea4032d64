//! Groups, seen by their members.

use pombo_simulator::Simulator;
use wacore_binary::NodeContent;
use whatsapp_rust::wacore::request::InfoQuery;
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::wacore::types::events::{Event, GroupUpdate};
use whatsapp_rust::wacore::types::message::AddressingMode;
use whatsapp_rust::{
    BatchGroupResult, GroupCreateOptions, GroupDescription, GroupError, GroupMetadata,
    GroupParticipantOptions, GroupSubject, Jid, JoinGroupResult, MemberAddMode, MemberLinkMode,
    MemberShareHistoryMode, MembershipApprovalMode, ParticipantType, PictureType,
    PreviousDescription,
};

use crate::kit::query::{code, node, text_at};
use crate::kit::{ALICE, BOB, CAROL, Client, DAVE, simulator, text};

/// The smallest thing that passes for a picture.
const JPEG: [u8; 6] = [0xff, 0xd8, 0xff, 0xe0, 1, 2];

async fn create(creator: &Client, members: &[&Client]) -> GroupMetadata {
    let participants = members
        .iter()
        .map(|member| GroupParticipantOptions::new(member.jid()))
        .collect();
    creator
        .groups()
        .create_group(GroupCreateOptions::new("Choir").with_participants(participants))
        .await
        .expect("the group is made")
        .metadata
}

/// Waits for what happened in a group.
async fn update<T>(
    client: &Client,
    what: &str,
    mut find: impl FnMut(&GroupUpdate) -> Option<T>,
) -> T {
    client
        .wait(what, |event| match event {
            Event::GroupUpdate(update) => find(update),
            _ => None,
        })
        .await
}

fn refusal(error: &GroupError) -> u16 {
    match error {
        GroupError::Iq(error) => code(error),
        other => panic!("not a refusal: {other}"),
    }
}

fn subject(text: &str) -> GroupSubject {
    GroupSubject::new(text).expect("short enough")
}

async fn three(simulator: &Simulator) -> [Client; 3] {
    [
        Client::linked(simulator, ALICE).await,
        Client::linked(simulator, BOB).await,
        Client::linked(simulator, CAROL).await,
    ]
}

#[tokio::test]
async fn a_new_group_is_told_to_its_members_by_lid_with_phone_numbers() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob, &carol]).await;
    assert_eq!(group.addressing_mode, AddressingMode::Lid);
    assert_eq!(group.subject, "Choir");
    assert_eq!(group.creator, Some(alice.lid()));
    assert_eq!(group.creator_pn, Some(alice.jid()));
    assert_eq!(group.size, Some(3));
    for member in [&alice, &bob, &carol] {
        let id = update(member, "the new group", |update| match &update.action {
            Action::Create { .. } => Some(update.group_jid.clone()),
            _ => None,
        })
        .await;
        assert_eq!(id, group.id);
        let seen = member
            .groups()
            .get_metadata(&group.id)
            .await
            .expect("members may ask");
        let own = seen
            .participants
            .iter()
            .find(|participant| participant.jid == member.lid())
            .expect("the asker is a member");
        assert_eq!(own.phone_number, Some(member.jid()));
    }
    let creator = group
        .participants
        .iter()
        .find(|participant| participant.jid == alice.lid())
        .expect("the creator is a member");
    assert!(creator.is_super_admin());
    bob.send_message(group.id.clone(), text("in the group"))
        .await
        .expect("members may write");
    for member in [&alice, &carol] {
        let received = member.text("in the group").await;
        assert_eq!(
            received.sender.split([':', '@']).next(),
            Some(bob.lid().user.as_str())
        );
        assert!(
            received.alternative.is_some_and(|jid| jid.starts_with(BOB)),
            "the phone number stands beside the LID"
        );
    }
    simulator.assert_clean();
}

#[tokio::test]
async fn a_network_can_address_groups_by_phone_number() {
    let simulator = Simulator::builder()
        .groups_by_phone_number()
        .start()
        .await
        .expect("the simulator starts");
    let [alice, bob, _carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    assert_eq!(group.addressing_mode, AddressingMode::Pn);
    assert!(group.participants.iter().any(|one| one.jid == bob.jid()));
    alice
        .send_message(group.id.clone(), text("by number"))
        .await
        .expect("members may write");
    let received = bob.text("by number").await;
    assert!(received.sender.starts_with(ALICE), "{received:?}");
}

#[tokio::test]
async fn members_come_and_go_and_the_gone_hear_nothing() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let unknown = Jid::pn("5511999999999");
    let results = alice
        .groups()
        .add_participants(&group.id, &[carol.jid(), bob.jid(), unknown])
        .await
        .expect("admins may add");
    let errors: Vec<Option<&str>> = results
        .iter()
        .map(|result| result.error.as_deref())
        .collect();
    assert_eq!(errors, [None, Some("409"), Some("404")]);
    assert_eq!(results[0].status.as_deref(), Some("200"));
    assert_eq!(results[0].jid, carol.lid());
    for member in [&alice, &bob, &carol] {
        update(member, "Carol's arrival", |update| match &update.action {
            Action::Add { participants, .. } => {
                let [added] = participants.as_slice() else {
                    return None;
                };
                assert_eq!(added.phone_number, Some(carol.jid()));
                assert_eq!(update.participant_pn, Some(alice.jid()));
                (added.jid == carol.lid()).then_some(())
            }
            _ => None,
        })
        .await;
    }
    alice
        .send_message(group.id.clone(), text("welcome"))
        .await
        .expect("admins may write");
    bob.text("welcome").await;
    carol.text("welcome").await;

    let results = alice
        .groups()
        .remove_participants(&group.id, &[carol.jid()])
        .await
        .expect("admins may remove");
    assert!(results[0].is_ok());
    for member in [&bob, &carol] {
        update(member, "Carol's removal", |update| match &update.action {
            Action::Remove { participants, .. } => {
                (participants.len() == 1 && participants[0].jid == carol.lid()).then_some(())
            }
            _ => None,
        })
        .await;
    }
    let error = carol
        .groups()
        .get_metadata(&group.id)
        .await
        .expect_err("she is not in it any more");
    assert_eq!(refusal(&error), 403);
    alice
        .groups()
        .set_subject(&group.id, subject("Without Carol"))
        .await
        .expect("admins may rename");
    alice
        .send_message(group.id.clone(), text("among us"))
        .await
        .expect("admins may write");
    bob.text("among us").await;
    update(&bob, "the new subject", |update| {
        matches!(&update.action, Action::Subject { .. }).then_some(())
    })
    .await;
    // What Carol gets after this came after what she must not get.
    alice
        .send_message(carol.jid(), text("to you alone"))
        .await
        .expect("a direct message");
    carol.text("to you alone").await;
    assert!(!carol.has_seen(|event| {
        match event {
            Event::GroupUpdate(update) => matches!(update.action, Action::Subject { .. }),
            event => event
                .messages()
                .any(|message| message.message.conversation.as_deref() == Some("among us")),
        }
    }));

    bob.groups()
        .leave(&group.id)
        .await
        .expect("members may leave");
    update(&alice, "Bob's leaving", |update| match &update.action {
        Action::Remove { participants, .. } => (participants[0].jid == bob.lid()
            && update.participant == Some(bob.lid()))
        .then_some(()),
        _ => None,
    })
    .await;
    let error = bob
        .groups()
        .leave(&group.id)
        .await
        .expect_err("he is not in it any more");
    assert_eq!(refusal(&error), 403);
    simulator.assert_clean();
}

#[tokio::test]
async fn roles_decide_about_rights() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob, &carol]).await;
    let id = &group.id;
    for outcome in [
        bob.groups().set_announce(id, true).await,
        bob.groups().set_locked(id, true).await,
        bob.groups().set_ephemeral(id, 86_400).await,
        bob.groups()
            .set_membership_approval(id, MembershipApprovalMode::On)
            .await,
        bob.groups()
            .set_member_add_mode(id, MemberAddMode::AdminAdd)
            .await,
        bob.groups()
            .remove_participants(id, &[carol.jid()])
            .await
            .map(drop),
        bob.groups()
            .promote_participants(id, &[carol.jid()])
            .await
            .map(drop),
        bob.groups().get_membership_requests(id).await.map(drop),
    ] {
        assert_eq!(refusal(&outcome.expect_err("Bob is no admin")), 403);
    }
    let error = bob.groups().get_invite_link(id, false).await;
    assert_eq!(refusal(&error.expect_err("Bob is no admin")), 401);

    let results = alice
        .groups()
        .promote_participants(id, &[bob.jid()])
        .await
        .expect("admins may promote");
    assert_eq!(results[0].status.as_deref(), Some("200"));
    update(&carol, "Bob's promotion", |update| match &update.action {
        Action::Promote { participants } => (participants[0].jid == bob.lid()).then_some(()),
        _ => None,
    })
    .await;
    bob.groups()
        .set_announce(id, true)
        .await
        .expect("Bob is an admin");
    update(&carol, "the announcement mode", |update| {
        matches!(update.action, Action::Announce).then_some(())
    })
    .await;
    let sent = carol
        .send_message(id.clone(), text("may I?"))
        .await
        .expect("the stanza goes out");
    carol
        .wait("a refusal", |event| match event {
            Event::ServerAck(ack) if ack.id == sent.message_id => {
                assert_eq!(ack.error.as_deref(), Some("403"));
                Some(())
            }
            _ => None,
        })
        .await;

    let results = bob
        .groups()
        .demote_participants(id, &[alice.jid()])
        .await
        .expect("admins may demote");
    assert_eq!(results[0].error.as_deref(), Some("403"), "not the creator");
    let results = bob
        .groups()
        .remove_participants(id, &[alice.jid()])
        .await
        .expect("admins may remove");
    assert_eq!(results[0].error.as_deref(), Some("403"), "not the creator");
    let results = alice
        .groups()
        .demote_participants(id, &[bob.jid()])
        .await
        .expect("admins may demote");
    assert!(results[0].is_ok());
    update(&carol, "Bob's demotion", |update| {
        matches!(update.action, Action::Demote { .. }).then_some(())
    })
    .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn outsiders_are_refused() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let error = carol.groups().get_metadata(&group.id).await;
    assert_eq!(refusal(&error.expect_err("not a member")), 403);
    let nowhere: Jid = "120363000000000001@g.us".parse().expect("an address");
    let error = carol.groups().get_metadata(&nowhere).await;
    assert_eq!(refusal(&error.expect_err("no such group")), 404);
    let error = carol.groups().set_subject(&group.id, subject("Mine")).await;
    assert_eq!(refusal(&error.expect_err("not a member")), 403);
    let results = carol
        .groups()
        .batch_get_info(vec![group.id.clone(), nowhere.clone()])
        .await
        .expect("each has its own answer");
    assert!(matches!(
        results.as_slice(),
        [
            BatchGroupResult::Forbidden(_),
            BatchGroupResult::NotFound(_)
        ]
    ));
    let results = bob
        .groups()
        .batch_get_info(vec![group.id.clone()])
        .await
        .expect("members may ask");
    assert!(
        matches!(results.as_slice(), [BatchGroupResult::Full(info)] if info.subject == "Choir")
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn subject_and_description_change_with_conflicts() {
    let simulator = simulator().await;
    let [alice, bob, _carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let id = &group.id;
    bob.groups()
        .set_subject(id, subject("Quartet"))
        .await
        .expect("the group is not locked");
    let by = update(&alice, "the subject", |update| match &update.action {
        Action::Subject {
            subject,
            subject_owner,
            subject_time,
        } => (subject == "Quartet" && subject_time.is_some()).then(|| subject_owner.clone()),
        _ => None,
    })
    .await;
    assert_eq!(by, Some(bob.lid()));
    let description = |text: &str| Some(GroupDescription::new(text).expect("short enough"));
    alice
        .groups()
        .set_description(id, description("Thursdays"), PreviousDescription::Absent)
        .await
        .expect("there was none");
    update(&bob, "the description", |update| match &update.action {
        Action::Description { description, .. } => {
            (description.as_deref() == Some("Thursdays")).then_some(())
        }
        _ => None,
    })
    .await;
    let seen = bob
        .groups()
        .get_metadata(id)
        .await
        .expect("members may ask");
    assert_eq!(seen.description.as_deref(), Some("Thursdays"));
    assert_eq!(seen.description_owner_pn, Some(alice.jid()));
    let error = bob
        .groups()
        .set_description(id, description("Fridays"), PreviousDescription::Absent)
        .await;
    assert!(matches!(error, Err(GroupError::DescriptionConflict)));
    bob.groups()
        .set_description(id, None, PreviousDescription::Resolve)
        .await
        .expect("the present one is named");
    update(&alice, "no description", |update| match &update.action {
        Action::Description {
            description: None, ..
        } => Some(()),
        _ => None,
    })
    .await;

    alice.groups().set_locked(id, true).await.expect("an admin");
    update(&bob, "the lock", |update| {
        matches!(update.action, Action::Locked { .. }).then_some(())
    })
    .await;
    let error = bob.groups().set_subject(id, subject("Mine")).await;
    assert_eq!(refusal(&error.expect_err("the group is locked")), 403);
    alice
        .groups()
        .set_locked(id, false)
        .await
        .expect("an admin");
    update(&bob, "the end of the lock", |update| {
        matches!(update.action, Action::Unlocked).then_some(())
    })
    .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn switches_are_seen_by_members_and_in_the_group() {
    let simulator = simulator().await;
    let [alice, bob, _carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let id = &group.id;
    let groups = alice.groups();
    let fresh = groups.get_metadata(id).await.expect("members may ask");
    assert!(fresh.ephemeral.is_none() && !fresh.membership_approval && !fresh.is_announcement);

    groups.set_announce(id, true).await.expect("an admin");
    groups.set_announce(id, false).await.expect("an admin");
    groups.set_ephemeral(id, 604_800).await.expect("an admin");
    groups
        .set_membership_approval(id, MembershipApprovalMode::On)
        .await
        .expect("an admin");
    groups
        .set_member_add_mode(id, MemberAddMode::AdminAdd)
        .await
        .expect("an admin");
    groups
        .set_no_frequently_forwarded(id, true)
        .await
        .expect("an admin");
    groups
        .set_allow_admin_reports(id, true)
        .await
        .expect("an admin");
    groups.set_group_history(id, true).await.expect("an admin");
    groups
        .set_member_link_mode(id, MemberLinkMode::AllMemberLink)
        .await
        .expect("an admin");
    groups.set_limit_sharing(id, true).await.expect("an admin");
    groups
        .set_member_share_history_mode(id, MemberShareHistoryMode::AllMemberShare)
        .await
        .expect("an admin");
    groups.acknowledge(id).await.expect("a member");
    for (what, matches) in [
        (
            "announcement",
            (|a| matches!(a, Action::Announce)) as fn(&Action) -> bool,
        ),
        ("no announcement", |a| matches!(a, Action::NotAnnounce)),
        ("ephemeral", |a| {
            matches!(
                a,
                Action::Ephemeral {
                    expiration: 604_800,
                    ..
                }
            )
        }),
        ("approval", |a| {
            matches!(a, Action::MembershipApprovalMode { enabled: true })
        }),
        (
            "adding",
            |a| matches!(a, Action::MemberAddMode { mode } if mode == "admin_add"),
        ),
        ("forwarding", |a| matches!(a, Action::NoFrequentlyForwarded)),
        ("reports", |a| matches!(a, Action::AllowAdminReports)),
        ("limited sharing", |a| {
            matches!(a, Action::LimitSharingEnabled { .. })
        }),
    ] {
        update(&bob, what, |update| matches(&update.action).then_some(())).await;
    }
    let seen = bob
        .groups()
        .get_metadata(id)
        .await
        .expect("members may ask");
    assert_eq!(seen.ephemeral.and_then(|on| on.expiration), Some(604_800));
    assert!(seen.membership_approval && seen.no_frequently_forwarded);
    assert!(seen.allow_admin_reports && seen.has_group_history);
    assert!(seen.is_limit_sharing_enabled);
    // The client reads these only from tokens, which they are not.
    let query = InfoQuery::get(
        "w:g2",
        id.clone(),
        Some(NodeContent::Nodes(vec![node("query").build()])),
    );
    let raw = bob
        .send_iq(query)
        .await
        .expect("members may ask")
        .to_owned_node();
    for (tag, mode) in [
        ("member_add_mode", "admin_add"),
        ("member_link_mode", "all_member_link"),
        ("member_share_group_history_mode", "all_member_share"),
    ] {
        assert_eq!(text_at(&raw, &["group", tag]), mode);
    }
    bob.groups()
        .get_invite_link(id, false)
        .await
        .expect("links are for everybody now");
    let error = bob.groups().add_participants(id, &[Jid::pn(CAROL)]).await;
    assert_eq!(refusal(&error.expect_err("only admins add")), 403);
    groups.set_ephemeral(id, 0).await.expect("an admin");
    update(&bob, "no timer", |update| {
        matches!(update.action, Action::Ephemeral { expiration: 0, .. }).then_some(())
    })
    .await;
    let error = groups.set_ephemeral(id, 61).await;
    assert_eq!(
        refusal(&error.expect_err("not a duration that is offered")),
        400
    );
    let seen = bob
        .groups()
        .get_metadata(id)
        .await
        .expect("members may ask");
    assert!(seen.ephemeral.is_none());
    simulator.assert_clean();
}

#[tokio::test]
async fn links_lead_in_until_they_are_reset() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let id = &group.id;
    let link = alice
        .groups()
        .get_invite_link(id, false)
        .await
        .expect("an admin");
    let info = carol
        .groups()
        .get_invite_info(&link)
        .await
        .expect("the link is valid");
    assert_eq!((info.subject.as_str(), info.size), ("Choir", Some(2)));
    let joined = carol
        .groups()
        .join_with_invite_code(&link)
        .await
        .expect("the link is valid");
    assert_eq!(joined, JoinGroupResult::Joined(id.clone()));
    for member in [&alice, &bob, &carol] {
        update(member, "Carol's arrival", |update| match &update.action {
            Action::Add { reason, .. } => (reason.as_deref() == Some("invite")).then_some(()),
            _ => None,
        })
        .await;
    }
    let error = carol.groups().join_with_invite_code(&link).await;
    assert_eq!(refusal(&error.expect_err("she is in it")), 409);

    let new = alice
        .groups()
        .get_invite_link(id, true)
        .await
        .expect("an admin");
    assert_ne!(new, link);
    update(&bob, "the new link", |update| match &update.action {
        Action::Invite { code } => new.ends_with(code.as_str()).then_some(()),
        _ => None,
    })
    .await;
    let dave = Client::linked(&simulator, DAVE).await;
    let error = dave.groups().join_with_invite_code(&link).await;
    assert_eq!(refusal(&error.expect_err("it was reset")), 410);
    let error = dave.groups().get_invite_info("NoSuchCodeAtAll").await;
    assert_eq!(refusal(&error.expect_err("it never was")), 406);
    alice
        .groups()
        .remove_participants(id, &[carol.jid()])
        .await
        .expect("an admin");
    let error = carol.groups().join_with_invite_code(&new).await;
    assert_eq!(refusal(&error.expect_err("an admin has removed her")), 405);
    simulator.assert_clean();
}

#[tokio::test]
async fn admins_decide_about_those_who_wait() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let dave = Client::linked(&simulator, DAVE).await;
    let group = create(&alice, &[]).await;
    let id = &group.id;
    alice
        .groups()
        .set_membership_approval(id, MembershipApprovalMode::On)
        .await
        .expect("an admin");
    let link = alice
        .groups()
        .get_invite_link(id, false)
        .await
        .expect("an admin");
    for applicant in [&bob, &carol, &dave] {
        let outcome = applicant
            .groups()
            .join_with_invite_code(&link)
            .await
            .expect("the link is valid");
        assert_eq!(outcome, JoinGroupResult::PendingApproval(id.clone()));
        update(&alice, "a request", |update| match &update.action {
            Action::CreatedMembershipRequests { requests, .. } => (requests[0].jid
                == applicant.lid()
                && requests[0].phone_number == Some(applicant.jid()))
            .then_some(()),
            _ => None,
        })
        .await;
    }
    let waiting = alice
        .groups()
        .get_membership_requests(id)
        .await
        .expect("an admin");
    assert_eq!(waiting.len(), 3);
    assert!(waiting.iter().all(|request| request.request_time.is_some()));
    let results = alice
        .groups()
        .approve_membership_requests(id, &[bob.lid()])
        .await
        .expect("an admin");
    assert!(results[0].is_ok());
    update(&bob, "being let in", |update| {
        matches!(update.action, Action::Add { .. }).then_some(())
    })
    .await;
    alice
        .groups()
        .reject_membership_requests(id, &[carol.lid()])
        .await
        .expect("an admin");
    update(&carol, "being refused", |update| match &update.action {
        Action::RevokedMembershipRequests { participants } => {
            (participants == &[carol.lid()]).then_some(())
        }
        _ => None,
    })
    .await;
    let results = dave
        .groups()
        .cancel_membership_requests(id, &[dave.lid()])
        .await
        .expect("his own");
    assert!(results[0].is_ok());
    update(&alice, "Dave's change of mind", |update| {
        match &update.action {
            Action::RevokedMembershipRequests { participants } => (participants == &[dave.lid()]
                && update.participant == Some(dave.lid()))
            .then_some(()),
            _ => None,
        }
    })
    .await;
    let waiting = alice
        .groups()
        .get_membership_requests(id)
        .await
        .expect("an admin");
    assert!(waiting.is_empty());
    let results = alice
        .groups()
        .approve_membership_requests(id, &[dave.lid()])
        .await
        .expect("an admin");
    assert_eq!(results[0].error.as_deref(), Some("404"));
    simulator.assert_clean();
}

#[tokio::test]
async fn whoever_may_not_be_added_gets_an_invitation() {
    use whatsapp_rust::wacore::iq::privacy::{PrivacyCategory, PrivacyValue};
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    bob.set_privacy_setting(PrivacyCategory::GroupAdd, PrivacyValue::Contacts)
        .await
        .expect("a valid value");
    let group = create(&alice, &[&carol]).await;
    let id = &group.id;
    let results = alice
        .groups()
        .add_participants(id, &[bob.jid()])
        .await
        .expect("an admin");
    assert_eq!(results[0].error.as_deref(), Some("403"));
    let invitation = results[0].add_request.clone().expect("an invitation");
    let expiration = i64::try_from(invitation.expiration).expect("a time");
    let error = carol
        .groups()
        .join_with_invite_v4(id, &invitation.code, expiration, alice.jid())
        .await;
    assert_eq!(refusal(&error.expect_err("she is in it")), 409);
    let error = bob
        .groups()
        .join_with_invite_v4(id, "wrong", expiration, alice.jid())
        .await;
    assert_eq!(refusal(&error.expect_err("not the code")), 406);
    let joined = bob
        .groups()
        .join_with_invite_v4(id, &invitation.code, expiration, alice.jid())
        .await
        .expect("the invitation is valid");
    assert_eq!(joined, JoinGroupResult::Joined(id.clone()));
    update(&carol, "Bob's arrival", |update| match &update.action {
        Action::Add { participants, .. } => (participants[0].jid == bob.lid()).then_some(()),
        _ => None,
    })
    .await;
    // Who left twice comes back by their own will only.
    bob.groups().leave(id).await.expect("a member");
    simulator
        .add_to_address_book(BOB, ALICE)
        .expect("both exist");
    let add = || async {
        alice
            .groups()
            .add_participants(id, &[bob.jid()])
            .await
            .expect("an admin")
            .remove(0)
    };
    assert!(add().await.is_ok(), "Alice is a contact now");
    bob.groups().leave(id).await.expect("a member");
    let result = add().await;
    assert_eq!(result.error.as_deref(), Some("408"));
    assert!(result.add_request.is_some());
    let results = alice
        .groups()
        .revoke_request_code(id, &[bob.jid()])
        .await
        .expect("an admin");
    assert!(results[0].is_ok());
    let invitation = result.add_request.expect("an invitation");
    let error = bob
        .groups()
        .join_with_invite_v4(id, &invitation.code, expiration, alice.jid())
        .await;
    assert_eq!(refusal(&error.expect_err("taken back")), 406);
    simulator.assert_clean();
}

#[tokio::test]
async fn the_last_admin_has_a_successor() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob, &carol]).await;
    alice.groups().leave(&group.id).await.expect("a member");
    update(&carol, "a new admin", |update| {
        matches!(update.action, Action::Promote { .. }).then_some(())
    })
    .await;
    let seen = carol
        .groups()
        .get_metadata(&group.id)
        .await
        .expect("a member");
    let admins: Vec<_> = seen
        .participants
        .iter()
        .filter(|one| one.participant_type != ParticipantType::Member)
        .collect();
    assert_eq!(admins.len(), 1);
    simulator.assert_clean();
}

#[tokio::test]
async fn a_group_has_a_picture() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let id = &group.id;
    let set = alice
        .groups()
        .set_profile_picture(id, JPEG.to_vec())
        .await
        .expect("a member");
    for member in [&alice, &bob] {
        member
            .wait("the group's picture", |event| match event {
                Event::PictureUpdate(update) => (update.jid == *id
                    && update.picture_id.as_deref() == Some(set.id.as_str())
                    && update.author == Some(alice.lid()))
                .then_some(()),
                _ => None,
            })
            .await;
    }
    let pictures = bob
        .groups()
        .get_profile_pictures(vec![id.clone()], PictureType::Preview)
        .await
        .expect("a member");
    assert_eq!(pictures[0].photo_id.as_deref(), Some(set.id.as_str()));
    let url = pictures[0].url.clone().expect("an address");
    let image = reqwest::get(url).await.expect("it is there");
    assert_eq!(image.bytes().await.expect("bytes").as_ref(), JPEG);
    let seen = bob
        .contacts()
        .get_profile_picture(id, false)
        .await
        .expect("a member");
    assert_eq!(seen.map(|picture| picture.id), Some(set.id));
    let hidden = carol
        .contacts()
        .get_profile_picture(id, false)
        .await
        .expect("an answer");
    assert!(hidden.is_none(), "outsiders do not see it");
    alice
        .groups()
        .remove_profile_picture(id)
        .await
        .expect("a member");
    bob.wait("no picture", |event| match event {
        Event::PictureUpdate(update) => (update.jid == *id && update.removed).then_some(()),
        _ => None,
    })
    .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn all_own_groups_come_at_once() {
    let simulator = simulator().await;
    let [alice, bob, carol] = three(&simulator).await;
    let first = create(&alice, &[&bob]).await;
    let second = create(&carol, &[&alice]).await;
    let groups = alice.groups().get_participating().await.expect("an answer");
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[&first.id].participants.len(), 2);
    assert!(groups.contains_key(&second.id));
    let none = bob.groups().get_participating().await.expect("an answer");
    assert_eq!(none.len(), 1);
    simulator.mark_dirty(ALICE, "groups").expect("Alice exists");
    alice
        .wait("the dirty groups", |event| match event {
            Event::DirtyState(state) => (state.dirty_type.as_str() == "groups").then_some(()),
            _ => None,
        })
        .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn a_full_group_takes_nobody() {
    let simulator = Simulator::builder()
        .group_limit(2)
        .start()
        .await
        .expect("the simulator starts");
    let [alice, bob, carol] = three(&simulator).await;
    let group = create(&alice, &[&bob]).await;
    let results = alice
        .groups()
        .add_participants(&group.id, &[carol.jid()])
        .await
        .expect("an admin");
    assert_eq!(results[0].error.as_deref(), Some("419"));
    let link = alice
        .groups()
        .get_invite_link(&group.id, false)
        .await
        .expect("an admin");
    let error = carol.groups().join_with_invite_code(&link).await;
    assert_eq!(refusal(&error.expect_err("the group is full")), 419);
}
