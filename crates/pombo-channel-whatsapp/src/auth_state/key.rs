//! What the records are called.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// `address` -> identity key of a remote device, 32 bytes.
pub(super) const IDENTITY: &str = "identity";
/// `address` -> session, as the library serialises it.
pub(super) const SESSION: &str = "session";
/// Number, ten digits -> one-time pre-key.
pub(super) const PRE_KEY: &str = "pre_key";
/// Number, ten digits -> signed pre-key.
pub(super) const SIGNED_PRE_KEY: &str = "signed_pre_key";
/// Name of the library's -> sender key of a group.
pub(super) const SENDER_KEY: &str = "sender_key";
/// Key id, hexadecimal -> app state sync key, JSON.
pub(super) const SYNC_KEY: &str = "sync_key";
/// One record, key empty -> id of the sync key that was stored last.
pub(super) const LATEST_SYNC_KEY: &str = "latest_sync_key";
/// Collection -> version and hash, JSON.
pub(super) const APP_STATE: &str = "app_state";
/// Collection, index MAC -> value MAC.
pub(super) const MUTATION_MAC: &str = "mutation_mac";
/// Group -> which devices have our sender key, JSON.
pub(super) const SENDER_KEY_DEVICES: &str = "sender_key_devices";
/// LID -> what is known of it, JSON.
pub(super) const LID: &str = "lid";
/// Phone number -> LID.
pub(super) const PHONE: &str = "phone";
/// Address, message id -> base key.
pub(super) const BASE_KEY: &str = "base_key";
/// User -> devices, JSON.
pub(super) const DEVICES: &str = "devices";
/// Group -> what the library knows of it.
pub(super) const GROUP: &str = "group";
/// JID -> privacy token, JSON.
pub(super) const TC_TOKEN: &str = "tc_token";
/// Chat, message id -> message as it was sent; its age is when.
pub(super) const SENT: &str = "sent";
/// Chat, sender, message id -> message that was decrypted; its age is when.
pub(super) const PENDING_INBOUND: &str = "pending_inbound";
/// Chat, sender, message id -> nothing: the rules have the message; its age is when.
pub(super) const TAKEN: &str = "taken_inbound";
/// Chat, sender, message id -> message that nobody has, JSON.
pub(super) const MISSING: &str = "missing_inbound";
/// Chat, sender, message id -> secret; its age is when it may go.
pub(super) const MSG_SECRET: &str = "msg_secret";
/// One record, key empty -> the account, JSON.
pub(super) const DEVICE: &str = "device";

/// Stands between the parts of a key; no JID and no message id has it.
const SEPARATOR: char = '\u{1f}';
/// Longer than any real one; a store takes three times as many bytes.
const LONGEST: usize = 340;

/// A key of several parts. Message ids are chosen by whoever sends: what is longer than any real one is replaced by a
/// digest, since it is looked up and never listed.
pub(super) fn joined(parts: &[&str]) -> String {
    let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            key.push(SEPARATOR);
        }
        key.push_str(part);
    }
    if key.contains('\0') {
        // No database keeps it.
        key = key.replace('\0', "\u{fffd}");
    }
    if !fits(&key) {
        return hex(&Sha256::digest(key.as_bytes()));
    }
    key
}

/// Whether a store takes the key.
pub(super) fn fits(key: &str) -> bool {
    key.len() <= LONGEST && !key.contains('\0')
}

/// The beginning of all keys whose first part is this.
pub(super) fn beginning(part: &str) -> String {
    format!("{part}{SEPARATOR}")
}

/// Numbers sort as texts do.
pub(super) fn number(id: u32) -> String {
    format!("{id:010}")
}

/// The key of a value MAC.
pub(super) fn mutation_mac(collection: &str, index_mac: &[u8]) -> String {
    let mut key = beginning(collection);
    push_hex(&mut key, index_mac);
    key
}

/// Bytes as a key.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_texts() {
        assert!(number(9) < number(10));
        assert!(number(999_999_999) < number(u32::MAX));
        assert_eq!(number(u32::MAX).parse(), Ok(u32::MAX));
    }

    #[test]
    fn parts_cannot_be_mistaken_for_others() {
        assert_ne!(joined(&["a", "bc"]), joined(&["ab", "c"]));
        assert!(joined(&["a", "b"]).starts_with(&beginning("a")));
        assert!(!joined(&["ab", "b"]).starts_with(&beginning("a")));
    }

    #[test]
    fn keys_that_no_store_takes_are_shortened_and_still_differ() {
        let long = "x".repeat(5000);
        let key = joined(&["chat", &long]);
        assert_eq!(key.len(), 64);
        assert!(fits(&key) && !fits(&long));
        assert!(fits(&joined(&["chat", "nul\0"])) && !fits("nul\0"));
        assert_ne!(key, joined(&["chat", &format!("{long}x")]));
        assert_eq!(key, joined(&["chat", &long]));
    }
}
