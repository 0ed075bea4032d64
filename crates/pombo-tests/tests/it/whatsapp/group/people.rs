//! Who is in a group.

use serde_json::{Value, json};

use super::kit::{ANN, BOB, CAROL, NOBODY, People, by_number, texts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_rise_fall_and_go() {
    for by_number_too in [false, true] {
        let network = pombo_simulator::Simulator::builder();
        let network = if by_number_too {
            network.groups_by_phone_number()
        } else {
            network
        };
        let team = People::with(network).await.team().await;
        let carol = if by_number_too {
            by_number(CAROL)
        } else {
            team.people.carol.lid()
        };

        let added = json!({"action": "add", "participants": [CAROL, NOBODY, BOB]});
        let added = team
            .post("updateParticipant", added)
            .await
            .expect(201)
            .json();
        let added = added["updateParticipants"]
            .as_array()
            .expect("a list")
            .clone();
        let status = |jid: &str| {
            let found = added.iter().find(|result| result["jid"] == jid);
            found
                .map(|result| result["status"].clone())
                .unwrap_or_default()
        };
        let bob = if by_number_too {
            by_number(BOB)
        } else {
            team.people.bob.lid()
        };
        assert_eq!(status(&carol), "200", "{added:?}");
        assert_eq!(status(&by_number(NOBODY)), "404", "{added:?}");
        assert_eq!(status(&bob), "409", "{added:?}");
        let content = &added
            .iter()
            .find(|result| result["status"] == "404")
            .expect("it")["content"];
        assert_eq!(
            content,
            &json!({"tag": "participant", "attrs": {"jid": by_number(NOBODY), "error": "404"}})
        );
        assert_eq!(team.shown().await.members[&by_number(CAROL)], "member");

        // By their numbers, whatever the group calls them.
        for (action, role) in [
            ("promote", Some("admin")),
            ("demote", Some("member")),
            ("remove", None),
        ] {
            let change = json!({"action": action, "participants": [CAROL]});
            let changed = team
                .post("updateParticipant", change)
                .await
                .expect(201)
                .json();
            let changed = &changed["updateParticipants"];
            assert_eq!(
                (&changed[0]["status"], &changed[0]["jid"]),
                (&json!("200"), &json!(carol)),
                "{action}"
            );
            let members = team.shown().await.members;
            assert_eq!(
                members.get(&by_number(CAROL)).map(String::as_str),
                role,
                "{action}"
            );
        }

        team.told("group-participants.update", |data| {
            data["action"] == "remove"
        })
        .await;
        let told = team.all_told("group-participants.update");
        let actions: Vec<&Value> = told.iter().map(|data| &data["action"]).collect();
        assert_eq!(actions, ["add", "promote", "demote", "remove"]);
        for data in told {
            assert_eq!(
                (&data["id"], &data["participants"]),
                (&json!(team.group), &json!([carol]))
            );
            let details = &data["participantsData"][0];
            assert_eq!(
                (&details["jid"], &details["phoneNumber"]),
                (&json!(carol), &json!(by_number(CAROL)))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_shown_with_their_names() {
    let team = People::new().await.team().await;
    team.people
        .bob
        .send_text(&team.group, "hello")
        .await
        .expect("Bob writes");
    team.people
        .bob
        .send_text(ANN, "hello")
        .await
        .expect("Bob writes");
    let bob = pombo_tests::until("Bob's name", || async {
        let members = team.get("participants").await.expect(200).json();
        let members = members["participants"].as_array().expect("members").clone();
        assert_eq!(members.len(), 2);
        members
            .into_iter()
            .find(|member| member["phoneNumber"] == by_number(BOB) && member["name"] == "Bob")
    })
    .await;
    let members: Vec<&str> = bob
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members, ["id", "phoneNumber", "admin", "name", "imgUrl"]);
    assert_eq!(bob["id"], team.people.bob.lid());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_is_gone_and_everybody_hears_it() {
    let team = People::new().await.bobs_team().await;
    let left = team.delete("leaveGroup").await.expect(200).json();
    assert_eq!(left, json!({"groupJid": team.group, "leave": true}));
    assert!(!team.shown().await.members.contains_key(&by_number(ANN)));
    let told = team
        .told("group-participants.update", |data| {
            data["action"] == "remove"
        })
        .await;
    assert_eq!(told["participantsData"][0]["phoneNumber"], by_number(ANN));

    let again = team.delete("leaveGroup").await.expect(403);
    assert_eq!(
        texts(&again),
        [
            "Unable to leave the group",
            "The account is not in this group"
        ]
    );
    let infos = team.get("findGroupInfos").await.expect(403);
    assert_eq!(
        texts(&infos),
        ["Error fetching group", "The account is not in this group"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admins_let_people_in_or_not() {
    let team = People::new().await.team().await;
    team.post("updateJoinApproval", json!({"action": "on"}))
        .await
        .expect(201);
    let code = team.get("inviteCode").await.expect(200).json();
    let code = code["inviteCode"].as_str().expect("a code").to_owned();
    let asking = async || {
        let list = team.get("joinRequests").await.expect(200).json();
        list["joinRequests"].clone()
    };
    assert_eq!(asking().await, json!([]));

    let decide = async |action: &str| {
        let body = json!({"action": action, "participants": [CAROL]});
        team.post("updateJoinRequests", body)
            .await
            .expect(201)
            .json()
    };
    team.people.carol.join(&code).await.expect("she asks");
    let list = asking().await;
    assert_eq!(
        (&list[0]["id"], &list[0]["phoneNumber"]),
        (&json!(team.people.carol.lid()), &json!(by_number(CAROL)))
    );
    assert!(list[0]["requestTime"].is_i64(), "{list}");
    let told = team
        .told("groups.update", |data| {
            data["joinRequest"]["action"] == "created"
        })
        .await;
    assert_eq!(
        told["joinRequest"]["participants"][0]["phoneNumber"],
        by_number(CAROL)
    );
    let rejected = decide("reject").await;
    assert_eq!(rejected["updateJoinRequests"][0]["status"], "200");
    assert_eq!(asking().await, json!([]));
    assert!(!team.shown().await.members.contains_key(&by_number(CAROL)));

    team.people.carol.join(&code).await.expect("she asks again");
    let approved = decide("approve").await;
    assert_eq!(approved["updateJoinRequests"][0]["status"], "200");
    assert_eq!(team.shown().await.members[&by_number(CAROL)], "member");
    // Nobody waits any more.
    let late = decide("approve").await;
    assert_eq!(late["updateJoinRequests"][0]["status"], "404");
    team.told("group-participants.update", |data| data["action"] == "add")
        .await;
}
