//! Differences on purpose.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

/// One difference on purpose, or one family of routes that are not built yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    /// Names of exchanges; `*` stands for anything.
    requests: Vec<String>,
    /// `status`, `body`, or JSON pointers; `*` stands for anything.
    fields: Vec<String>,
    /// What the original does.
    pub(super) original: String,
    /// What we do, and why.
    pub(super) ours: String,
    /// Which of its patterns have covered something.
    #[serde(skip)]
    used: BTreeSet<String>,
}

impl Rule {
    /// The patterns that fit.
    fn about(&self, name: &str, field: &str) -> Option<[&str; 2]> {
        Some([
            fitting(&self.requests, name)?,
            fitting(&self.fields, field)?,
        ])
    }

    fn unused(&self) -> impl Iterator<Item = String> {
        let patterns = self.requests.iter().chain(&self.fields);
        let stale = patterns.filter(|pattern| !self.used.contains(*pattern));
        stale.map(|pattern| format!("{}: {pattern}", self.id))
    }
}

fn fitting<'a>(patterns: &'a [String], text: &str) -> Option<&'a str> {
    let fits = patterns.iter().find(|pattern| matches(pattern, text));
    fits.map(String::as_str)
}

/// All rules, in the order of the file.
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the rules are there");
        Self(serde_json::from_str(&text).expect("rules"))
    }

    /// The first rule that covers the difference.
    pub(super) fn cover(&mut self, name: &str, field: &str) -> Option<&str> {
        let rules = self.0.iter_mut();
        rules.into_iter().find_map(|rule| {
            let patterns = rule.about(name, field)?.map(str::to_owned);
            rule.used.extend(patterns);
            Some(rule.id.as_str())
        })
    }

    /// Something was recorded that may not be told on purpose. Whether it is depends on the moment: what belongs to an earlier
    /// step may come late enough to stand for it. So it counts in any case.
    pub(super) fn may_not_be_told(&mut self, name: &str) {
        self.cover(name, "event");
    }

    /// The same, without that it counts.
    pub(super) fn covers(&self, name: &str, field: &str) -> bool {
        self.0.iter().any(|rule| rule.about(name, field).is_some())
    }

    /// Patterns that have covered nothing, with the rule that they are in.
    pub(super) fn unused(&self) -> Vec<String> {
        self.0.iter().flat_map(Rule::unused).collect()
    }

    pub(super) fn all(&self) -> &[Rule] {
        &self.0
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))
        }),
    }
}

#[test]
fn stars_stand_for_anything() {
    for (pattern, text) in [
        ("a*c", "abc"),
        ("a*c", "ac"),
        ("*", ""),
        ("*-x-*", "a-x-b"),
        ("/0/*/id", "/0/key/id"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a*c", "abd"), ("a", "ab"), ("*-x", "a-xy")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn every_pattern_of_a_rule_has_to_cover_something() {
    let mut rules: Rules = Rules(
        serde_json::from_value(serde_json::json!([
            {"id": "a", "requests": ["x", "y"], "fields": ["/1", "/2*"], "original": "", "ours": ""},
            {"id": "b", "requests": ["*"], "fields": ["/1"], "original": "", "ours": ""},
        ]))
        .expect("rules"),
    );
    assert_eq!(rules.cover("x", "/1"), Some("a"), "the first that fits");
    assert_eq!(rules.cover("y", "/3"), None);
    assert_eq!(rules.unused(), ["a: y", "a: /2*", "b: *", "b: /1"]);
    assert_eq!(rules.cover("y", "/22"), Some("a"));
    assert_eq!(rules.cover("z", "/1"), Some("b"));
    assert!(rules.unused().is_empty());
}
