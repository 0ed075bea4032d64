//! Every message that was recorded from the original, read and shown again.

use serde_json::Value;

use super::{Form, message, raw, record};

/// Members that are added to records after the fact.
const ADDED: [&str; 3] = ["base64", "mediaUrl", "speechToText"];

fn lines(text: &str) -> impl Iterator<Item = Value> + '_ {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("golden lines are JSON"))
}

#[test]
fn recorded_contents_come_back_the_same() {
    let mut count = 0;
    for mut line in lines(include_str!("../../tests/golden/contents.jsonl")) {
        let form = match line["form"].as_str() {
            Some("record") => Form::Record,
            _ => Form::Raw,
        };
        let mut wanted = line["message"].take();
        if let Some(members) = wanted.as_object_mut() {
            members.retain(|name, _| !ADDED.contains(&name.as_str()));
        }
        let read = message(&wanted).expect("a recorded message can be read");
        let shown = match form {
            Form::Record => record(&read),
            Form::Raw => raw(&read),
        };
        assert_eq!(shown, wanted, "{}", line["step"]);
        count += 1;
    }
    assert!(count > 80, "only {count} contents");
}
