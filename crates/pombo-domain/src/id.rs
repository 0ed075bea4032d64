//! Identifiers in the shapes that clients know.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Id of an instance: a UUID, version 4, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for InstanceId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for InstanceId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Id of every row that is not an instance: `c` and 24 characters of base 36 that grow with time (a "cuid").
///
/// Source: observed on the original, v2.3.6.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(String);

static ROW_COUNTER: AtomicU32 = AtomicU32::new(0);
/// 36^4: how many values four characters of base 36 hold.
const FOUR_DIGITS: u64 = 1_679_616;

impl RowId {
    /// A new id made at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let mut text = String::with_capacity(25);
        text.push('c');
        push_base36(&mut text, u64::try_from(now.millis()).unwrap_or(0), 8);
        let count = ROW_COUNTER.fetch_add(1, Ordering::Relaxed);
        push_base36(&mut text, u64::from(count) % FOUR_DIGITS, 4);
        push_base36(&mut text, fastrand::u64(..FOUR_DIGITS), 4);
        push_base36(&mut text, fastrand::u64(..FOUR_DIGITS), 4);
        push_base36(&mut text, fastrand::u64(..FOUR_DIGITS), 4);
        Self(text)
    }

    /// When it was made; `None` for an id of another form.
    #[must_use]
    pub fn made_at(&self) -> Option<Timestamp> {
        let digits = self.0.strip_prefix('c')?.get(..8)?;
        let millis = i64::from_str_radix(digits, 36).ok()?;
        (self.0.len() == 25).then(|| Timestamp::from_millis(millis))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RowId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Appends the last `width` base-36 digits of `value`.
fn push_base36(text: &mut String, mut value: u64, width: usize) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().take(width).rev() {
        *digit = DIGITS[usize::try_from(value % 36).unwrap_or(0)];
        value /= 36;
    }
    text.extend(digits.iter().take(width).map(|digit| char::from(*digit)));
}

/// Id of an event, the idempotency key that the outside sees: `evt_` and a ULID.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// A new id made at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let random = u128::from(fastrand::u64(..)) << 64 | u128::from(fastrand::u64(..));
        let ulid = ulid::Ulid::from_parts(u64::try_from(now.millis()).unwrap_or(0), random);
        Self(format!("evt_{ulid}"))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EventId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_have_the_known_shape_and_grow() {
        let early = RowId::new(Timestamp::from_millis(1_795_393_206_750));
        let late = RowId::new(Timestamp::from_millis(1_795_393_206_751));
        assert_eq!(early.as_str().len(), 25);
        assert!(early.as_str().starts_with("cm"));
        assert!(late > early);
        let made = early.made_at().expect("it says when");
        assert_eq!(made.millis(), 1_795_393_206_750);
        assert_eq!(RowId::from("other".to_owned()).made_at(), None);
    }

    #[test]
    fn event_ids_are_prefixed_ulids() {
        let id = EventId::new(Timestamp::from_millis(1));
        assert_eq!(id.as_str().len(), 30);
        assert!(id.as_str().starts_with("evt_"));
    }
}
