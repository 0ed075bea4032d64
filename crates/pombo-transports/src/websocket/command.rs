//! What a client may say.

use pombo_domain::event::EventKind;
use serde::Deserialize;

/// Something a client asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Only these events from now on; an empty list means all.
    Subscribe(Vec<EventKind>),
    /// `ping`, as text.
    Ping,
    /// `{"action":"ping"}`.
    JsonPing,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Message {
    Subscribe {
        #[serde(default)]
        events: Vec<String>,
    },
    Ping,
}

impl Command {
    /// Understands a text frame; the error is for the client.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("ping") {
            return Ok(Self::Ping);
        }
        match serde_json::from_str(text) {
            Ok(Message::Ping) => Ok(Self::JsonPing),
            Ok(Message::Subscribe { events }) => events
                .iter()
                .map(|name| kind(name).ok_or_else(|| format!("unknown event \"{}\"", shortened(name))))
                .collect::<Result<_, _>>()
                .map(Self::Subscribe),
            Err(_) => Err(
                "not understood; send {\"action\":\"subscribe\",\"events\":[..]} or {\"action\":\"ping\"}".to_owned()
            ),
        }
    }
}

/// An event in any spelling: `messages.upsert`, `MESSAGES_UPSERT`, `messages-upsert`.
fn kind(name: &str) -> Option<EventKind> {
    let name = name.trim();
    EventKind::parse(name)
        .or_else(|| EventKind::parse_upper(&name.replace(['.', '-'], "_").to_uppercase()))
}

fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_any_spelling() {
        let text = r#"{"action":"subscribe","events":["messages.upsert","SEND_MESSAGE","group-participants-update","GROUP_UPDATE"]}"#;
        assert_eq!(
            Command::parse(text),
            Ok(Command::Subscribe(vec![
                EventKind::MessagesUpsert,
                EventKind::SendMessage,
                EventKind::GroupParticipantsUpdate,
                EventKind::GroupsUpdate
            ]))
        );
        assert_eq!(
            Command::parse(r#"{"action":"subscribe"}"#),
            Ok(Command::Subscribe(vec![]))
        );
        assert_eq!(
            Command::parse(r#"{"action":"subscribe","events":["nope"]}"#),
            Err("unknown event \"nope\"".to_owned())
        );
    }

    #[test]
    fn pings() {
        assert_eq!(Command::parse(" ping\n"), Ok(Command::Ping));
        assert_eq!(
            Command::parse(r#"{"action":"ping"}"#),
            Ok(Command::JsonPing)
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*") {
            Command::parse(&text).ok();
        }
    }
}
