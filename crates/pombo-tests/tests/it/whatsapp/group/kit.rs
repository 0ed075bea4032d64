//! Ann's instance, Bob's and Carol's phones, and a group.

use pombo_simulator::phone::view::ShownGroup;
use pombo_simulator::{Simulator, SimulatorBuilder, VirtualPhone};
use pombo_tests::{Answer, until};
use serde_json::{Value, json};

use super::super::kit::Stage;

pub(super) const ANN: &str = "5511900000001";
pub(super) const BOB: &str = "5511900000002";
pub(super) const CAROL: &str = "5511900000003";
/// On no WhatsApp.
pub(super) const NOBODY: &str = "5511955555555";

/// A picture of one pixel.
pub(super) const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// An instance `ann` of Ann's account, and two phones.
pub(super) struct People {
    pub(super) stage: Stage,
    pub(super) bob: VirtualPhone,
    pub(super) carol: VirtualPhone,
}

impl People {
    pub(super) async fn new() -> Self {
        Self::with(Simulator::builder()).await
    }

    pub(super) async fn with(network: SimulatorBuilder) -> Self {
        let stage = Stage::with(network, &[]).await;
        stage.linked("ann", ANN).await;
        stage.simulator.add_account(BOB, "Bob");
        stage.simulator.add_account(CAROL, "Carol");
        let (bob, carol) = (stage.simulator.phone(BOB), stage.simulator.phone(CAROL));
        Self { stage, bob, carol }
    }

    /// A group of Ann and Bob that Ann made by REST, once she was told of it.
    pub(super) async fn team(self) -> Team {
        let body = json!({"subject": "Team", "participants": [BOB]});
        let made = self.stage.client.post("/group/create/ann", &body).await;
        let group = made.expect(201).json()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        self.stage.heard("ann", "groups.upsert").await;
        Team {
            people: self,
            group,
        }
    }

    /// A group that Bob made on his phone, with Ann and Carol as ordinary members, once Ann was told of it.
    pub(super) async fn bobs_team(self) -> Team {
        let group = self.bob.create_group("Bob's", &[ANN, CAROL]).await;
        let group = group.expect("a group");
        self.stage.heard("ann", "groups.upsert").await;
        Team {
            people: self,
            group,
        }
    }
}

pub(super) struct Team {
    pub(super) people: People,
    /// Its address.
    pub(super) group: String,
}

impl Team {
    fn path(&self, route: &str) -> String {
        let group = self.group.replace('@', "%40");
        format!("/group/{route}/ann?groupJid={group}")
    }

    pub(super) async fn post(&self, route: &str, body: Value) -> Answer {
        self.people
            .stage
            .client
            .post(&self.path(route), &body)
            .await
    }

    pub(super) async fn get(&self, route: &str) -> Answer {
        self.people.stage.client.get(&self.path(route)).await
    }

    pub(super) async fn delete(&self, route: &str) -> Answer {
        self.people.stage.client.delete(&self.path(route)).await
    }

    /// What Bob sees when he opens the group's page.
    pub(super) async fn shown(&self) -> ShownGroup {
        self.people
            .bob
            .group(&self.group)
            .await
            .expect("Bob is in it")
    }

    /// The event of Ann's for which this is true; it was told once, and so was not told again before the last of the others.
    pub(super) async fn told(&self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(event, || async {
            self.all_told(event).into_iter().find(|data| wanted(data))
        })
        .await
    }

    /// All of Ann's events of that name so far. Lists of one are given as what is in them.
    pub(super) fn all_told(&self, event: &str) -> Vec<Value> {
        let events = self.people.stage.events("ann");
        events
            .into_iter()
            .filter(|(name, _)| name == event)
            .map(|(_, data)| match data {
                Value::Array(mut items) if items.len() == 1 => items.remove(0),
                other => other,
            })
            .collect()
    }

    /// Bob renames the group, and Ann has heard of it: all that came before is told, and nothing is remembered of the group.
    pub(super) async fn renamed(&self, subject: &str) {
        let renamed = self.people.bob.set_subject(&self.group, subject).await;
        renamed.expect("Bob may");
        self.told("groups.update", |data| data["subject"] == subject)
            .await;
    }
}

pub(super) fn by_number(number: &str) -> String {
    format!("{number}@s.whatsapp.net")
}

/// The texts of an error.
pub(super) fn texts(answer: &Answer) -> Vec<String> {
    let list = answer.json()["response"]["message"].clone();
    serde_json::from_value(list).expect("a list of texts")
}
