//! Bodies with places to fill in: `{{seq}}`, `{{chat}}` (one of a thousand), `{{ts}}` (nanoseconds since 1970), `{{pad}}`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A body to be filled in for each request.
#[derive(Debug, Clone)]
pub struct Template(String);

impl Template {
    /// A template; `{{pad}}` becomes so many letters.
    #[must_use]
    pub fn new(text: &str, pad: usize) -> Self {
        Self(text.replace("{{pad}}", &"x".repeat(pad)))
    }

    /// The text of this number, sent now.
    #[must_use]
    pub fn fill(&self, number: u64) -> String {
        let now = since_1970().as_nanos();
        let chat = format!("{:03}", number % 1000);
        self.0
            .replace("{{seq}}", &number.to_string())
            .replace("{{chat}}", &chat)
            .replace("{{ts}}", &now.to_string())
    }
}

/// How long ago the mark `@t={{ts}}@` in this text was made.
#[must_use]
pub fn age(text: &[u8]) -> Option<Duration> {
    let start = find(text, b"@t=")? + 3;
    let end = start + text[start..].iter().position(|byte| *byte == b'@')?;
    let nanoseconds: u64 = std::str::from_utf8(&text[start..end]).ok()?.parse().ok()?;
    Some(since_1970().saturating_sub(Duration::from_nanos(nanoseconds)))
}

/// Where `needle` is.
#[must_use]
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
