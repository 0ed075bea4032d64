//! Which message of which chat, and who is who.

use pombo_domain::message::{DeviceSource, MessageKey};
use serde_json::{Map, Value};
use wacore::types::message::MessageInfo;
use wacore_binary::{Jid, JidExt as _};
use whatsapp_rust::Client;

/// The account's two identities, without the device part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Me {
    /// Its phone number.
    pub(crate) pn: Option<Jid>,
    /// Its LID.
    pub(crate) lid: Option<Jid>,
}

impl Me {
    pub(crate) fn of(client: &Client) -> Self {
        Self {
            pn: client.pn().map(Jid::into_non_ad),
            lid: client.lid().map(Jid::into_non_ad),
        }
    }

    /// Whether that is the account itself.
    pub(crate) fn is(&self, jid: &Jid) -> bool {
        let same = |own: &Option<Jid>| own.as_ref().is_some_and(|own| own.is_same_user_as(jid));
        same(&self.pn) || same(&self.lid)
    }

    /// As [`Self::is`], for an address as text.
    pub(crate) fn is_text(&self, jid: &str) -> bool {
        jid.parse().is_ok_and(|jid| self.is(&jid))
    }

    /// The other identity of the account.
    pub(crate) fn other(&self, jid: &Jid) -> Option<Jid> {
        match self.is(jid) {
            true if jid.is_lid() => self.pn.clone(),
            true => self.lid.clone(),
            false => None,
        }
    }
}

/// On what device a message with this id was written.
///
/// Source: `messages.md` section 1.
pub(crate) fn source(id: &str) -> DeviceSource {
    match (id.get(..2), id.len()) {
        (Some("3A"), 20) => DeviceSource::Ios,
        (Some("3E"), 22) => DeviceSource::Web,
        (_, 21 | 32) => DeviceSource::Android,
        (Some("3F"), _) => DeviceSource::Desktop,
        (_, 18) => DeviceSource::Desktop,
        _ => DeviceSource::Unknown,
    }
}

/// The key of a message that came over the network. `chat_alt`: the other identity of the chat, where the message is the
/// account's own.
///
/// Source: `whatsapp-recorded.md` section 1. Better here: `participantAlt` also in status posts, and the other identity of the
/// chat (not of the account itself) in own messages.
pub(crate) fn of(info: &MessageInfo, chat_alt: Option<&Jid>) -> MessageKey {
    let source = &info.source;
    let chat = source.chat.to_non_ad();
    let sender = source.sender.to_non_ad();
    let direct = !(source.is_group || chat.is_group() || chat.is_newsletter());
    let sender_alt = source.sender_alt.as_ref().map(Jid::to_non_ad_string);
    let mut more = Map::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            more.insert(name.to_owned(), Value::String(value));
        }
    };
    if direct && source.is_from_me {
        add("remoteJidAlt", chat_alt.map(Jid::to_non_ad_string));
    } else if direct || chat.is_status_broadcast() {
        add("remoteJidAlt", sender_alt.clone());
    }
    if !direct && !chat.is_newsletter() {
        add("participantAlt", sender_alt);
    }
    let mode = source.addressing_mode.map_or_else(
        || if sender.is_lid() { "lid" } else { "pn" },
        |mode| mode.as_str(),
    );
    if chat.is_newsletter() {
        add(
            "server_id",
            (info.server_id > 0).then(|| info.server_id.to_string()),
        );
    } else {
        add("addressingMode", Some(mode.to_owned()));
    }
    let participant = if direct || chat.is_newsletter() {
        String::new()
    } else {
        sender.to_string()
    };
    MessageKey {
        id: info.id.clone(),
        from_me: source.is_from_me,
        remote_jid: chat.to_string(),
        participant: Some(participant),
        more,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use wacore::types::message::{AddressingMode, MessageSource};

    use super::*;

    pub(crate) fn jid(text: &str) -> Jid {
        text.parse().expect("a test's JID")
    }

    pub(crate) fn me() -> Me {
        Me {
            pn: Some(jid("5511900000001@s.whatsapp.net")),
            lid: Some(jid("108205380617683@lid")),
        }
    }

    /// As the library would say that a message of Bob's came in.
    pub(crate) fn info(id: &str) -> MessageInfo {
        MessageInfo {
            id: id.to_owned(),
            push_name: "Bob".to_owned(),
            source: MessageSource {
                chat: jid("5511900000002@s.whatsapp.net"),
                sender: jid("5511900000002:1@s.whatsapp.net"),
                sender_alt: Some(jid("108205380617684@lid")),
                ..Default::default()
            },
            ..Default::default()
        }
    }

    fn shown(info: &MessageInfo, alt: Option<&Jid>) -> Value {
        serde_json::to_value(of(info, alt)).expect("a key is JSON")
    }

    #[test]
    fn direct_messages_name_the_other_identity_of_the_sender() {
        assert_eq!(
            shown(&info("3EB0C4F7B671F3183F4D28"), None),
            json!({
                "remoteJid": "5511900000002@s.whatsapp.net", "remoteJidAlt": "108205380617684@lid", "fromMe": false,
                "id": "3EB0C4F7B671F3183F4D28", "participant": "", "addressingMode": "pn",
            })
        );
    }

    #[test]
    fn group_messages_name_the_participant() {
        let mut info = info("3A9E77AAB4768D2E53F1");
        info.source.chat = jid("120363002866886739@g.us");
        info.source.is_group = true;
        info.source.addressing_mode = Some(AddressingMode::Lid);
        info.source.sender = jid("108205380617685:3@lid");
        info.source.sender_alt = Some(jid("5511900000003@s.whatsapp.net"));
        assert_eq!(
            shown(&info, None),
            json!({
                "remoteJid": "120363002866886739@g.us", "fromMe": false, "id": "3A9E77AAB4768D2E53F1",
                "participant": "108205380617685@lid", "participantAlt": "5511900000003@s.whatsapp.net", "addressingMode": "lid",
            })
        );
    }

    #[test]
    fn own_messages_name_the_other_identity_of_the_chat() {
        let mut info = info("3A635497BCE004DFDEB4");
        info.source.is_from_me = true;
        info.source.sender = jid("5511900000001:2@s.whatsapp.net");
        info.source.sender_alt = Some(jid("108205380617683@lid"));
        let key = shown(&info, Some(&jid("108205380617684@lid")));
        assert_eq!(key["remoteJidAlt"], "108205380617684@lid");
        assert_eq!(key["fromMe"], true);
        assert_eq!(key["participant"], "");
    }

    #[test]
    fn status_posts_name_both() {
        let mut info = info("3EB0D4AB73F1BD272B8211");
        info.source.chat = Jid::status_broadcast();
        info.source.is_group = true;
        assert_eq!(
            shown(&info, None),
            json!({
                "remoteJid": "status@broadcast", "remoteJidAlt": "108205380617684@lid", "fromMe": false,
                "id": "3EB0D4AB73F1BD272B8211", "participant": "5511900000002@s.whatsapp.net",
                "participantAlt": "108205380617684@lid", "addressingMode": "pn",
            })
        );
    }

    #[test]
    fn the_id_tells_the_device() {
        for (id, device) in [
            ("3A635497BCE004DFDEB4", DeviceSource::Ios),
            ("3EB0C4F7B671F3183F4D28", DeviceSource::Web),
            ("AC635497BCE004DFDEB4AC635497BCE0", DeviceSource::Android),
            ("AC635497BCE004DFDEB4A", DeviceSource::Android),
            ("635497BCE004DFDEB4", DeviceSource::Desktop),
            ("3F12", DeviceSource::Desktop),
            ("FALSE_XX", DeviceSource::Unknown),
            ("é", DeviceSource::Unknown),
        ] {
            assert_eq!(source(id), device, "{id}");
        }
    }

    #[test]
    fn the_account_knows_itself() {
        let me = me();
        assert!(me.is(&jid("5511900000001:7@s.whatsapp.net")));
        assert!(me.is_text("108205380617683@lid"));
        assert!(!me.is_text("5511900000002@s.whatsapp.net"));
        assert_eq!(me.other(&jid("108205380617683:2@lid")), me.pn);
    }
}
