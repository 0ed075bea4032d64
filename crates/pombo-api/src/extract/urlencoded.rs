//! Form bodies with nested names: `webhook[url]=..&webhook[events][]=..`.

use serde_json::{Map, Value};

/// How deep names may nest, how many members a form may have. Source: the defaults of `qs`.
const MAX_DEPTH: usize = 5;
const MAX_MEMBERS: usize = 1000;

/// The form as an object; `None` when it has too many members.
pub(crate) fn parse(body: &[u8]) -> Option<Map<String, Value>> {
    let mut root = Map::new();
    for (count, (name, value)) in url::form_urlencoded::parse(body).enumerate() {
        if count == MAX_MEMBERS {
            return None;
        }
        insert(&mut root, &name, value.into_owned());
    }
    Some(root)
}

/// Puts a text where its name says.
pub(crate) fn insert(root: &mut Map<String, Value>, name: &str, text: String) {
    let path = split(name);
    if let Some((first, rest)) = path.split_first() {
        put(
            root.entry((*first).to_owned()).or_insert(Value::Null),
            rest,
            text,
        );
    }
}

/// `a[b][]` as `["a", "b", ""]`. What is deeper than allowed stays one name.
fn split(name: &str) -> Vec<&str> {
    let Some(open) = name.find('[').filter(|open| *open > 0) else {
        return vec![name];
    };
    let mut path = vec![&name[..open]];
    let mut rest = &name[open..];
    while path.len() <= MAX_DEPTH
        && let Some(inner) = rest.strip_prefix('[')
        && let Some(close) = inner.find(']')
    {
        path.push(&inner[..close]);
        rest = &inner[close + 1..];
    }
    path
}

fn put(place: &mut Value, path: &[&str], text: String) {
    let Some((step, rest)) = path.split_first() else {
        match place {
            Value::Null => *place = Value::String(text),
            Value::Array(items) => items.push(Value::String(text)),
            // A name that comes twice becomes a list.
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                *place = Value::Array(vec![place.take(), Value::String(text)]);
            }
        }
        return;
    };
    if step.is_empty()
        || (step.parse::<usize>().is_ok_and(|index| index <= 20) && !place.is_object())
    {
        if !place.is_array() {
            *place = Value::Array(if place.is_null() {
                Vec::new()
            } else {
                vec![place.take()]
            });
        }
        if let Value::Array(items) = place {
            let index = step
                .parse::<usize>()
                .ok()
                .filter(|index| *index < items.len())
                .unwrap_or(items.len());
            if index == items.len() {
                items.push(Value::Null);
            }
            put(&mut items[index], rest, text);
        }
        return;
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    if let Value::Object(members) = place {
        put(
            members.entry((*step).to_owned()).or_insert(Value::Null),
            rest,
            text,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Value {
        Value::Object(parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn names_nest() {
        assert_eq!(
            read("instanceName=ora-form&integration=EVOLUTION"),
            json!({"instanceName": "ora-form", "integration": "EVOLUTION"})
        );
        assert_eq!(
            read(
                "webhook[url]=http%3A%2F%2Fx&webhook[events][]=A&webhook[events][]=B&a=1&a=2&l[0][n]=x&l[1][n]=y"
            ),
            json!({"webhook": {"url": "http://x", "events": ["A", "B"]}, "a": ["1", "2"], "l": [{"n": "x"}, {"n": "y"}]})
        );
        assert_eq!(read("[x]=1&=2"), json!({"[x]": "1", "": "2"}));
    }

    #[test]
    fn too_many_members_are_refused() {
        assert!(parse("a=1&".repeat(1001).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn never_panics(body in "([a-z0-9&=%\\[\\]]|%5B|%5D){0,60}") {
            drop(parse(body.as_bytes()));
        }
    }
}
