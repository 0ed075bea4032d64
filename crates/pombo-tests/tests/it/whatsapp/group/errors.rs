//! What the network and the routes refuse.

use serde_json::{Value, json};

use super::kit::{CAROL, PICTURE, People, texts};

/// Every route that changes a group, with a good body, and what it says first when it fails.
fn changes() -> [(&'static str, Value, &'static str); 10] {
    [
        (
            "updateGroupSubject",
            json!({"subject": "x"}),
            "Error updating group subject",
        ),
        (
            "updateGroupDescription",
            json!({"description": "x"}),
            "Error updating group description",
        ),
        (
            "updateGroupPicture",
            json!({"image": PICTURE}),
            "Error update group picture",
        ),
        (
            "updateSetting",
            json!({"action": "locked"}),
            "Error updating setting",
        ),
        (
            "toggleEphemeral",
            json!({"expiration": 86400}),
            "Error updating setting",
        ),
        (
            "updateJoinApproval",
            json!({"action": "on"}),
            "Error updating setting",
        ),
        (
            "updateMemberAddMode",
            json!({"action": "admin_add"}),
            "Error updating setting",
        ),
        (
            "updateParticipant",
            json!({"action": "promote", "participants": [CAROL]}),
            "Error updating participants",
        ),
        (
            "updateJoinRequests",
            json!({"action": "approve", "participants": [CAROL]}),
            "Error updating join requests",
        ),
        ("revokeInviteCode", json!({}), "Revoke error"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_admin_hears_it() {
    let team = People::new().await.bobs_team().await;
    team.people
        .bob
        .set_locked(&team.group, true)
        .await
        .expect("Bob may");
    for (route, body, context) in changes() {
        let answer = team.post(route, body).await;
        assert_eq!(answer.status, 403, "{route}: {}", answer.text);
        assert_eq!(
            texts(&answer),
            [context, "Only admins of the group may do this"],
            "{route}"
        );
    }
    let removed = team.delete("removeGroupPicture").await.expect(403);
    assert_eq!(texts(&removed)[1], "Only admins of the group may do this");
    for (route, context) in [
        ("inviteCode", "No invite code"),
        ("joinRequests", "No join requests"),
    ] {
        let answer = team.get(route).await.expect(403);
        assert_eq!(
            texts(&answer),
            [context, "Only admins of the group may do this"],
            "{route}"
        );
    }
    assert_eq!(team.shown().await.subject, "Bob's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_groups_that_are_not_there() {
    let people = People::new().await;
    let group = people
        .bob
        .create_group("Bob's", &[CAROL])
        .await
        .expect("a group");
    let client = &people.stage.client;
    for (group, status, why) in [
        (group.as_str(), 403, "The account is not in this group"),
        ("120363000000000000@g.us", 404, "The group does not exist"),
    ] {
        for (route, body, context) in changes() {
            let path = format!("/group/{route}/ann?groupJid={group}");
            let answer = client.post(&path, &body).await;
            assert_eq!(answer.status, status, "{route}: {}", answer.text);
            assert_eq!(texts(&answer), [context, why], "{route}");
        }
        for (route, context) in [
            ("findGroupInfos", "Error fetching group"),
            ("participants", "No participants"),
            ("inviteCode", "No invite code"),
            ("joinRequests", "No join requests"),
        ] {
            let path = format!("/group/{route}/ann?groupJid={group}");
            let answer = client.get(&path).await;
            assert_eq!(answer.status, status, "{route}: {}", answer.text);
            assert_eq!(texts(&answer), [context, why], "{route}");
        }
        let left = client
            .delete(&format!("/group/leaveGroup/ann?groupJid={group}"))
            .await;
        assert_eq!(left.status, status, "{}", left.text);
        let invite = json!({"groupJid": group, "description": "x", "numbers": [CAROL]});
        let sent = client.post("/group/sendInvite/ann", &invite).await;
        assert_eq!(sent.status, status, "{}", sent.text);
    }
    let everyone =
        json!({"number": "120363000000000000@g.us", "text": "x", "mentionsEveryOne": true});
    let sent = client
        .post("/message/sendText/ann", &everyone)
        .await
        .expect(404);
    assert_eq!(texts(&sent), ["Group not found"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_checked_and_instances_must_be_connected() {
    let people = People::new().await;
    let client = &people.stage.client;
    for (route, body, property) in [
        ("updateGroupSubject", json!({}), "instance"),
        ("updateSetting", json!({"action": "x"}), "action"),
        ("updateJoinApproval", json!({"action": true}), "action"),
        ("updateMemberAddMode", json!({"action": ""}), "action"),
        ("toggleEphemeral", json!({"expiration": 60}), "expiration"),
        (
            "updateJoinRequests",
            json!({"action": "approve", "participants": []}),
            "participants",
        ),
    ] {
        let path = format!("/group/{route}/ann?groupJid=120363000000000000");
        let answer = client.post(&path, &body).await.expect(400);
        let failures = answer.json()["response"]["message"].clone();
        assert_eq!(
            failures[0]["property"], property,
            "{route}: {}",
            answer.text
        );
        let none = client
            .post(&format!("/group/{route}/ann"), &body)
            .await
            .expect(400);
        assert_eq!(
            texts(&none)[0],
            "The group id needs to be informed in the query",
            "{route}"
        );
    }
    let long = json!({"subject": "x".repeat(101), "participants": [CAROL]});
    let answer = client.post("/group/create/ann", &long).await.expect(400);
    assert_eq!(texts(&answer)[0], "Error creating group");

    people.stage.create("idle", json!({})).await;
    let body = json!({"subject": "x", "participants": [CAROL]});
    let answer = client.post("/group/create/idle", &body).await.expect(400);
    assert!(answer.text.contains("Connection Closed"), "{}", answer.text);
    let path = "/group/findGroupInfos/idle?groupJid=120363000000000000";
    let answer = client.get(path).await.expect(400);
    assert_eq!(
        texts(&answer),
        ["Error fetching group", "Connection Closed"]
    );
}
