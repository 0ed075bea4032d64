//! Names of queues and groups. Source: Amazon SQS developer guide, "Quotas", and `SendMessage` in the API reference.

use super::config::GlobalQueues;
use crate::name::fitting;
use pombo_domain::event::EventKind;

/// The longest name of a queue, its suffix included.
const LONGEST_QUEUE: usize = 80;
const LONGEST_GROUP: usize = 128;
const FIFO: &str = ".fifo";

/// `acme_messages_upsert.fifo`, `global_messages_upsert.fifo` or `global_singlequeue.fifo`.
///
/// The original writes `acme_send_message.update.fifo` and `acme_group-participants_update.fifo` when it sends, which are
/// not the queues that it made; here the name is always `UPPER_SNAKE` in lower case.
pub(super) fn queue(instance: &str, kind: EventKind, global: Option<&GlobalQueues>) -> String {
    let event = kind.upper().to_lowercase();
    let name = match global {
        Some(GlobalQueues {
            prefix,
            single: true,
        }) => format!("{prefix}_singlequeue"),
        Some(GlobalQueues {
            prefix,
            single: false,
        }) => format!("{prefix}_{event}"),
        None => format!("{instance}_{event}"),
    };
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_".contains(one);
    fitting(&name, LONGEST_QUEUE - FIFO.len(), plain) + FIFO
}

/// Messages of one group arrive in order. An instance's queue is one group; in global queues there is one per instance and
/// event, as in the original.
pub(super) fn group(instance: &str, kind: EventKind, server: &str, global: bool) -> String {
    if !global {
        return "evolution".to_owned();
    }
    let name = format!("{server}-{}-{instance}", kind.as_str());
    fitting(&name, LONGEST_GROUP, |one| one.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_of_instances() {
        let name = |kind| queue("acme", kind, None);
        assert_eq!(name(EventKind::MessagesUpsert), "acme_messages_upsert.fifo");
        assert_eq!(
            name(EventKind::SendMessageUpdate),
            "acme_send_message_update.fifo"
        );
        assert_eq!(
            name(EventKind::GroupParticipantsUpdate),
            "acme_group_participants_update.fifo"
        );
        assert_eq!(
            name(EventKind::TypebotChangeStatus),
            "acme_typebot_change_status.fifo"
        );
        assert_eq!(
            queue("my shop.é", EventKind::Call, None),
            "my_shop___call.fifo"
        );
    }

    #[test]
    fn global_queues() {
        let mut global = GlobalQueues {
            prefix: "wa".to_owned(),
            single: false,
        };
        assert_eq!(
            queue("acme", EventKind::QrcodeUpdated, Some(&global)),
            "wa_qrcode_updated.fifo"
        );
        global.single = true;
        assert_eq!(
            queue("acme", EventKind::QrcodeUpdated, Some(&global)),
            "wa_singlequeue.fifo"
        );
    }

    #[test]
    fn long_names_fit_and_stay_apart() {
        let name = |instance: String| queue(&instance, EventKind::MessagesUpsert, None);
        let (one, other) = (name("a".repeat(200)), name(format!("{}b", "a".repeat(199))));
        assert_eq!((one.len(), other.len()), (LONGEST_QUEUE, LONGEST_QUEUE));
        assert!(one != other && one.ends_with(FIFO));
    }

    #[test]
    fn groups() {
        let kind = EventKind::MessagesUpsert;
        assert_eq!(group("acme", kind, "evolution", false), "evolution");
        assert_eq!(
            group("my shop", kind, "s1", true),
            "s1-messages.upsert-my_shop"
        );
        assert_eq!(
            group(&"a".repeat(200), kind, "s1", true).len(),
            LONGEST_GROUP
        );
    }
}
