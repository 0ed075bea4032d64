//! An id for every request, so that a line in the log and an answer can be brought together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id when it is a sane one, else a new one.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    headers
        .get(&X_REQUEST_ID)
        .filter(|value| is_sane(value.as_bytes()))
        .cloned()
        .unwrap_or_else(new)
}

fn is_sane(id: &[u8]) -> bool {
    (1..=128).contains(&id.len())
        && id.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'=' | b'+')
        })
}

/// Eight digits for this run of the program, and a number that grows.
fn new() -> HeaderValue {
    static RUN: OnceLock<u32> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let run = RUN.get_or_init(|| uuid::Uuid::new_v4().as_fields().0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::from_str(&format!("{run:08x}-{count:x}"))
        .unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sane_ids_are_kept_and_others_replaced() {
        let given = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(id).unwrap());
            of(&headers)
        };
        assert_eq!(given("9f1c-A_b.c"), "9f1c-A_b.c");
        for bad in ["", "a b", "{x}", &"x".repeat(129)] {
            assert_ne!(given(bad), *bad);
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
