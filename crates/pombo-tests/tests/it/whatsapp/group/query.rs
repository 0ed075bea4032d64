//! Looking at groups, and how often the network is asked for it.

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use serde_json::json;

use super::kit::{ANN, BOB, People, Team, by_number, texts};

/// Counts what Ann asks about groups: each question with that child takes a moment.
fn count(team: &Team, child: &str) -> u64 {
    rule(
        team,
        child,
        Fault::Delay {
            ms: 200,
            jitter_ms: 0,
        },
    )
}

fn rule(team: &Team, child: &str, fault: Fault) -> u64 {
    let questions = StanzaFilter {
        xmlns: Some("w:g2".to_owned()),
        child: Some(child.to_owned()),
        ..StanzaFilter::tag("iq")
    };
    let rule = FaultRule::new(FaultPoint::FromClient, fault)
        .account(ANN)
        .stanza(questions);
    team.people
        .stage
        .simulator
        .faults()
        .add(rule)
        .expect("a rule")
}

fn asked(team: &Team, rule: u64) -> usize {
    let strikes = team.people.stage.simulator.faults().strikes();
    strikes.iter().filter(|strike| strike.rule == rule).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_are_one_question() {
    let team = People::new().await.team().await;
    team.renamed("Team 2").await;
    let questions = count(&team, "query");
    let all = futures_util::future::join_all((0..50).map(|_| team.get("findGroupInfos"))).await;
    for answer in all {
        let infos = answer.expect(200).json();
        assert_eq!(
            (&infos["id"], &infos["subject"]),
            (&json!(team.group), &json!("Team 2"))
        );
    }
    assert_eq!(asked(&team, questions), 1);
    // Remembered until somebody changes it, here or elsewhere.
    team.get("participants").await.expect(200);
    assert_eq!(asked(&team, questions), 1);
    team.renamed("Team 3").await;
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert_eq!(infos["subject"], "Team 3");
    assert_eq!(asked(&team, questions), 2);
    team.post("updateGroupSubject", json!({"subject": "Team 4"}))
        .await
        .expect(201);
    let infos = team.get("findGroupInfos").await.expect(200).json();
    assert_eq!(infos["subject"], "Team 4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_shown_whole() {
    let team = People::new().await.team().await;
    team.post("updateGroupDescription", json!({"description": "us"}))
        .await
        .expect(201);
    let infos = team.get("findGroupInfos").await.expect(200).json();
    let members: Vec<&str> = infos
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "subject",
            "subjectOwner",
            "subjectTime",
            "pictureUrl",
            "size",
            "creation",
            "owner",
            "desc",
            "descId",
            "restrict",
            "announce",
            "participants",
            "isCommunity",
            "isCommunityAnnounce",
            "addressingMode",
            "joinApprovalMode",
            "memberAddMode",
        ]
    );
    assert_eq!((&infos["size"], &infos["desc"]), (&json!(2), &json!("us")));
    let numbers = infos["participants"].as_array().expect("members");
    assert!(
        numbers
            .iter()
            .any(|member| member["phoneNumber"] == by_number(BOB))
    );

    // The id may come in the body, without its end, and with a body on a GET.
    let client = &team.people.stage.client;
    let short = team.group.trim_end_matches("@g.us");
    client
        .get(&format!("/group/findGroupInfos/ann?groupJid={short}"))
        .await
        .expect(200);
    let request = client.request(reqwest::Method::GET, "/group/findGroupInfos/ann");
    let answer = client
        .send(request.json(&json!({"groupJid": team.group})))
        .await;
    assert_eq!(answer.expect(200).json()["subject"], "Team");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_groups_are_one_question_and_so_are_their_pictures() {
    let team = People::new().await.team().await;
    let bob = &team.people.bob;
    for subject in ["Second", "Third"] {
        bob.create_group(subject, &[ANN]).await.expect("a group");
        team.told("groups.upsert", |data| data["subject"] == subject)
            .await;
    }
    team.post("updateGroupPicture", json!({"image": super::kit::PICTURE}))
        .await
        .expect(201);
    team.told("groups.update", |data| data["pictureId"].is_string())
        .await;
    let (groups, pictures) = (count(&team, "participating"), count(&team, "pictures"));
    let client = &team.people.stage.client;
    let path = "/group/fetchAllGroups/ann?getParticipants=true";
    let all = futures_util::future::join_all((0..5).map(|_| client.get(path))).await;
    for answer in all {
        let list = answer.expect(200).json();
        let mut shown: Vec<_> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|group| {
                assert!(
                    group["participants"]
                        .as_array()
                        .is_some_and(|all| all.len() == 2)
                );
                let pictured = group["pictureUrl"].is_string();
                (group["subject"].as_str().unwrap_or_default(), pictured)
            })
            .collect();
        shown.sort_unstable();
        assert_eq!(shown, [("Second", false), ("Team", true), ("Third", false)]);
    }
    assert_eq!(asked(&team, groups), 1);
    assert_eq!(asked(&team, pictures), 1);
    let path = "/group/fetchAllGroups/ann?getParticipants=false&pictures=false";
    let plain = client.get(path).await.expect(200).json();
    assert_eq!(plain.as_array().map(Vec::len), Some(3));
    assert!(
        plain
            .as_array()
            .expect("a list")
            .iter()
            .all(|group| { group.get("participants").is_none() && group["pictureUrl"].is_null() })
    );
    assert_eq!(asked(&team, pictures), 1);
    // A new one is there at once.
    bob.create_group("Fourth", &[ANN]).await.expect("a group");
    team.told("groups.upsert", |data| data["subject"] == "Fourth")
        .await;
    let more = client.get(path).await.expect(200).json();
    assert_eq!(more.as_array().map(Vec::len), Some(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_questions_are_429_and_the_network_gets_a_pause() {
    let team = People::new().await.team().await;
    team.renamed("Team 2").await;
    let refusal = Fault::Refuse {
        code: 429,
        text: "rate-overlimit".to_owned(),
    };
    let refused = rule(&team, "query", refusal);
    let answer = team.get("findGroupInfos").await.expect(429);
    assert_eq!(
        texts(&answer),
        [
            "Error fetching group",
            "WhatsApp limits how often groups are asked for"
        ]
    );
    let answer = team.get("participants").await.expect(429);
    assert!(
        texts(&answer)[1].contains("try again in"),
        "{}",
        answer.text
    );
    assert_eq!(asked(&team, refused), 1);
}
