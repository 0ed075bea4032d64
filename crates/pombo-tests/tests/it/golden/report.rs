//! What each rule covered, for those who change the rules.

use std::collections::BTreeMap;
use std::path::Path;

/// Differences, by the rule that covers them.
#[derive(Default)]
pub(super) struct Report(BTreeMap<String, Vec<String>>);

impl Report {
    pub(super) fn add(&mut self, rule: &str, difference: &str) {
        let differences = self.0.entry(rule.to_owned()).or_default();
        differences.push(difference.to_owned());
    }

    /// Written into the folder that `GOLDEN_REPORT` names.
    pub(super) fn write(&self, name: &str) {
        let Some(folder) = std::env::var_os("GOLDEN_REPORT") else {
            return;
        };
        let lines = self.0.iter().flat_map(|(rule, differences)| {
            let lines = differences.iter();
            lines.map(move |difference| format!("{rule} | {difference}\n"))
        });
        let text: String = lines.collect();
        std::fs::write(Path::new(&folder).join(name), text).expect("the report can be written");
    }
}
