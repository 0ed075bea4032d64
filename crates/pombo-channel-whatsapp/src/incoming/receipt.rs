//! How far messages have got: receipts, and the network's own answers.

use pombo_domain::channel::{Acknowledgement, ChannelEvent, Receipt, ReceiptKind};
use wacore::types::events;
use wacore::types::presence::ReceiptType;
use wacore_binary::{Jid, JidExt as _};

use super::key::Me;

/// What a receipt says; `None` for those that are about keys, files and history.
fn kind(receipt: &ReceiptType) -> Option<ReceiptKind> {
    Some(match receipt {
        // Companions that are not "available" say it this way.
        ReceiptType::Delivered | ReceiptType::Inactive => ReceiptKind::Delivered,
        ReceiptType::Sender => ReceiptKind::Sender,
        ReceiptType::Read => ReceiptKind::Read,
        ReceiptType::ReadSelf => ReceiptKind::ReadSelf,
        ReceiptType::Played => ReceiptKind::Played,
        ReceiptType::PlayedSelf => ReceiptKind::PlayedSelf,
        _ => return None,
    })
}

/// Somebody got, read or played messages.
pub(super) fn receipt(event: &events::Receipt, me: &Me) -> Option<ChannelEvent> {
    let kind = kind(&event.r#type)?;
    let source = &event.source;
    let chat = source.chat.to_non_ad();
    let sender = source.sender.to_non_ad();
    let grouped = chat.is_group() || chat.is_status_broadcast();
    let by_self = matches!(kind, ReceiptKind::ReadSelf | ReceiptKind::PlayedSelf)
        || (me.is(&sender) && kind != ReceiptKind::Sender);
    let kind = match kind {
        ReceiptKind::Read if by_self => ReceiptKind::ReadSelf,
        ReceiptKind::Played if by_self => ReceiptKind::PlayedSelf,
        // That a companion of the account has somebody else's message says nothing.
        ReceiptKind::Delivered if by_self => return None,
        kind => kind,
    };
    let alt = source.sender_alt.as_ref().map(Jid::to_non_ad_string);
    Some(ChannelEvent::Receipt(Receipt {
        chat: chat.to_string(),
        chat_alt: alt.clone().filter(|_| !grouped),
        participant: (grouped && sender != chat).then(|| sender.to_string()),
        participant_alt: alt.filter(|_| grouped),
        ids: event.message_ids.clone(),
        from_me: !by_self,
        kind,
        timestamp: event.timestamp.timestamp(),
    }))
}

/// The network took or refused a message.
pub(super) fn server_ack(event: &events::ServerAck) -> Option<ChannelEvent> {
    if event.class.as_deref() != Some("message") {
        return None;
    }
    Some(ChannelEvent::Acknowledgement(Acknowledgement {
        chat: event.from.as_ref().map(Jid::to_non_ad_string),
        id: event.id.clone(),
        error: event.error.clone().filter(|code| code != "0"),
        timestamp: event.timestamp.map(|time| time.timestamp()),
    }))
}

#[cfg(test)]
mod tests {
    use wacore::types::message::MessageSource;
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::{jid, me};
    use super::*;

    fn seen(chat: &str, sender: &str, kind: &str) -> Option<Receipt> {
        let event = events::Receipt::builder()
            .source(MessageSource {
                chat: jid(chat),
                sender: jid(sender),
                sender_alt: Some(jid("108205380617684:1@lid")),
                ..Default::default()
            })
            .message_ids(vec!["A".to_owned(), "B".to_owned()])
            .timestamp(DateTime::from_timestamp(1_795_398_107, 0).expect("a time"))
            .r#type(ReceiptType::parse(kind))
            .offline(false)
            .build();
        match receipt(&event, &me()) {
            Some(ChannelEvent::Receipt(receipt)) => Some(receipt),
            _ => None,
        }
    }

    const BOB: &str = "5511900000002:1@s.whatsapp.net";

    #[test]
    fn receipts_of_others_are_about_own_messages() {
        for (kind, wanted) in [
            ("", ReceiptKind::Delivered),
            ("inactive", ReceiptKind::Delivered),
            ("sender", ReceiptKind::Sender),
            ("read", ReceiptKind::Read),
            ("played", ReceiptKind::Played),
        ] {
            let receipt = seen(BOB, BOB, kind).expect("it is told");
            assert_eq!(receipt.kind, wanted);
            assert_eq!(receipt.chat, "5511900000002@s.whatsapp.net");
            assert_eq!(receipt.chat_alt.as_deref(), Some("108205380617684@lid"));
            assert_eq!(receipt.participant, None);
            assert!(receipt.from_me);
            assert_eq!(receipt.ids, ["A", "B"]);
            assert_eq!(receipt.timestamp, 1_795_398_107);
        }
    }

    #[test]
    fn group_receipts_name_the_member() {
        let receipt = seen("120363002866886739@g.us", BOB, "read").expect("it is told");
        assert_eq!(
            receipt.participant.as_deref(),
            Some("5511900000002@s.whatsapp.net")
        );
        assert_eq!(
            receipt.participant_alt.as_deref(),
            Some("108205380617684@lid")
        );
        assert_eq!(receipt.chat_alt, None);
    }

    #[test]
    fn own_receipts_are_about_messages_of_others() {
        let own = "5511900000001:2@s.whatsapp.net";
        for (kind, wanted) in [
            ("read-self", ReceiptKind::ReadSelf),
            ("read", ReceiptKind::ReadSelf),
            ("played", ReceiptKind::PlayedSelf),
        ] {
            let receipt = seen("120363002866886739@g.us", own, kind).expect("it is told");
            assert_eq!(receipt.kind, wanted);
            assert!(!receipt.from_me);
        }
        assert!(seen("120363002866886739@g.us", own, "").is_none());
    }

    #[test]
    fn the_rest_is_not_for_the_rules() {
        for kind in [
            "retry",
            "server-error",
            "hist_sync",
            "peer_msg",
            "sent",
            "view",
        ] {
            assert!(seen(BOB, BOB, kind).is_none(), "{kind}");
        }
    }

    #[test]
    fn a_refusal_has_its_code() {
        let ack = |class: &str, error: Option<&str>| {
            let event = events::ServerAck::builder()
                .id("A".to_owned())
                .maybe_class(Some(class.to_owned()))
                .maybe_from(Some(jid(BOB)))
                .maybe_error(error.map(str::to_owned))
                .build();
            match server_ack(&event) {
                Some(ChannelEvent::Acknowledgement(ack)) => Some(ack),
                _ => None,
            }
        };
        assert_eq!(ack("message", None).expect("it is told").error, None);
        let refused = ack("message", Some("479")).expect("it is told");
        assert_eq!(refused.error.as_deref(), Some("479"));
        assert_eq!(
            refused.chat.as_deref(),
            Some("5511900000002@s.whatsapp.net")
        );
        assert!(ack("receipt", None).is_none());
    }
}
