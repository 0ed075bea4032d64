//! Differences on purpose.

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
    #[serde(skip)]
    used: bool,
}

impl Rule {
    fn is_about(&self, name: &str, field: &str) -> bool {
        let any =
            |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        any(&self.requests, name) && any(&self.fields, field)
    }
}

/// All rules, in the order of the file.
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the rules are there");
        Self(serde_json::from_str(&text).expect("rules"))
    }

    /// Whether some rule covers the difference.
    pub(super) fn cover(&mut self, name: &str, field: &str) -> bool {
        let mut covered = false;
        for rule in self.0.iter_mut().filter(|rule| rule.is_about(name, field)) {
            rule.used = true;
            covered = true;
        }
        covered
    }

    /// The same, without that it counts.
    pub(super) fn covers(&self, name: &str, field: &str) -> bool {
        self.0.iter().any(|rule| rule.is_about(name, field))
    }

    pub(super) fn unused(&self) -> Vec<&str> {
        self.0
            .iter()
            .filter(|rule| !rule.used)
            .map(|rule| rule.id.as_str())
            .collect()
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
