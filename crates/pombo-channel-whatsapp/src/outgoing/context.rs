//! What stands beside every content: the quote, the mentions, the chat's timer.

use pombo_domain::channel::ChannelError;
use pombo_domain::message::{Outgoing, Quoted};
use serde_json::{Map, Value, json};
use wacore::proto_helpers::MessageExt as _;
use wacore_binary::{Jid, JidExt as _};

use crate::incoming::key::Me;
use crate::json;

/// How long ago the chat's timer was set, as the original says it of every direct message, in seconds.
const TIMER_SET_BEFORE: i64 = 172_800;

/// The `contextInfo` of a message.
#[derive(Debug, Clone)]
pub(super) struct Context {
    members: Map<String, Value>,
    /// Whether the chat is with one person.
    pub(super) direct: bool,
}

impl Context {
    pub(super) fn of(outgoing: &Outgoing, chat: &Jid, me: &Me) -> Result<Self, ChannelError> {
        let now = wacore::time::now_secs();
        Self::at(now, outgoing, chat, me)
    }

    fn at(now: i64, outgoing: &Outgoing, chat: &Jid, me: &Me) -> Result<Self, ChannelError> {
        let resolved = &outgoing.resolved;
        let direct = chat.is_pn() || chat.is_lid();
        let mut members = Map::new();
        if direct {
            // Source: recorded with every direct message of the original.
            members = basics(now);
        }
        if chat.is_group() && !resolved.mentioned.is_empty() {
            members.insert("mentionedJid".to_owned(), json!(resolved.mentioned));
        }
        if let Some(quoted) = &resolved.quoted {
            quote(&mut members, quoted, chat, me)?;
        }
        if let Some(seconds) = resolved.ephemeral.filter(|seconds| *seconds > 0) {
            members.insert("expiration".to_owned(), seconds.into());
        }
        Ok(Self { members, direct })
    }

    /// No context at all.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self {
            members: Map::new(),
            direct: false,
        }
    }

    /// Puts the context into a content when there is any.
    pub(super) fn attach(&self, mut content: Value) -> Value {
        if let (Some(members), false) = (content.as_object_mut(), self.members.is_empty()) {
            members.insert("contextInfo".to_owned(), self.members.clone().into());
        }
        content
    }

    /// Puts the context into a content, be it empty.
    pub(super) fn attach_always(&self, mut content: Value) -> Value {
        if let Some(members) = content.as_object_mut() {
            members.insert("contextInfo".to_owned(), self.members.clone().into());
        }
        content
    }

    /// The context, when there is any.
    pub(super) fn value(&self) -> Option<Value> {
        (!self.members.is_empty()).then(|| self.members.clone().into())
    }

    /// Whether it says more than every direct message does.
    pub(super) fn says_more(&self) -> bool {
        ["quotedMessage", "expiration"]
            .iter()
            .any(|name| self.members.contains_key(*name))
            || self
                .members
                .get("mentionedJid")
                .is_some_and(|all| *all != json!([]))
    }
}

fn basics(now: i64) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("mentionedJid".to_owned(), json!([]));
    members.insert("groupMentions".to_owned(), json!([]));
    let set = json::signed_long(now - TIMER_SET_BEFORE);
    members.insert("ephemeralSettingTimestamp".to_owned(), set);
    members.insert("disappearingMode".to_owned(), json!({"initiator": 0}));
    members
}

fn quote(
    members: &mut Map<String, Value>,
    quoted: &Quoted,
    chat: &Jid,
    me: &Me,
) -> Result<(), ChannelError> {
    let key = &quoted.key;
    let message = json::message(&quoted.message)
        .map_err(|error| ChannelError::Invalid(format!("the quoted message: {error}")))?;
    let mut message = json::record(&message.prepare_for_quote());
    if let Some(content) = message.as_object_mut() {
        content.shift_remove("messageContextInfo");
        content.shift_remove("senderKeyDistributionMessage");
    }
    let author = match (&key.participant, key.from_me) {
        (Some(participant), _) if !participant.is_empty() => participant.clone(),
        (_, true) => {
            let own = if chat.is_lid() { &me.lid } else { &me.pn };
            let own = own.as_ref().or(me.pn.as_ref()).map(Jid::to_string);
            own.ok_or(ChannelError::NotConnected)?
        }
        (_, false) => key.remote_jid.clone(),
    };
    members.insert("participant".to_owned(), author.into());
    members.insert("stanzaId".to_owned(), key.id.clone().into());
    if !key.remote_jid.is_empty() && key.remote_jid != chat.to_string() {
        let same_person =
            key.more.get("remoteJidAlt").and_then(Value::as_str) == Some(&chat.to_string());
        if !same_person {
            members.insert("remoteJid".to_owned(), key.remote_jid.clone().into());
        }
    }
    members.insert("quotedMessage".to_owned(), message);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {

    use pombo_domain::message::{MessageKey, OutgoingContent, Resolved};

    use super::*;
    use crate::incoming::key::tests::{jid, me};

    const NOW: i64 = 1_795_398_057;

    fn outgoing(resolved: Resolved) -> Outgoing {
        let text = String::new();
        Outgoing {
            link_preview: true,
            resolved,
            ..Outgoing::new("", OutgoingContent::Text { text })
        }
    }

    fn shown(chat: &str, resolved: Resolved) -> Value {
        Context::at(NOW, &outgoing(resolved), &jid(chat), &me())
            .expect("the context can be made")
            .members
            .into()
    }

    /// The context of a direct message that quotes nothing.
    pub(crate) fn direct() -> Context {
        Context {
            members: basics(NOW),
            direct: true,
        }
    }

    const BOB: &str = "5511900000002@s.whatsapp.net";
    const GROUP: &str = "120363002866886739@g.us";

    #[test]
    fn a_direct_message_quotes_as_recorded() {
        let quoted = Quoted {
            key: MessageKey::new("3EB0C4F7B671F3183F4D28", BOB, false),
            message: json!({"conversation": "hello Alice", "messageContextInfo": {"messageSecret": {"0": 1}}, "base64": "AA=="}),
        };
        assert_eq!(
            shown(
                BOB,
                Resolved {
                    quoted: Some(quoted),
                    ..Resolved::default()
                }
            ),
            json!({
                "mentionedJid": [], "groupMentions": [],
                "ephemeralSettingTimestamp": {"low": 1_795_225_257, "high": 0, "unsigned": false},
                "disappearingMode": {"initiator": 0},
                "participant": BOB, "stanzaId": "3EB0C4F7B671F3183F4D28",
                "quotedMessage": {"conversation": "hello Alice"},
            })
        );
    }

    #[test]
    fn a_group_message_has_only_what_it_needs() {
        assert_eq!(shown(GROUP, Resolved::default()), json!({}));
        let mentioned = vec![BOB.to_owned()];
        assert_eq!(
            shown(
                GROUP,
                Resolved {
                    mentioned,
                    ephemeral: Some(86400),
                    ..Resolved::default()
                }
            ),
            json!({"mentionedJid": [BOB], "expiration": 86400})
        );
    }

    #[test]
    fn quotes_name_their_author() {
        let author = |chat: &str, key: MessageKey| {
            let quoted = Quoted {
                key,
                message: json!({"conversation": "x"}),
            };
            shown(
                chat,
                Resolved {
                    quoted: Some(quoted),
                    ..Resolved::default()
                },
            )["participant"]
                .clone()
        };
        assert_eq!(
            author(BOB, MessageKey::new("A", BOB, true)),
            "5511900000001@s.whatsapp.net"
        );
        let lid = "108205380617684@lid";
        assert_eq!(
            author(lid, MessageKey::new("A", lid, true)),
            "108205380617683@lid"
        );
        let mut key = MessageKey::new("A", GROUP, false);
        key.participant = Some("5511900000003@s.whatsapp.net".to_owned());
        assert_eq!(author(GROUP, key), "5511900000003@s.whatsapp.net");
    }

    #[test]
    fn a_quote_from_another_chat_says_so() {
        let quoted = Quoted {
            key: MessageKey::new("A", GROUP, true),
            message: json!({"conversation": "x"}),
        };
        let context = shown(
            BOB,
            Resolved {
                quoted: Some(quoted),
                ..Resolved::default()
            },
        );
        assert_eq!(context["remoteJid"], GROUP);
    }
}
