//! Everything that was told over the two transports, and which of it is what was recorded.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::compare::{Comparison, Difference};
use super::super::rules::Rules;
use super::recording::Event;
use super::stage::Stage;

/// How long what was told in a step may take to come.
const PATIENCE: Duration = Duration::from_secs(15);

/// What tells events of one name apart.
const ALIKE: [&str; 3] = [
    "/data/messageType",
    "/data/status",
    "/data/packet/content/0/tag",
];

struct Heard {
    via: &'static str,
    instance: String,
    body: Value,
    /// It is the counterpart of something recorded.
    taken: bool,
}

/// Keeps what is told, in the order of arrival.
#[derive(Default)]
pub(super) struct Witness(Mutex<Vec<Heard>>);

/// What came of a recorded event.
pub(super) enum Told {
    Equal(Comparison),
    Different(Comparison, Vec<Difference>),
    Nothing,
}

/// A place in what was told: the beginning of a step.
pub(super) struct Mark {
    place: usize,
    /// When the requests of the step were answered.
    answered: Cell<Option<Instant>>,
}

impl Witness {
    pub(super) fn tell(&self, via: &'static str, instance: &str, body: Value) {
        self.heard().push(Heard {
            via,
            instance: instance.to_owned(),
            body,
            taken: false,
        });
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            place: self.heard().len(),
            answered: Cell::new(None),
        }
    }

    /// What a webhook was told of a message that somebody received.
    pub(super) fn received(&self, key_id: &str) -> Option<Value> {
        let heard = self.heard();
        let told = heard.iter().find(|heard| {
            heard.via == "webhook"
                && heard.body["event"] == "messages.upsert"
                && heard.body["data"]["key"]["id"] == key_id
        });
        told.map(|heard| heard.body["data"].clone())
    }

    pub(super) fn was_told_of_call(&self, id: &str) -> bool {
        let heard = self.heard();
        let mut told = heard.iter().map(|heard| &heard.body["data"]["id"]);
        told.any(|told| told == id)
    }

    fn heard(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mark {
    /// The event of that name that differs least, or at least by nothing that no rule covers.
    pub(super) async fn find(
        &self,
        stage: &Stage,
        event: &Event,
        name: &str,
        comparison: &Comparison,
        rules: &Rules,
    ) -> Told {
        let recorded = stage.ours_in(&event.body);
        let begin = self.answered.get().unwrap_or_else(Instant::now);
        self.answered.set(Some(begin));
        let patience = if rules.covers(name, "event") {
            Duration::ZERO
        } else {
            PATIENCE
        };
        loop {
            let best = self.best(stage, event, &recorded, comparison, name, rules);
            let over = begin.elapsed() >= patience;
            match best {
                Some((place, learnt, differences)) => {
                    let known = differences
                        .iter()
                        .all(|difference| rules.covers(name, &difference.field));
                    if !known && over && rules.covers(name, "event") {
                        return Told::Nothing;
                    }
                    if known || over {
                        stage.witness.heard()[place].taken = true;
                        return if differences.is_empty() {
                            Told::Equal(learnt)
                        } else {
                            Told::Different(learnt, differences)
                        };
                    }
                }
                None if over => return Told::Nothing,
                None => {}
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the instance was told of that kind in the step.
    pub(super) fn heard(&self, stage: &Stage, event: &Event) -> String {
        let heard = stage.witness.heard();
        let since = heard.iter().skip(self.place).filter(|heard| {
            heard.via == event.via
                && heard.instance == event.instance
                && heard.body["event"] == event.body["event"]
        });
        let data: Vec<String> = since.map(|heard| heard.body["data"].to_string()).collect();
        data.join(" ")
    }

    fn best(
        &self,
        stage: &Stage,
        event: &Event,
        recorded: &Value,
        comparison: &Comparison,
        name: &str,
        rules: &Rules,
    ) -> Option<(usize, Comparison, Vec<Difference>)> {
        let heard = stage.witness.heard();
        let candidates = heard
            .iter()
            .enumerate()
            .skip(self.place)
            .filter(|(_, heard)| {
                !heard.taken
                    && heard.via == event.via
                    && heard.instance == event.instance
                    && heard.body["event"] == recorded["event"]
                    && ALIKE
                        .iter()
                        .all(|at| heard.body.pointer(at) == recorded.pointer(at))
            });
        candidates
            .map(|(place, heard)| {
                let mut learnt = comparison.clone();
                let mut told = stage.theirs_in(&heard.body);
                // What is delivered after an instance has gone has no key to tell any more.
                if told["apikey"] == "Apikey not found" {
                    told["apikey"] = recorded["apikey"].clone();
                }
                let differences = learnt.between(recorded, &told);
                (place, learnt, differences)
            })
            .min_by_key(|(place, _, differences)| {
                let unknown = differences
                    .iter()
                    .filter(|difference| !rules.covers(name, &difference.field))
                    .count();
                (unknown, differences.len(), *place)
            })
    }
}
