//! Mentions in groups: phones know members by the identity that the group uses.

use pombo_simulator::Simulator;
use serde_json::json;

use super::kit::{ANN, BOB, People, Team, by_number};

async fn mentions(team: &Team, more: serde_json::Value) -> Vec<String> {
    let mut body = json!({"number": team.group});
    if let (Some(body), serde_json::Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let sent = team
        .people
        .stage
        .client
        .post("/message/sendText/ann", &body)
        .await;
    let sent = sent.expect(201).json();
    let message = team
        .people
        .bob
        .next_message(pombo_tests::DEADLINE)
        .await
        .expect("it comes");
    let mentions = message.mentions();
    assert_eq!(sent["contextInfo"]["mentionedJid"], json!(mentions));
    mentions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_mentioned_by_their_hidden_identity() {
    let team = People::new().await.team().await;
    let ann = team.people.stage.simulator.phone(ANN).lid();
    let (bob, bob_number) = (team.people.bob.lid(), by_number(BOB));

    let mut all = mentions(&team, json!({"text": "all", "mentionsEveryOne": true})).await;
    all.sort();
    let mut wanted = vec![ann.clone(), bob.clone()];
    wanted.sort();
    assert_eq!(all, wanted);
    // Whoever is written in the text by number is shown by it.
    let text = format!("@{BOB} and all");
    let mut all = mentions(&team, json!({"text": text, "mentionsEveryOne": true})).await;
    all.sort();
    wanted.push(bob_number.clone());
    wanted.sort();
    assert_eq!(all, wanted);
    let one = json!({"text": format!("@{BOB}"), "mentioned": [BOB]});
    assert_eq!(mentions(&team, one).await, [bob_number, bob]);

    // Who comes later is mentioned too.
    let add = json!({"action": "add", "participants": [super::kit::CAROL]});
    team.post("updateParticipant", add).await.expect(201);
    let all = mentions(&team, json!({"text": "all", "mentionsEveryOne": true})).await;
    assert!(all.contains(&team.people.carol.lid()), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_mentioned_by_number_where_numbers_are_shown() {
    let network = Simulator::builder().groups_by_phone_number();
    let team = People::with(network).await.team().await;
    let mut all = mentions(&team, json!({"text": "all", "mentionsEveryOne": true})).await;
    all.sort();
    assert_eq!(all, [by_number(ANN), by_number(BOB)]);
    let one = json!({"text": format!("@{BOB}"), "mentioned": [BOB]});
    assert_eq!(mentions(&team, one).await, [by_number(BOB)]);
}
