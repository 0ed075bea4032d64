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
            let best = self.best(stage, event, &recorded, comparison);
            let over = begin.elapsed() >= patience;
            match best {
                Some((place, learnt, differences)) => {
                    let known = differences
                        .iter()
                        .all(|difference| rules.covers(name, &difference.field));
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

    fn best(
        &self,
        stage: &Stage,
        event: &Event,
        recorded: &Value,
        comparison: &Comparison,
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
                    && heard.body["data"]["messageType"] == recorded["data"]["messageType"]
            });
        candidates
            .map(|(place, heard)| {
                let mut learnt = comparison.clone();
                let differences = learnt.between(recorded, &stage.theirs_in(&heard.body));
                (place, learnt, differences)
            })
            .min_by_key(|(place, _, differences)| (differences.len(), *place))
    }
}
