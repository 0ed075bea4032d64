//! Compares an answer with the recorded one: status, members, types, and the values that can be the same.

use std::collections::{BTreeSet, HashMap};
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
    /// The same the other way round, of messages: two recorded ones are never one of ours.
    recorded: HashMap<String, String>,
    /// Names of members that are compared by their type only.
    random: &'static [&'static str],
}

impl Comparison {
    /// One that does not look at the values of these members.
    pub(super) fn without(random: &'static [&'static str]) -> Self {
        Self {
            ids: HashMap::new(),
            recorded: HashMap::new(),
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

    /// `theirs` is `ours`, unless one of them is known as something else: then `false`.
    pub(super) fn learn_message(&mut self, theirs: &str, ours: &str) -> bool {
        let is_ours = self.ids.get(theirs).is_none_or(|known| known == ours);
        let is_theirs = self.recorded.get(ours).is_none_or(|known| known == theirs);
        if is_ours && is_theirs {
            self.ids.insert(theirs.to_owned(), ours.to_owned());
            self.recorded.insert(ours.to_owned(), theirs.to_owned());
        }
        is_ours && is_theirs
    }

    /// Our name for something that the recording has a name for.
    fn our_id(&self, theirs: &str) -> String {
        let known = self.ids.get(theirs);
        known.map_or(theirs, String::as_str).to_owned()
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
            (theirs, Ok(ours)) if !no_bytes && theirs.is_string() == ours.is_string() => {
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
                let pairs = pairs(theirs, ours, |name| self.our_id(name));
                if is_shuffled(&pairs, ours) {
                    differences.push(Difference {
                        field: format!("{at}/order"),
                        recorded: "this order".to_owned(),
                        ours: "another one".to_owned(),
                    });
                }
                for (name, theirs, ours) in pairs {
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
                if matches!(a, Form::Message(..)) {
                    return self.learn_message(theirs, ours);
                }
                let known = self.ids.entry(theirs.to_owned());
                known.or_insert_with(|| ours.to_owned()) == ours
            }
            // A text in which an id stands.
            _ => !self.random.is_empty() && self.our_ids(theirs) == ours,
        }
    }
}

type Pair<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// What an element is known by: the name of an instance, the id of a message (and the step, in a list of its steps), the address of
/// a person, a chat or a group.
fn name(element: &Value, our_id: impl Fn(&str) -> String) -> Option<String> {
    if element["integration"].is_string() {
        return element["name"].as_str().map(str::to_owned);
    }
    if let Some(id) = element["keyId"].as_str() {
        return Some(format!("{} {}", our_id(id), element["status"]));
    }
    let names = [
        &element["key"]["id"],
        &element["remoteJid"],
        &element["jid"],
    ];
    let address = element["id"].as_str().filter(|id| id.contains('@'));
    let name = names.into_iter().find_map(Value::as_str).or(address);
    name.map(our_id)
}

/// The names of all elements, when each has one of its own.
fn names(list: &[Value], our_id: impl Fn(&str) -> String) -> Option<Vec<String>> {
    let names = list.iter().map(|element| name(element, &our_id));
    let names: Vec<String> = names.collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

/// Elements that belong together: by their name when they have one, else by their place. Instances are called by their name, other
/// elements by their place in the recording, and by `+` when they are not in it.
fn pairs<'a>(
    theirs: &'a [Value],
    ours: &'a [Value],
    our_id: impl Fn(&str) -> String,
) -> Vec<Pair<'a>> {
    let (Some(their_names), Some(our_names)) = (names(theirs, our_id), names(ours, str::to_owned))
    else {
        let longest = theirs.len().max(ours.len());
        return (0..longest)
            .map(|index| (index.to_string(), theirs.get(index), ours.get(index)))
            .collect();
    };
    let place = |list: &[String], wanted: &String| list.iter().position(|name| name == wanted);
    let called = |index: usize, element: &Value| match element["integration"].as_str() {
        Some(_) => element["name"].as_str().unwrap_or_default().to_owned(),
        None => index.to_string(),
    };
    let mut pairs: Vec<Pair<'a>> = theirs
        .iter()
        .zip(&their_names)
        .enumerate()
        .map(|(index, (element, name))| {
            let ours = place(&our_names, name).and_then(|at| ours.get(at));
            (called(index, element), Some(element), ours)
        })
        .collect();
    let more = ours.iter().zip(&our_names);
    let more = more.filter(|(_, name)| !their_names.contains(name));
    pairs.extend(more.map(|(element, _)| {
        let called = match element["integration"].as_str() {
            Some(_) => called(0, element),
            None => "+".to_owned(),
        };
        (called, None, Some(element))
    }));
    pairs
}

/// Whether the elements that both lists have come in different orders. That of instances, and of messages of one second, means
/// nothing.
fn is_shuffled(pairs: &[Pair<'_>], ours: &[Value]) -> bool {
    let place = |wanted: &Value| ours.iter().position(|one| std::ptr::eq(one, wanted));
    let places: Vec<(usize, &Value)> = pairs
        .iter()
        .filter_map(|(_, theirs, ours)| Some(((*ours)?, (*theirs)?)))
        .filter(|(_, theirs)| !theirs["integration"].is_string())
        .filter_map(|(ours, theirs)| Some((place(ours)?, &theirs["messageTimestamp"])))
        .collect();
    let mut following = places.windows(2);
    following.any(|two| two[0].0 > two[1].0 && (two[0].1.is_null() || two[0].1 != two[1].1))
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

#[test]
fn elements_are_compared_by_name_and_their_order_counts() {
    let theirs = serde_json::json!([{"key": {"id": "A"}, "x": 1}, {"key": {"id": "B"}, "x": 2}]);
    let ours = serde_json::json!([{"key": {"id": "B"}, "x": 2}, {"key": {"id": "A"}, "x": 3}, {"key": {"id": "C"}}]);
    let mut comparison = Comparison::default();
    let fields: Vec<String> = comparison
        .between(&theirs, &ours)
        .into_iter()
        .map(|difference| difference.field)
        .collect();
    assert_eq!(fields, ["/order", "/0/x", "/+"]);
    assert!(comparison.between(&theirs, &theirs).is_empty());
}
