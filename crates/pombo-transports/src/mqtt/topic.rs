//! What topics are called.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use pombo_domain::event::EventKind;

/// What has a meaning of its own in topics, and `%`, so that no two instances share one.
const RESERVED: &AsciiSet = &CONTROLS.add(b'+').add(b'#').add(b'/').add(b'%');

/// `{prefix}/{instance}/messages.upsert`
pub(super) fn of(prefix: &str, instance: &str, kind: EventKind) -> String {
    let instance = utf8_percent_encode(instance, RESERVED);
    if prefix.is_empty() {
        format!("{instance}/{kind}")
    } else {
        format!("{prefix}/{instance}/{kind}")
    }
}
