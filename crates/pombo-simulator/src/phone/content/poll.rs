//! Polls.

use waproto::whatsapp as wa;

/// Which of the fields a poll is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollVersion {
    /// Any number of answers; what the first polls were.
    V1,
    /// In announcement groups.
    V2,
    /// One answer.
    V3,
}

/// A question with options. `selectable`: how many may be chosen, 0 for any number. Needs a secret for the votes:
/// [`super::with_secret`]; a phone adds one by itself.
pub fn poll(
    version: PollVersion,
    question: &str,
    options: &[&str],
    selectable: u32,
) -> wa::Message {
    let poll = wa::message::PollCreationMessage {
        name: Some(question.to_owned()),
        options: options
            .iter()
            .map(|name| wa::message::poll_creation_message::Option {
                option_name: Some((*name).to_owned()),
                ..Default::default()
            })
            .collect(),
        selectable_options_count: Some(selectable),
        ..Default::default()
    };
    let mut message = wa::Message::default();
    match version {
        PollVersion::V1 => message.poll_creation_message = poll.into(),
        PollVersion::V2 => message.poll_creation_message_v2 = poll.into(),
        PollVersion::V3 => message.poll_creation_message_v3 = poll.into(),
    }
    message
}
