//! Making a group, and changing what it is like.

use serde_json::json;

use super::kit::{ANN, BOB, CAROL, NOBODY, PICTURE, People, by_number};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_of_those_who_are_on_whatsapp() {
    let people = People::new().await;
    let body = json!({
        "subject": "Team", "description": "the team", "participants": [BOB, CAROL, NOBODY],
        "promoteParticipants": true, "profilePicture": PICTURE,
    });
    let made = people.stage.client.post("/group/create/ann", &body).await;
    let made = made.expect(201).json();
    let group = made["id"].as_str().expect("an id");
    assert_eq!(
        (
            &made["subject"],
            &made["desc"],
            &made["size"],
            &made["addressingMode"]
        ),
        (&json!("Team"), &json!("the team"), &json!(3), &json!("lid"))
    );
    assert_eq!(made["ownerPn"], by_number(ANN));
    let mut members: Vec<_> = made["participants"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| {
            assert!(member["id"].as_str().is_some_and(|id| id.ends_with("@lid")));
            (member["phoneNumber"].clone(), member["admin"].clone())
        })
        .collect();
    members.sort_by_key(|(number, _)| number.to_string());
    assert_eq!(
        members,
        [
            (json!(by_number(ANN)), json!("superadmin")),
            (json!(by_number(BOB)), json!("admin")),
            (json!(by_number(CAROL)), json!("admin")),
        ]
    );

    let shown = people.carol.group(group).await.expect("Carol is in it");
    assert_eq!(
        (shown.subject.as_str(), shown.description.as_str()),
        ("Team", "the team")
    );
    assert_eq!(shown.members[&by_number(CAROL)], "admin");
    assert!(shown.picture.is_some() && shown.by_lid);

    let told = people.stage.heard("ann", "groups.upsert").await;
    assert_eq!(
        (&told[0]["id"], &told[0]["desc"], &told[0]["authorPn"]),
        (&made["id"], &json!("the team"), &json!(by_number(ANN)))
    );
    people.stage.heard("ann", "group-participants.update").await;
    let upserts = people.stage.events("ann");
    let upserts = upserts.iter().filter(|(name, _)| name == "groups.upsert");
    assert_eq!(upserts.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_by_phone_numbers_looks_as_recorded() {
    let network = pombo_simulator::Simulator::builder().groups_by_phone_number();
    let people = People::with(network).await;
    let body = json!({"subject": "Team", "participants": [BOB]});
    let made = people.stage.client.post("/group/create/ann", &body).await;
    let made = made.expect(201).json();
    let members: Vec<&str> = made
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "addressingMode",
            "subject",
            "subjectOwner",
            "subjectTime",
            "size",
            "creation",
            "owner",
            "restrict",
            "announce",
            "isCommunity",
            "isCommunityAnnounce",
            "joinApprovalMode",
            "memberAddMode",
            "participants",
        ]
    );
    assert_eq!(made["owner"], by_number(ANN));
    let bob = made["participants"].as_array().expect("members");
    let bob = bob.iter().find(|member| member["id"] == by_number(BOB));
    assert_eq!(
        bob,
        Some(&json!({"id": by_number(BOB), "lid": people.bob.lid(), "admin": null}))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subject_and_description_are_seen_by_the_others_and_told_once() {
    let team = People::new().await.team().await;
    let subject = team
        .post("updateGroupSubject", json!({"subject": "Team 2"}))
        .await;
    assert_eq!(subject.expect(201).json(), json!({"update": "success"}));
    assert_eq!(team.shown().await.subject, "Team 2");
    // The first replaces nothing, the second something, the third everything by nothing.
    for text in ["first", "second"] {
        let described = team
            .post("updateGroupDescription", json!({"description": text}))
            .await;
        assert_eq!(described.expect(201).json(), json!({"update": "success"}));
        assert_eq!(team.shown().await.description, text);
    }
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert_eq!(
        (&infos["subject"], &infos["desc"]),
        (&json!("Team 2"), &json!("second"))
    );

    team.told("groups.update", |data| data["desc"] == "second")
        .await;
    let told = team.all_told("groups.update");
    let told: Vec<_> = told
        .iter()
        .map(|data| (&data["subject"], &data["desc"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("Team 2"), &json!(null)),
            (&json!(null), &json!("first")),
            (&json!(null), &json!("second")),
        ]
    );
    let first = team
        .told("groups.update", |data| data["subject"] == "Team 2")
        .await;
    assert_eq!(
        (&first["id"], &first["authorPn"]),
        (&json!(team.group), &json!(by_number(ANN)))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_picture_is_set_shown_and_removed() {
    let team = People::new().await.team().await;
    let set = team
        .post("updateGroupPicture", json!({"image": PICTURE}))
        .await;
    assert_eq!(set.expect(201).json(), json!({"update": "success"}));
    let picture = team.shown().await.picture.expect("a picture");
    let told = team
        .told("groups.update", |data| data["pictureId"].is_string())
        .await;
    assert_eq!(told["pictureId"], picture);
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert!(
        infos["pictureUrl"]
            .as_str()
            .is_some_and(|url| url.starts_with("http")),
        "{infos}"
    );

    let removed = team.delete("removeGroupPicture").await;
    assert_eq!(removed.expect(200).json(), json!({"update": "success"}));
    assert_eq!(team.shown().await.picture, None);
    team.told("groups.update", |data| data["pictureId"] == "")
        .await;
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert_eq!(infos["pictureUrl"], json!(null));

    let wrong = team
        .post("updateGroupPicture", json!({"image": "no picture"}))
        .await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_seen_by_the_others() {
    let team = People::new().await.team().await;
    for (action, write, change) in [
        ("announcement", true, false),
        ("locked", true, true),
        ("not_announcement", false, true),
        ("unlocked", false, false),
    ] {
        let set = team.post("updateSetting", json!({"action": action})).await;
        assert_eq!(set.expect(201).json(), json!({}), "{action}");
        let shown = team.shown().await;
        assert_eq!(
            (shown.only_admins_write, shown.only_admins_change),
            (write, change),
            "{action}"
        );
    }
    let set = team
        .post("toggleEphemeral", json!({"expiration": 86400}))
        .await;
    assert_eq!(set.expect(201).json(), json!({"success": true}));
    assert_eq!(team.shown().await.expiration, Some(86400));
    for (action, adds) in [("admin_add", false), ("all_member_add", true)] {
        let set = team
            .post("updateMemberAddMode", json!({"action": action}))
            .await;
        assert_eq!(set.expect(201).json(), json!({"update": "success"}));
        assert_eq!(team.shown().await.everybody_adds, adds);
    }
    let set = team
        .post("updateJoinApproval", json!({"action": "on"}))
        .await;
    assert_eq!(set.expect(201).json(), json!({"update": "success"}));
    assert!(team.shown().await.approval);
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert_eq!(
        (
            &infos["joinApprovalMode"],
            &infos["memberAddMode"],
            &infos["ephemeralDuration"]
        ),
        (&json!(true), &json!(true), &json!(86400))
    );
    team.told("groups.update", |data| data["joinApprovalMode"] == true)
        .await;
    let told = team.all_told("groups.update");
    let count = |member: &str, value| told.iter().filter(|data| data[member] == value).count();
    assert_eq!(
        (
            count("announce", json!(true)),
            count("restrict", json!(false)),
            count("ephemeralDuration", json!(86400))
        ),
        (1, 1, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_to_a_group_have_its_timer() {
    let team = People::new().await.team().await;
    let timer = async || {
        let body = json!({"number": team.group, "text": "soon gone"});
        team.people
            .stage
            .client
            .post("/message/sendText/ann", &body)
            .await
            .expect(201);
        let message = team
            .people
            .bob
            .next_message(pombo_tests::DEADLINE)
            .await
            .expect("it comes");
        message
            .content
            .extended_text_message
            .as_option()
            .and_then(|text| text.context_info.as_option())
            .and_then(|context| context.expiration)
    };
    assert_eq!(timer().await, None);
    team.post("toggleEphemeral", json!({"expiration": 604_800}))
        .await
        .expect(201);
    assert_eq!(timer().await, Some(604_800));
    team.post("toggleEphemeral", json!({"expiration": 0}))
        .await
        .expect(201);
    assert_eq!(timer().await, None);
}
