//! Names of topics. Source: Apache Kafka, `Topic.java`: letters, digits, `.`, `_`, `-`, and 249 characters at most.

use pombo_domain::event::EventKind;

use crate::name::fitting;

const LONGEST: usize = 249;

/// `evolution.acme.messages.upsert`, and `evolution.global.messages.upsert` for everybody's events.
///
/// The event is in lower case with `.` for `_`; the instance's name stays as it is, but for what Kafka forbids, which
/// becomes `_`. A name that is too long keeps its start and ends in a hash of the whole.
pub(super) fn topic(prefix: &str, instance: Option<&str>, kind: EventKind) -> String {
    let event = kind.as_str().to_lowercase().replace('_', ".");
    let whole = format!("{prefix}.{}.{event}", instance.unwrap_or("global"));
    fitting(&whole, LONGEST, |one| {
        one.is_ascii_alphanumeric() || "._-".contains(one)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        let of = |instance, kind| topic("evolution", instance, kind);
        assert_eq!(
            of(Some("Acme_1"), EventKind::SendMessageUpdate),
            "evolution.Acme_1.send.message.update"
        );
        assert_eq!(
            of(None, EventKind::GroupParticipantsUpdate),
            "evolution.global.group-participants.update"
        );
        assert_eq!(
            of(Some("my shop/é"), EventKind::Call),
            "evolution.my_shop__.call"
        );
    }

    #[test]
    fn long_names_fit_and_stay_apart() {
        let of = |instance: String| topic("p", Some(&instance), EventKind::Call);
        let (one, other) = (of("a".repeat(255)), of(format!("{}b", "a".repeat(254))));
        assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
        assert_ne!(one, other);
    }
}
