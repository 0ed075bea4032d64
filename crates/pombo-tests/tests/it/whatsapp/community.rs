//! `/community/*`, with a member's phone as the witness.

use pombo_simulator::VirtualPhone;
use reqwest::Method;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

const DEADLINE: std::time::Duration = pombo_tests::DEADLINE;

/// Ann's linked instance `acme`, and Bob's phone.
async fn stage() -> (Stage, VirtualPhone) {
    let (stage, _, bob) = Stage::acme().await;
    (stage, bob)
}

async fn done(stage: &Stage, route: &str, body: Value) -> Value {
    let path = format!("/community/{route}/acme");
    stage.client.post(&path, &body).await.expect(201).json()
}

async fn got(stage: &Stage, route: &str, query: &str) -> Value {
    let path = format!("/community/{route}/acme?{query}");
    stage.client.get(&path).await.expect(200).json()
}

fn id(group: &Value) -> &str {
    group["id"].as_str().expect("an address")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_community_is_made_filled_and_ended() {
    let (stage, bob) = stage().await;
    let body = json!({"subject": "Village", "description": "All of us", "closed": true});
    let village = done(&stage, "create", body).await;
    let community = id(&village);
    assert_eq!(
        (
            &village["subject"],
            &village["isCommunity"],
            &village["desc"]
        ),
        (&json!("Village"), &json!(true), &json!("All of us"))
    );
    let query = format!("communityJid={community}");
    let found = got(&stage, "find", &query).await;
    assert_eq!(
        (&found["desc"], &found["joinApprovalMode"]),
        (&json!("All of us"), &json!(true))
    );
    let all = got(&stage, "list", "").await;
    assert_eq!(
        (all.as_array().map(Vec::len), id(&all[0])),
        (Some(1), community)
    );
    let groups = got(&stage, "subgroups", &query).await;
    assert_eq!(
        (
            &groups[0]["isCommunityAnnounce"],
            &groups[1]["isGeneralChat"]
        ),
        (&json!(true), &json!(true))
    );

    let body = json!({"communityJid": community, "subject": "Garden", "participants": [BOB]});
    let garden = done(&stage, "createSubgroup", body).await;
    assert_eq!(
        (&garden["subject"], &garden["linkedParent"]),
        (&json!("Garden"), &json!(community))
    );
    assert!(bob.is_member(id(&garden)).await.expect("an answer"));
    assert_eq!(
        bob.community_of(id(&garden))
            .await
            .expect("an answer")
            .as_deref(),
        Some(community)
    );
    let seen = bob.subgroups(community).await.expect("he is in it");
    assert!(seen.iter().any(|group| group.subject == "Garden"));
    assert!(seen.iter().any(|group| group.announcements));

    let choir = bob.create_group("Choir", &[ANN]).await.expect("a group");
    bob.promote(&choir, &[ANN]).await.expect("she is an admin");
    let missing = "120363000000000001@g.us";
    let body = json!({"communityJid": community, "groups": [choir, missing]});
    let linked = done(&stage, "linkGroup", body).await;
    assert_eq!(
        linked,
        json!({"groups": [{"jid": choir, "status": 200}, {"jid": missing, "status": 404}]})
    );
    assert_eq!(
        bob.community_of(&choir)
            .await
            .expect("an answer")
            .as_deref(),
        Some(community)
    );
    let members = got(&stage, "members", &query).await;
    let members = members["participants"].as_array().expect("a list");
    assert_eq!(members.len(), 2);
    assert!(
        members
            .iter()
            .any(|one| one["phoneNumber"] == bob.jid() && one["admin"] == json!(null))
    );
    let subgroup = got(&stage, "subgroup", &format!("{query}&groupJid={choir}")).await;
    assert_eq!(
        (&subgroup["subject"], &subgroup["size"]),
        (&json!("Choir"), &json!(2))
    );

    let body = json!({"communityJid": community, "groups": [choir]});
    let unlinked = done(&stage, "unlinkGroup", body).await;
    assert_eq!(unlinked, json!({"groups": [{"jid": choir, "status": 200}]}));
    assert_eq!(bob.community_of(&choir).await.expect("an answer"), None);

    let body = json!({"communityJid": community, "participants": [BOB]});
    let removed = done(&stage, "removeMembers", body).await;
    assert_eq!(removed["participants"][0]["status"], 200);
    for group in [id(&garden), community] {
        assert!(!bob.is_member(group).await.expect("an answer"));
    }

    let path = format!("/community/deactivate/acme?{query}");
    let ended = stage.client.delete(&path).await.expect(200).json();
    assert_eq!(ended, json!({"update": "success"}));
    let path = format!("/community/find/acme?{query}");
    stage.client.get(&path).await.expect(404);
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_joins_a_group_and_is_heard_there() {
    let (stage, bob) = stage().await;
    let village = bob.create_community("Village").await.expect("it is made");
    bob.add_members(&village, &[ANN])
        .await
        .expect("he is its admin");
    let query = format!("communityJid={village}");
    let groups = got(&stage, "subgroups", &query).await;
    let general = groups
        .as_array()
        .and_then(|groups| groups.iter().find(|group| group["isGeneralChat"] == true))
        .expect("it has a general chat");
    let body = json!({"communityJid": village, "groupJid": general["id"]});
    let joined = done(&stage, "joinSubgroup", body).await;
    assert_eq!(
        (&joined["joined"], &joined["group"]["id"]),
        (&json!(true), &general["id"])
    );

    let body = json!({"number": general["id"], "text": "here I am"});
    let sent = stage.client.post("/message/sendText/acme", &body).await;
    let sent = sent.expect(201).json();
    let (chat, message) = (id(general), sent["key"]["id"].as_str().expect("an id"));
    bob.wait_for(DEADLINE, |view| {
        (view.message(chat, message)?.text() == "here I am").then_some(())
    })
    .await
    .expect("the phone shows it");

    // She is no admin.
    let body = json!({"communityJid": village, "subject": "Mine"});
    let refused = stage
        .client
        .post("/community/createSubgroup/acme", &body)
        .await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let path = format!("/community/deactivate/acme?{query}");
    stage.client.delete(&path).await.expect(400);
    let choir = bob.create_group("Choir", &[ANN]).await.expect("a group");
    let path = format!("/community/find/acme?communityJid={choir}");
    stage.client.get(&path).await.expect(400);
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_refused() {
    let stage = Stage::start().await;
    stage.create("acme", json!({})).await;
    let jid = "120363000000000001@g.us";
    for (route, body) in [
        ("create", json!({"subject": ""})),
        ("create", json!({"subject": "Village", "closed": "yes"})),
        (
            "createSubgroup",
            json!({"communityJid": "x", "subject": "Garden"}),
        ),
        ("linkGroup", json!({"communityJid": jid, "groups": []})),
        ("unlinkGroup", json!({"communityJid": jid, "groups": [BOB]})),
        ("joinSubgroup", json!({ "communityJid": jid })),
        (
            "removeMembers",
            json!({"communityJid": jid, "participants": []}),
        ),
        // Fine, but nobody is linked.
        ("create", json!({"subject": "Village"})),
    ] {
        let path = format!("/community/{route}/acme");
        let answer = stage.client.post(&path, &body).await;
        assert_eq!(answer.status, 400, "{route} {body}: {}", answer.text);
    }
    for (method, route) in [
        (Method::GET, "find"),
        (Method::GET, "subgroups"),
        (Method::GET, "subgroup"),
        (Method::GET, "members"),
        (Method::DELETE, "deactivate"),
    ] {
        let path = format!("/community/{route}/acme?communityJid=5511900000001");
        let request = stage.client.request(method, &path);
        stage.client.send(request).await.expect(400);
    }
}
