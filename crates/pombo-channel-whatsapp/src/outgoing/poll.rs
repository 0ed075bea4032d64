//! Polls.

use pombo_domain::channel::ChannelError;
use serde_json::json;

use super::Built;
use super::context::Context;
use crate::json::indexed;

/// The library keeps the secret with the message, and votes are decrypted with it.
pub(super) fn build(
    name: &str,
    values: &[String],
    selectable: u32,
    context: &Context,
) -> Result<Built, ChannelError> {
    if usize::try_from(selectable).is_ok_and(|selectable| selectable > values.len()) {
        return Err(ChannelError::Invalid(
            "more options may be chosen than there are".to_owned(),
        ));
    }
    let secret: [u8; 32] = rand::random();
    let options: Vec<_> = values
        .iter()
        .map(|value| json!({"optionName": value}))
        .collect();
    let poll = json!({"name": name, "selectableOptionsCount": selectable, "options": options});
    // Source: recorded; one choice is the third version, several are the first.
    let kind = if selectable == 1 {
        "pollCreationMessageV3"
    } else {
        "pollCreationMessage"
    };
    let about = json!({"messageSecret": indexed(&secret)});
    let with_context = if context.says_more() {
        context.attach(poll.clone())
    } else {
        poll.clone()
    };
    let mut built = Built::new(json!({"messageContextInfo": about, kind: with_context}));
    if context.direct && !context.says_more() {
        // Compatible: the original answers with a context at a place where no message has one.
        built.shown = Some(json!({"messageContextInfo": context.attach(about), kind: poll}));
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::direct;
    use super::*;

    fn values() -> Vec<String> {
        vec!["Yes".to_owned(), "No".to_owned()]
    }

    #[test]
    fn one_choice_is_the_third_version() {
        let built = build("Which?", &values(), 1, &direct()).expect("a poll");
        let message = built.message().expect("it is a message");
        let poll = message
            .poll_creation_message_v3
            .as_option()
            .expect("a poll");
        assert_eq!(poll.options.len(), 2);
        assert_eq!(poll.selectable_options_count, Some(1));
        let about = message.message_context_info.as_option().expect("a secret");
        assert_eq!(about.message_secret.as_ref().map(Vec::len), Some(32));

        let chat = "1@s.whatsapp.net".parse().expect("a JID");
        let sent = built.sent("3EB0".to_owned(), &chat);
        assert_eq!(sent.message_type, "pollCreationMessageV3");
        assert_eq!(sent.context_info, None);
        assert_eq!(
            Some(sent.message["messageContextInfo"]["contextInfo"].clone()),
            direct().value()
        );
        assert_eq!(
            sent.message["pollCreationMessageV3"],
            json!({"name": "Which?", "selectableOptionsCount": 1, "options": [{"optionName": "Yes"}, {"optionName": "No"}]})
        );
    }

    #[test]
    fn several_choices_are_the_first_version() {
        let built = build("Many?", &values(), 0, &Context::none()).expect("a poll");
        assert!(built.shown.is_none());
        assert!(built.wire.get("pollCreationMessage").is_some());
        assert!(build("Too many?", &values(), 3, &Context::none()).is_err());
    }
}
