//! Which part of a long list is asked for, in all the words that clients use for it.
//!
//! The original's own: `offset` is the page *size* and `page` counts from 1; `findChats` has `take` and `skip`. Accepted
//! everywhere beside them: `limit` for the size; together with it, `offset` is how many rows to skip, as elsewhere in the
//! world. What cannot be read counts as absent.

use pombo_store::Page;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Rows of one answer, at most.
const MOST: u64 = 100_000;

/// The members of a body that say which part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    #[serde(deserialize_with = "lenient_number")]
    offset: Option<u64>,
    #[serde(deserialize_with = "lenient_number")]
    page: Option<u64>,
    #[serde(deserialize_with = "lenient_number")]
    limit: Option<u64>,
    #[serde(deserialize_with = "lenient_number")]
    take: Option<u64>,
    #[serde(deserialize_with = "lenient_number")]
    skip: Option<u64>,
}

impl Paging {
    /// Size and first row; the size is `None` when nobody asked for one.
    fn part(&self) -> (Option<u64>, u64) {
        let size = self
            .take
            .or(self.limit)
            .or(self.offset)
            .filter(|size| *size > 0)
            .map(|size| size.min(MOST));
        let before = self.page.map_or(0, |page| {
            page.saturating_sub(1).saturating_mul(size.unwrap_or(0))
        });
        let rows_to_skip = self.limit.and(self.offset).filter(|_| self.page.is_none());
        (size, self.skip.or(rows_to_skip).unwrap_or(before))
    }

    /// Size and number of the page; `None` when nobody asked for a part.
    pub(super) fn page(&self) -> Option<Page> {
        let (size, skip) = self.part();
        let size = size?;
        let number = (skip / size).saturating_add(1);
        Some(Page {
            size: small(size),
            number: small(number),
        })
    }

    /// The page, of `size` rows unless another size was asked for.
    pub(super) fn page_or(&self, size: u32) -> Page {
        self.page().unwrap_or_else(|| Page {
            size,
            number: small(self.page.unwrap_or(1).max(1)),
        })
    }

    /// How many rows, after how many others.
    pub(super) fn take_and_skip(&self) -> (Option<u32>, u32) {
        let (size, skip) = self.part();
        (size.map(small), small(skip))
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A whole number, also as text; anything else counts as absent.
fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Paging {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn the_originals_words() {
        assert_eq!(
            read(json!({"offset": 3, "page": 2})).page(),
            Some(Page { size: 3, number: 2 })
        );
        assert_eq!(
            read(json!({"offset": "3"})).page(),
            Some(Page { size: 3, number: 1 })
        );
        assert_eq!(read(json!({})).page(), None);
        assert_eq!(
            read(json!({"page": 4})).page_or(50),
            Page {
                size: 50,
                number: 4
            }
        );
        assert_eq!(
            read(json!({"take": 5, "skip": 10})).take_and_skip(),
            (Some(5), 10)
        );
        assert_eq!(
            read(json!({"page": 2, "offset": 10})).take_and_skip(),
            (Some(10), 10)
        );
    }

    #[test]
    fn everybody_elses_words() {
        assert_eq!(
            read(json!({"limit": 10})).page_or(50),
            Page {
                size: 10,
                number: 1
            }
        );
        assert_eq!(
            read(json!({"limit": 10, "offset": 20})).page(),
            Some(Page {
                size: 10,
                number: 3
            })
        );
        assert_eq!(
            read(json!({"limit": 10, "page": 2})).take_and_skip(),
            (Some(10), 10)
        );
    }

    #[test]
    fn nonsense_counts_as_absent() {
        for odd in [
            json!(-1),
            json!(0),
            json!(1.5),
            json!("x"),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(read(json!({"offset": odd})).page(), None, "{odd}");
        }
        assert_eq!(
            read(json!({"offset": 9_000_000_000_u64}))
                .page()
                .unwrap()
                .size,
            100_000
        );
        let huge = read(json!({"page": u64::MAX, "offset": u64::MAX}));
        assert!(huge.page().unwrap().number > 1);
    }
}
