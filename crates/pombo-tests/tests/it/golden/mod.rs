//! The recorded exchanges of the original, replayed in order against a running server.
//!
//! `golden/http.jsonl` holds what was sent to Evolution API 2.3.6 and, for a part, what it answered. Every difference must be
//! covered by a rule of `golden/differences.json`, and every pattern of every rule must cover something. `docs/compatibility.md`
//! lists the rules; `UPDATE_DOCS=1` writes that part of it anew. `GOLDEN_REPORT=folder` writes down what each rule covered.

mod compare;
mod docs;
mod recording;
mod report;
mod rules;
mod stage;
mod whatsapp;

use std::fmt::Write;

use compare::Comparison;
use report::Report;
use rules::Rules;
use stage::Stage;

/// Where the recordings and the rules are.
fn folder() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

#[tokio::test]
async fn the_original_and_we_differ_only_on_purpose() {
    let exchanges: Vec<recording::Exchange> = recording::read(&folder().join("http.jsonl"));
    let mut rules = Rules::read(&folder().join("differences.json"));
    let mut stage = Stage::start().await;
    let mut comparison = Comparison::default();
    let (mut equal, mut better, mut silent) = (0, 0, 0);
    let (mut unclassified, mut report) = (String::new(), Report::default());

    for exchange in &exchanges {
        stage.prepare(exchange).await;
        let answer = stage.send(exchange, &comparison).await;
        let Some(recorded) = &exchange.response else {
            // Whatever was not recorded must still be answered sensibly.
            if answer.status >= 500 {
                writeln!(
                    unclassified,
                    "{}: {} {}",
                    exchange.name, answer.status, answer.text
                )
                .expect("a text can always grow");
            }
            silent += 1;
            continue;
        };
        let differences = comparison.differences(recorded, &answer);
        if differences.is_empty() {
            equal += 1;
            continue;
        }
        let mut all_known = true;
        for difference in differences {
            match rules.cover(&exchange.name, &difference.field) {
                Some(rule) => report.add(rule, &format!("{}: {difference}", exchange.name)),
                None => {
                    all_known = false;
                    writeln!(unclassified, "{}: {difference}", exchange.name)
                        .expect("a text can always grow");
                }
            }
        }
        better += usize::from(all_known);
    }

    report.write("differences");
    let unused = rules.unused();
    eprintln!(
        "{} exchanges: {equal} equal, {better} different on purpose, {silent} without a recorded answer",
        exchanges.len()
    );
    assert!(
        unclassified.is_empty() && unused.is_empty(),
        "differences that no rule covers:\n{unclassified}\npatterns that cover nothing: {unused:#?}"
    );
}

#[test]
fn the_differences_are_documented() {
    docs::check(
        &Rules::read(&folder().join("differences.json")),
        "differences",
    );
}
