//! Invite links.

use serde_json::json;

use super::kit::{ANN, BOB, CAROL, NOBODY, People, by_number, texts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_shown_and_renewed() {
    let team = People::new().await.team().await;
    let shown = team.get("inviteCode").await.expect(200).json();
    let code = shown["inviteCode"].as_str().expect("a code");
    assert_eq!(
        shown["inviteUrl"],
        format!("https://chat.whatsapp.com/{code}")
    );
    assert_eq!(
        team.people.bob.invite_code(&team.group).await.ok(),
        None,
        "Bob is no admin"
    );

    let renewed = team
        .post("revokeInviteCode", json!({}))
        .await
        .expect(201)
        .json();
    let new = renewed["inviteCode"].as_str().expect("a code");
    assert_eq!(renewed["revoked"], true);
    assert_ne!(new, code);
    team.people
        .carol
        .join(code)
        .await
        .expect_err("the old one is worth nothing");
    team.people
        .carol
        .join(new)
        .await
        .expect("the new one is good");
    assert!(team.shown().await.members.contains_key(&by_number(CAROL)));

    let client = &team.people.stage.client;
    let old = client
        .get(&format!("/group/inviteInfo/ann?inviteCode={code}"))
        .await
        .expect(404);
    assert_eq!(
        texts(&old),
        [
            "No invite info",
            "The invite link was reset: its code is not valid any more"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_looked_at_and_followed() {
    let people = People::new().await;
    let group = people
        .bob
        .create_group("Bob's", &[CAROL])
        .await
        .expect("a group");
    let code = people.bob.invite_code(&group).await.expect("a code");
    let client = &people.stage.client;
    let info = client
        .get(&format!("/group/inviteInfo/ann?inviteCode={code}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &info["id"],
            &info["subject"],
            &info["size"],
            &info["ownerPn"]
        ),
        (
            &json!(group),
            &json!("Bob's"),
            &json!(2),
            &json!(by_number(BOB))
        )
    );
    assert!(info["participants"].is_array());

    let follow = format!("/group/acceptInviteCode/ann?inviteCode={code}");
    let followed = client.get(&follow).await.expect(200).json();
    assert_eq!(followed, json!({"accepted": true, "groupJid": group}));
    let shown = people.bob.group(&group).await.expect("Bob is in it");
    assert!(shown.members.contains_key(&by_number(ANN)));
    people.stage.heard("ann", "group-participants.update").await;

    let again = client.get(&follow).await.expect(409);
    assert_eq!(
        texts(&again),
        [
            "Accept invite error",
            "The account is in this group already"
        ]
    );
    people
        .bob
        .remove_members(&group, &[ANN])
        .await
        .expect("Bob may");
    let after = client.get(&follow).await.expect(403);
    assert!(
        texts(&after)[1].contains("an admin has taken it out"),
        "{}",
        after.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_may_lead_to_a_question_only() {
    let team = People::new().await.team().await;
    team.post("updateJoinApproval", json!({"action": "on"}))
        .await
        .expect(201);
    let code = team.get("inviteCode").await.expect(200).json();
    let code = code["inviteCode"].as_str().expect("a code");
    let stage = &team.people.stage;
    stage.linked("dave", "5511900000004").await;
    let path = format!("/group/acceptInviteCode/dave?inviteCode={code}");
    let followed = stage.client.get(&path).await.expect(200).json();
    assert_eq!(
        followed,
        json!({"accepted": false, "pendingApproval": true, "groupJid": team.group})
    );
    let list = team.get("joinRequests").await.expect(200).json();
    assert_eq!(
        list["joinRequests"][0]["phoneNumber"],
        by_number("5511900000004")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_are_told_apart() {
    let people = People::new().await;
    let client = &people.stage.client;
    for route in ["inviteInfo", "acceptInviteCode"] {
        let none = client.get(&format!("/group/{route}/ann")).await.expect(400);
        assert_eq!(
            texts(&none)[0],
            "The group invite code id needs to be informed in the query"
        );
        let short = client
            .get(&format!("/group/{route}/ann?inviteCode=abc"))
            .await
            .expect(400);
        assert_eq!(
            short.json()["response"]["message"][0]["property"],
            "inviteCode"
        );
        let path = format!("/group/{route}/ann?inviteCode=AAAAAAAAAAAAAAAAAAAAAA");
        let unknown = client.get(&path).await.expect(404);
        assert_eq!(texts(&unknown)[1], "The invite code is not valid");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_sent_to_all_or_to_nobody() {
    let team = People::new().await.team().await;
    let client = &team.people.stage.client;
    let send = |numbers: &[&str]| json!({"groupJid": team.group, "description": "come in", "numbers": numbers});
    let wrong = client
        .post("/group/sendInvite/ann", &send(&[CAROL, NOBODY]))
        .await
        .expect(400);
    assert_eq!(wrong.json()["response"]["message"][0]["exists"], false);

    let sent = client
        .post("/group/sendInvite/ann", &send(&[BOB, CAROL]))
        .await
        .expect(200)
        .json();
    assert_eq!(sent["send"], true);
    let url = sent["inviteUrl"].as_str().expect("a link");
    for phone in [&team.people.bob, &team.people.carol] {
        let message = phone
            .next_message(pombo_tests::DEADLINE)
            .await
            .expect("it comes");
        assert_eq!(message.text(), format!("come in\n\n{url}"));
    }
    assert_eq!(
        team.people.carol.chat(ANN).map(|chat| chat.messages.len()),
        Some(1)
    );
    team.told("send.message", |_| true).await;

    let invalid = client
        .post("/group/sendInvite/ann", &json!({}))
        .await
        .expect(400);
    assert_eq!(
        invalid.json()["response"]["message"][0]["property"],
        "instance"
    );
}
