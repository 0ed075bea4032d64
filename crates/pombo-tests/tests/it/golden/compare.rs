//! Compares an answer with the recorded one: status, members, types, and the values that can be the same.

use std::collections::HashMap;
use std::fmt;

use pombo_tests::Answer;
use serde_json::Value;

use super::recording::Recorded;

/// One thing that differs.
pub(super) struct Difference {
    /// `status`, `body`, or the JSON pointer of a value.
    pub(super) field: String,
    recorded: String,
    ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: recorded {}, ours {}",
            self.field, self.recorded, self.ours
        )
    }
}

/// Which recorded id is which of ours, learnt while comparing.
#[derive(Clone, Default)]
pub(super) struct Comparison {
    ids: HashMap<String, String>,
    /// Names of members that are compared by their type only.
    random: &'static [&'static str],
}

impl Comparison {
    /// One that does not look at the values of these members.
    pub(super) fn without(random: &'static [&'static str]) -> Self {
        Self {
            ids: HashMap::new(),
            random,
        }
    }

    /// What is different in some JSON.
    pub(super) fn between(&mut self, theirs: &Value, ours: &Value) -> Vec<Difference> {
        let mut differences = Vec::new();
        self.compare("", theirs, ours, &mut differences);
        differences
    }

    fn is_random(&self, at: &str) -> bool {
        at.rsplit('/')
            .next()
            .is_some_and(|name| self.random.contains(&name))
    }

    /// A recorded text with our ids in it.
    pub(super) fn our_ids(&self, text: &str) -> String {
        self.ids
            .iter()
            .fold(text.to_owned(), |text, (theirs, ours)| {
                text.replace(theirs.as_str(), ours)
            })
    }

    pub(super) fn differences(&mut self, recorded: &Recorded, answer: &Answer) -> Vec<Difference> {
        let mut differences = Vec::new();
        if recorded.status != answer.status {
            differences.push(Difference {
                field: "status".to_owned(),
                recorded: recorded.status.to_string(),
                ours: answer.status.to_string(),
            });
        }
        let no_bytes =
            recorded.body.is_null() && recorded.body_kind.as_deref() != Some("json-null");
        match (&recorded.body, serde_json::from_str::<Value>(&answer.text)) {
            (Value::Null, _) if no_bytes && answer.text.is_empty() => {}
            (Value::String(theirs), _) if *theirs == answer.text => {}
            (theirs, Ok(ours)) if !no_bytes && !theirs.is_string() => {
                self.compare("", theirs, &ours, &mut differences)
            }
            (theirs, _) => differences.push(Difference {
                field: "body".to_owned(),
                recorded: short(theirs),
                ours: short(&Value::from(answer.text.as_str())),
            }),
        }
        differences
    }

    fn compare(
        &mut self,
        at: &str,
        theirs: &Value,
        ours: &Value,
        differences: &mut Vec<Difference>,
    ) {
        if self.is_random(at) && std::mem::discriminant(theirs) == std::mem::discriminant(ours) {
            return;
        }
        match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                let names = theirs
                    .keys()
                    .chain(ours.keys().filter(|name| !theirs.contains_key(*name)));
                for name in names {
                    let at = format!("{at}/{name}");
                    self.compare_optional(&at, theirs.get(name), ours.get(name), differences);
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                for (name, theirs, ours) in pairs(theirs, ours) {
                    self.compare_optional(&format!("{at}/{name}"), theirs, ours, differences);
                }
            }
            (Value::String(theirs), Value::String(ours)) if self.same_text(theirs, ours) => {}
            (Value::Number(_), Value::Number(_)) if at.ends_with("/messageTimestamp") => {}
            (Value::Number(theirs), Value::Number(ours)) if theirs.as_f64() == ours.as_f64() => {}
            (theirs, ours) if theirs == ours => {}
            (theirs, ours) => differences.push(Difference {
                field: at.to_owned(),
                recorded: short(theirs),
                ours: short(ours),
            }),
        }
    }

    fn compare_optional(
        &mut self,
        at: &str,
        theirs: Option<&Value>,
        ours: Option<&Value>,
        differences: &mut Vec<Difference>,
    ) {
        match (theirs, ours) {
            (Some(theirs), Some(ours)) => self.compare(at, theirs, ours, differences),
            (theirs, ours) => differences.push(Difference {
                field: at.to_owned(),
                recorded: theirs.map_or_else(|| "absent".to_owned(), short),
                ours: ours.map_or_else(|| "absent".to_owned(), short),
            }),
        }
    }

    /// Equal, or both an id or a time of the same form. An id stays the same id throughout.
    fn same_text(&mut self, theirs: &str, ours: &str) -> bool {
        if theirs == ours {
            return true;
        }
        match (form(theirs), form(ours)) {
            (Some(Form::Time), Some(Form::Time)) => true,
            (Some(a), Some(b)) if a == b => {
                self.ids
                    .entry(theirs.to_owned())
                    .or_insert_with(|| ours.to_owned())
                    == ours
            }
            // A text in which an id stands.
            _ => !self.random.is_empty() && self.our_ids(theirs) == ours,
        }
    }
}

/// Elements that belong together: by their name when they have one, else by their place.
fn pairs<'a>(
    theirs: &'a [Value],
    ours: &'a [Value],
) -> Vec<(String, Option<&'a Value>, Option<&'a Value>)> {
    let named = |list: &[Value]| {
        list.iter()
            .all(|element| element["name"].is_string() && element["integration"].is_string())
    };
    if !named(theirs) || !named(ours) {
        let longest = theirs.len().max(ours.len());
        return (0..longest)
            .map(|index| (index.to_string(), theirs.get(index), ours.get(index)))
            .collect();
    }
    let name = |element: &Value| element["name"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = theirs.iter().chain(ours).map(name).collect();
    names.sort();
    names.dedup();
    let find =
        |list: &'a [Value], wanted: &str| list.iter().find(|element| name(element) == wanted);
    names
        .into_iter()
        .map(|name| (name.clone(), find(theirs, &name), find(ours, &name)))
        .collect()
}

#[derive(PartialEq, Eq)]
enum Form {
    Uuid,
    UpperUuid,
    Cuid,
    Time,
    /// Of a message, with the beginning that tells the kind of device, and its length.
    Message(&'static str, usize),
}

fn form(text: &str) -> Option<Form> {
    let dashes = || {
        text.char_indices()
            .filter(|(_, c)| *c == '-')
            .map(|(at, _)| at)
            .eq([8, 13, 18, 23])
    };
    let all = |allowed: fn(char) -> bool| text.chars().all(|c| c == '-' || allowed(c));
    if text.len() == 36 && dashes() {
        if all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            return Some(Form::Uuid);
        }
        return all(|c| matches!(c, '0'..='9' | 'A'..='F')).then_some(Form::UpperUuid);
    }
    for start in ["3EB0", "3A"] {
        let rest = text.strip_prefix(start).unwrap_or_default();
        if rest.len() >= 16 && rest.chars().all(|c| matches!(c, '0'..='9' | 'A'..='F')) {
            return Some(Form::Message(start, text.len()));
        }
    }
    if text.len() == 25 && text.starts_with('c') && all(|c| matches!(c, '0'..='9' | 'a'..='z')) {
        return Some(Form::Cuid);
    }
    let time = text.len() == 24
        && text.ends_with('Z')
        && text.as_bytes()[10] == b'T'
        && text.as_bytes()[19] == b'.';
    time.then_some(Form::Time)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
