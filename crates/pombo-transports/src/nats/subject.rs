//! What subjects are called. Source: observed on the original, v2.3.6.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use pombo_domain::event::EventKind;

/// What has a meaning of its own in subjects, and `%`, so that no two instances share one.
const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'*').add(b'>').add(b'%');
const RESERVED_AND_DOT: &AsciiSet = &RESERVED.add(b'.');

/// `{instance}.messages.upsert`. The instance's name is sent as it is where that makes a subject; else what stands in the
/// way is percent-encoded.
pub(super) fn of_instance(instance: &str, kind: EventKind) -> String {
    format!("{}.{kind}", token(instance))
}

/// The instance as the beginning of a subject.
pub(super) fn token(instance: &str) -> String {
    let empty_part = instance.split('.').any(str::is_empty);
    let reserved = if empty_part {
        RESERVED_AND_DOT
    } else {
        RESERVED
    };
    let token = utf8_percent_encode(instance, reserved).to_string();
    // The server keeps `$SYS`, `$JS` and the like for itself, and clients their inboxes.
    match (token.strip_prefix('$'), token.strip_prefix("_INBOX")) {
        (Some(rest), _) => format!("%24{rest}"),
        (_, Some(rest)) => format!("%5FINBOX{rest}"),
        (None, None) => token,
    }
}

/// `[{prefix}.]messages.upsert`
pub(super) fn global(prefix: Option<&str>, kind: EventKind) -> String {
    match prefix {
        Some(prefix) => format!("{prefix}.{kind}"),
        None => kind.to_string(),
    }
}
