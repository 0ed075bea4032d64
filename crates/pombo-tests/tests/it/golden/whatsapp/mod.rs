//! The recorded sessions of the original with two accounts of a simulated network, replayed against the program and ours.
//!
//! `golden/whatsapp.jsonl` has a line for each step: what was asked and what was answered, and what webhooks and Socket.IO
//! clients were told meanwhile. What phones did in a step is in [`phones`]. Ids are mapped, what is random is compared by its
//! type only; every other difference must be covered by a rule of `golden/whatsapp-differences.json`, and every pattern of every
//! rule must cover something.
//!
//! What the recording cut short cannot be repeated byte by byte: of films and sounds in requests it keeps the beginning, so that
//! files of our own are sent instead (`golden/files`), and QR codes are compared by their type only. Left out are
//! `receipt-server-error-ack` (the network refuses a message after it has delivered it, which ours does not do; our answer would
//! be a failure), `receipt-sender` (phones of our network do not tell their companions that they have got a message),
//! `history-recent`, `history-push-names` and `history-full` (phones of our network give their past once, when they are linked),
//! `group-text-from-phone-lid` and `group-typing` (of the first only what the picture of the sender brought is recorded, of the
//! second only a new QR code of another instance), and `qrcode.updated` and `connection.update` of `waq`, whose codes change by
//! the clock. Of the endless `connection.update` after changes of the profile the first few are kept.

mod phones;
mod recording;
mod socketio;
mod stage;
mod witness;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::compare::Comparison;
use super::report::Report;
use super::rules::Rules;
use super::{docs, folder};
use recording::Step;
use stage::Stage;
use witness::Told;

/// What two networks cannot have in common: keys, times, addresses of files, sizes of other files.
const RANDOM: [&str; 46] = [
    "base64",
    "buffer",
    "callId",
    "code",
    "count",
    "creation",
    "date",
    "descTime",
    "directPath",
    "encIv",
    "encPayload",
    "ephemeralSettingTimestamp",
    "fileEncSha256",
    "fileLength",
    "fileSha256",
    "height",
    "imgUrl",
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
    "subjectTime",
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
        report: Report::default(),
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
    replay.report.write("whatsapp-differences");
    let unused = rules.unused();
    assert!(
        replay.unclassified.is_empty() && unused.is_empty(),
        "differences that no rule covers:\n{}\npatterns that cover nothing: {unused:#?}",
        replay.unclassified
    );
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
    report: Report,
    answers: Counts,
    events: Counts,
}

impl Replay {
    /// Keeps a difference that no rule covers.
    fn note(&mut self, difference: &str) {
        writeln!(self.unclassified, "{difference}").expect("a text can always grow");
    }

    fn judge(&mut self, rules: &mut Rules, name: &str, field: &str, difference: &str) {
        match rules.cover(name, field) {
            Some(rule) => self.report.add(rule, difference),
            None => self.note(difference),
        }
    }

    async fn step(&mut self, stage: &mut Stage, rules: &mut Rules, step: &Step) {
        let told = stage.witness.mark();
        if phones::act(stage, step, &self.comparison).await.is_none() {
            self.note(&format!("{}: a phone cannot do that", step.step));
        }
        for exchange in &step.requests {
            let answer = stage.send(exchange, &self.comparison).await;
            stage.learn(exchange, &answer).await;
            let Some(recorded) = &exchange.response else {
                let said = format!("{}: {} {}", exchange.name, answer.status, answer.text);
                self.report.add("not recorded", &said);
                // Whatever was not recorded must still be answered sensibly.
                if answer.status >= 500 {
                    self.note(&format!(
                        "{}: {} {}",
                        exchange.name, answer.status, answer.text
                    ));
                }
                // Which message is meant by what is told of it: one of the step before may still be on its way.
                let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
                if let (Some(theirs), Some(ours)) = (step.sent_id(), body["key"]["id"].as_str()) {
                    self.comparison.learn_message(theirs, ours);
                }
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
                let said = format!("{}: {difference}", exchange.name);
                self.judge(rules, &exchange.name, &difference.field, &said);
            }
        }
        if phones::act_after(stage, step).await.is_none() {
            self.note(&format!("{}: a phone cannot do that afterwards", step.step));
        }
        let mut told_before = BTreeMap::<_, usize>::new();
        for event in &step.events {
            let kind = event.body["event"].as_str().unwrap_or("?");
            let times = told_before
                .entry((&event.via, &event.instance, kind))
                .or_default();
            *times += 1;
            // The second of a kind in a step is called so.
            let name = match times {
                1 => format!("{}/{kind}", step.step),
                times => format!("{}/{kind}#{times}", step.step),
            };
            rules.may_not_be_told(&name);
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
                        let said = format!("{name} ({}): {difference}", event.via);
                        self.judge(rules, &name, &difference.field, &said);
                    }
                }
                Told::Nothing => {
                    self.events.absent += 1;
                    let heard = told.heard(stage, event);
                    let said = format!("{name} ({}): event: not told; heard: {heard}", event.via);
                    self.judge(rules, &name, "event", &said);
                }
            }
        }
    }
}
