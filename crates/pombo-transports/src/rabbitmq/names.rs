//! What exchanges, queues and routing keys are called. Source: observed on the original, v2.3.6.

use lapin::types::ShortString;
use pombo_domain::event::EventKind;

/// Where one event goes. The routing key, and the key the queue is bound with, is the dotted name of the event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) exchange: ShortString,
    pub(super) queue: ShortString,
    pub(super) key: ShortString,
}

/// A name is longer than AMQP can carry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of an exchange or queue is longer than 255 bytes")]
pub(super) struct NameTooLong;

impl Route {
    /// `{instance}` and `{instance}.messages.upsert`
    pub(super) fn of_instance(instance: &str, kind: EventKind) -> Result<Self, NameTooLong> {
        Self::new(instance, &format!("{instance}.{kind}"), kind)
    }

    /// The exchange for everybody, and `[{prefix}.]messages.upsert`
    pub(super) fn global(
        exchange: &str,
        prefix: Option<&str>,
        kind: EventKind,
    ) -> Result<Self, NameTooLong> {
        let queue = match prefix {
            Some(prefix) => format!("{prefix}.{kind}"),
            None => kind.to_string(),
        };
        Self::new(exchange, &queue, kind)
    }

    fn new(exchange: &str, queue: &str, kind: EventKind) -> Result<Self, NameTooLong> {
        let short = |text: &str| ShortString::try_new(text).map_err(|_| NameTooLong);
        Ok(Self {
            exchange: short(exchange)?,
            queue: short(queue)?,
            key: short(kind.as_str())?,
        })
    }
}
