//! Every message that was recorded from the original, read and shown again.

use serde_json::{Value, json};

use super::{message, raw, record};
use crate::content::Content;

fn lines() -> impl Iterator<Item = Value> {
    include_str!("../../tests/golden/contents.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("golden lines are JSON"))
}

#[test]
fn recorded_contents_come_back_the_same() {
    let mut count = 0;
    for line in lines() {
        let wanted = &line["message"];
        let read = message(wanted).expect("a recorded message can be read");
        let shown = match line["form"].as_str() {
            Some("record") => record(&read),
            _ => raw(&read),
        };
        assert_eq!(shown, *wanted, "{}", line["step"]);
        count += 1;
    }
    assert!(count > 80, "only {count} contents");
}

/// As it was on the wire: texts with a context were not yet flattened.
fn on_the_wire(line: &Value) -> Value {
    let mut sent = line["message"].clone();
    let members = sent.as_object_mut().expect("a content is an object");
    match (line["type"].as_str(), line.get("contextInfo")) {
        (Some("conversation"), Some(context)) => {
            let text = members.shift_remove("conversation");
            let extended = json!({"text": text, "contextInfo": context});
            members.insert("extendedTextMessage".to_owned(), extended);
        }
        (Some("documentMessage"), None) => {
            let inner =
                json!({"message": {"documentMessage": members.shift_remove("documentMessage")}});
            members.insert("documentWithCaptionMessage".to_owned(), inner);
        }
        _ => {}
    }
    sent
}

#[test]
fn recorded_types_and_contexts_follow_from_the_content() {
    let mut count = 0;
    for line in lines().filter(|line| line["form"] == "record") {
        let read = message(&on_the_wire(&line)).expect("a recorded message can be read");
        let content = Content::of(&read);
        assert_eq!(content.message, line["message"], "{}", line["step"]);
        assert_eq!(content.message_type, line["type"], "{}", line["step"]);
        let context = line.get("contextInfo").cloned();
        assert_eq!(content.context_info, context, "{}", line["step"]);
        count += 1;
    }
    assert!(count > 70, "only {count} contents");
}
