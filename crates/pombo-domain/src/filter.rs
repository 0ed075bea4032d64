//! Which chats a subscription is about.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::NewEvent;
use crate::jid;

/// The option `filter` of a subscription. Applied to events that have a chat; the others pass.
///
/// Every member that is there must agree. Of the three kinds, `true` means "only these" (several `true` add up) and `false`
/// "not these".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// Only these chats, as JIDs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chats: Option<Vec<String>>,
    /// Groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<bool>,
    /// Status posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<bool>,
    /// Channels, which WhatsApp calls newsletters inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newsletters: Option<bool>,
    /// What the account itself wrote, or only what others wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_me: Option<bool>,
}

impl Filter {
    /// Whether the event goes out. An event about several chats does when one of them passes.
    #[must_use]
    pub fn passes(&self, event: &NewEvent) -> bool {
        let parts = parts(&event.data);
        parts.is_empty() || parts.iter().any(|part| self.passes_part(part))
    }

    fn passes_part(&self, part: &Part<'_>) -> bool {
        let Some(chat) = part.chat() else { return true };
        let from_me = part.by_me();
        let named = self.chats.as_ref().is_none_or(|chats| {
            let other = part.other_name();
            chats
                .iter()
                .any(|known| *known == chat || other.as_deref() == Some(known))
        });
        let by_me = match (self.from_me, from_me) {
            (Some(wanted), Some(is)) => wanted == is,
            (None, _) | (_, None) => true,
        };
        named && by_me && self.passes_kind(&chat)
    }

    fn passes_kind(&self, chat: &str) -> bool {
        let kinds = [
            (self.groups, jid::is_group(chat)),
            (self.status, chat == "status@broadcast"),
            (self.newsletters, chat.ends_with("@newsletter")),
        ];
        if let Some((Some(wanted), _)) = kinds.iter().find(|(wanted, is)| *is && wanted.is_some()) {
            return *wanted;
        }
        // Somebody who asks for groups only does not want the rest.
        !kinds.iter().any(|(wanted, _)| *wanted == Some(true))
    }
}

/// What a filter looks at in `data`, or in one of its items. Each member is looked at only when it is needed, because any of
/// them may be of another type than one expects.
#[derive(Default, Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow, rename = "remoteJid")]
    remote_jid: Option<&'a RawValue>,
    #[serde(borrow, rename = "remoteJidAlt")]
    remote_jid_alt: Option<&'a RawValue>,
    #[serde(borrow, rename = "chatId")]
    chat_id: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "fromMe")]
    from_me: Option<&'a RawValue>,
}

impl<'a> Part<'a> {
    fn key(&self) -> Part<'a> {
        self.key
            .and_then(|key| serde_json::from_str(key.get()).ok())
            .unwrap_or_default()
    }

    fn chat(&self) -> Option<Cow<'a, str>> {
        let key = self.key();
        [key.remote_jid, self.remote_jid, self.chat_id, self.id]
            .into_iter()
            .find_map(address)
    }

    /// The same chat by its other identity, where WhatsApp tells it.
    fn other_name(&self) -> Option<Cow<'a, str>> {
        [self.key().remote_jid_alt, self.remote_jid_alt]
            .into_iter()
            .find_map(address)
    }

    fn by_me(&self) -> Option<bool> {
        [self.key().from_me, self.from_me]
            .into_iter()
            .flatten()
            .find_map(|text| serde_json::from_str(text.get()).ok())
    }
}

/// A text that is an address; ids of other things have no `@`.
fn address(text: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let text: String = serde_json::from_str(text?.get()).ok()?;
    text.contains('@').then_some(Cow::Owned(text))
}

fn parts(data: &RawValue) -> Vec<Part<'_>> {
    let text = data.get();
    if text.starts_with('[') {
        return serde_json::from_str(text).unwrap_or_default();
    }
    serde_json::from_str(text)
        .map(|part| vec![part])
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::Timestamp;
    use crate::event::EventKind;
    use crate::id::EventId;
    use crate::instance::{InstanceName, InstanceRef};

    const ANN: &str = "551@s.whatsapp.net";
    const GROUP: &str = "1203@g.us";

    fn passes(filter: Value, data: Value) -> bool {
        let filter: Filter = serde_json::from_value(filter).unwrap();
        filter.passes(&NewEvent {
            id: EventId::new(Timestamp::default()),
            instance: InstanceRef {
                id: "i".into(),
                name: InstanceName::new("a").unwrap(),
            },
            kind: EventKind::MessagesUpsert,
            at: Timestamp::default(),
            sender: None,
            data: RawValue::from_string(data.to_string()).unwrap(),
        })
    }

    #[test]
    fn kinds_of_chats() {
        for (filter, ann, group, status, newsletter) in [
            (json!({}), true, true, true, true),
            (json!({"groups": false}), true, false, true, true),
            (json!({"groups": true}), false, true, false, false),
            (
                json!({"groups": true, "status": true}),
                false,
                true,
                true,
                false,
            ),
            (
                json!({"groups": false, "status": false, "newsletters": false}),
                true,
                false,
                false,
                false,
            ),
            (
                json!({"newsletters": true, "groups": false}),
                false,
                false,
                false,
                true,
            ),
        ] {
            let chats = [
                (ANN, ann),
                (GROUP, group),
                ("status@broadcast", status),
                ("9@newsletter", newsletter),
            ];
            for (chat, expected) in chats {
                assert_eq!(
                    passes(filter.clone(), json!({"key": {"remoteJid": chat}})),
                    expected,
                    "{filter} {chat}"
                );
            }
        }
    }

    #[test]
    fn the_chat_is_found_wherever_it_stands() {
        let only = json!({"chats": [ANN]});
        for data in [
            json!({"key": {"remoteJid": ANN, "id": "X"}}),
            json!({"key": {"remoteJid": "77@lid", "remoteJidAlt": ANN}}),
            json!({"remoteJid": ANN, "id": "c1"}),
            json!({"id": ANN, "presences": {}}),
            json!({"chatId": ANN, "type": "add"}),
            json!([{"remoteJid": GROUP}, {"remoteJid": ANN}]),
        ] {
            assert!(passes(only.clone(), data.clone()), "{data}");
            let other: Value =
                serde_json::from_str(&data.to_string().replace(ANN, "552@s.whatsapp.net")).unwrap();
            assert!(!passes(only.clone(), other.clone()), "{other}");
        }
    }

    #[test]
    fn what_has_no_chat_passes() {
        let strict = json!({"chats": [ANN], "groups": true, "fromMe": true});
        for data in [
            json!({"state": "open"}),
            json!([]),
            json!(null),
            json!(1),
            json!({"id": 7, "key": "x"}),
            json!([1]),
        ] {
            assert!(passes(strict.clone(), data.clone()), "{data}");
        }
    }

    #[test]
    fn by_author() {
        let data = |from_me: Value| json!({"key": {"remoteJid": ANN, "fromMe": from_me}});
        assert!(passes(json!({"fromMe": true}), data(json!(true))));
        assert!(!passes(json!({"fromMe": true}), data(json!(false))));
        assert!(!passes(json!({"fromMe": false}), data(json!(true))));
        // Who wrote is not said: the condition does not apply.
        assert!(passes(json!({"fromMe": false}), json!({"remoteJid": ANN})));
        assert!(!passes(
            json!({"fromMe": true}),
            json!({"remoteJid": ANN, "fromMe": false})
        ));
    }

    #[test]
    fn misspelt_filters_are_refused() {
        for bad in [
            json!({"group": true}),
            json!({"groups": "yes"}),
            json!({"chats": "x"}),
            json!([]),
        ] {
            assert!(
                serde_json::from_value::<Filter>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }
}
