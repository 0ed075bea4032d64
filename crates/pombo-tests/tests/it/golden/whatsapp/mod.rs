//! The recorded sessions of the original with two accounts of a simulated network, replayed against the program and ours.
//!
//! `golden/whatsapp.jsonl` has a line for each step: what was asked and what was answered, and what webhooks and Socket.IO
//! clients were told meanwhile. What phones did in a step is in [`phones`]. Ids are mapped, what is random is compared by its
//! type only; every other difference must be covered by a rule of `golden/whatsapp-differences.json`, and every rule must
//! cover something.

mod phones;
mod recording;
mod socketio;
mod stage;
mod witness;

use std::fmt::Write;

use super::compare::Comparison;
use super::rules::Rules;
use super::{docs, folder};
use recording::Step;
use stage::Stage;
use witness::Told;

/// What two networks cannot have in common: keys, times, addresses of files, sizes of other files.
const RANDOM: [&str; 42] = [
    "base64",
    "buffer",
    "callId",
    "code",
    "count",
    "date",
    "directPath",
    "encIv",
    "encPayload",
    "ephemeralSettingTimestamp",
    "fileEncSha256",
    "fileLength",
    "fileSha256",
    "height",
    "inviteCode",
    "inviteUrl",
    "jpegThumbnail",
    "lastSeen",
    "mediaKey",
    "mediaKeyTimestamp",
    "messageSecret",
    "messageTimestamp",
    "pairingCode",
    "profilePicUrl",
    "profilePictureUrl",
    "picture",
    "recipientKeyHash",
    "recipientTimestamp",
    "seconds",
    "senderKeyHash",
    "senderTimestamp",
    "senderTimestampMs",
    "server_url",
    "streamingSidecar",
    "thumbnailDirectPath",
    "thumbnailEncSha256",
    "thumbnailSha256",
    "timestampMs",
    "url",
    "version",
    "waveform",
    "width",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linked_accounts_are_shown_as_the_original_shows_them() {
    let steps: Vec<Step> = super::recording::read(&folder().join("whatsapp.jsonl"));
    let mut rules = Rules::read(&folder().join("whatsapp-differences.json"));
    let mut stage = Stage::start().await;
    let mut replay = Replay {
        comparison: Comparison::without(&RANDOM),
        unclassified: String::new(),
        answers: Counts::default(),
        events: Counts::default(),
    };
    for step in &steps {
        replay.step(&mut stage, &mut rules, step).await;
    }
    eprintln!(
        "answers: {}; events: {}; {} requests without a recorded answer",
        replay.answers, replay.events, replay.answers.silent
    );
    stage.simulator.assert_clean();
    let unused = rules.unused();
    assert!(
        replay.unclassified.is_empty(),
        "differences that no rule covers:\n{}\nrules that cover nothing: {unused:?}",
        replay.unclassified
    );
    assert!(unused.is_empty(), "rules that cover nothing: {unused:?}");
}

#[test]
fn the_differences_of_linked_accounts_are_documented() {
    docs::check(
        &Rules::read(&folder().join("whatsapp-differences.json")),
        "whatsapp-differences",
    );
}

#[derive(Default)]
struct Counts {
    equal: usize,
    better: usize,
    absent: usize,
    silent: usize,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            equal,
            better,
            absent,
            ..
        } = self;
        write!(
            formatter,
            "{equal} equal, {better} different on purpose, {absent} not there on purpose"
        )
    }
}

struct Replay {
    comparison: Comparison,
    unclassified: String,
    answers: Counts,
    events: Counts,
}

impl Replay {
    /// Keeps a difference that no rule covers.
    fn note(&mut self, difference: &str) {
        writeln!(self.unclassified, "{difference}").expect("a text can always grow");
    }

    async fn step(&mut self, stage: &mut Stage, rules: &mut Rules, step: &Step) {
        let told = stage.witness.mark();
        if phones::act(stage, step).await.is_none() {
            self.note(&format!("{}: a phone cannot do that", step.step));
        }
        for exchange in &step.requests {
            let answer = stage.send(exchange, &self.comparison).await;
            stage.learn(exchange, &answer).await;
            assert!(
                answer.status < 600,
                "{}: {} {}",
                exchange.name,
                answer.status,
                answer.text
            );
            let Some(recorded) = &exchange.response else {
                self.answers.silent += 1;
                continue;
            };
            let differences = self.comparison.differences(&stage.ours(recorded), &answer);
            if differences.is_empty() {
                self.answers.equal += 1;
                continue;
            }
            self.answers.better += 1;
            for difference in differences {
                if !rules.cover(&exchange.name, &difference.field) {
                    self.note(&format!("{}: {difference}", exchange.name));
                }
            }
        }
        for event in &step.events {
            let name = format!(
                "{}/{}",
                step.step,
                event.body["event"].as_str().unwrap_or("?")
            );
            match told
                .find(stage, event, &name, &self.comparison, rules)
                .await
            {
                Told::Equal(learnt) => {
                    self.comparison = learnt;
                    self.events.equal += 1;
                }
                Told::Different(learnt, differences) => {
                    self.comparison = learnt;
                    self.events.better += 1;
                    for difference in differences {
                        if !rules.cover(&name, &difference.field) {
                            self.note(&format!("{name} ({}): {difference}", event.via));
                        }
                    }
                }
                Told::Nothing => {
                    self.events.absent += 1;
                    if !rules.cover(&name, "event") {
                        self.note(&format!("{name} ({}): event: not told", event.via));
                    }
                }
            }
        }
    }
}
