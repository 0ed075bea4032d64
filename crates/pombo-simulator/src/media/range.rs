//! `Range: bytes=...`: one range of a file.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it. Also what a header that we do not understand means: RFC 9110 lets a server ignore it.
    All,
    /// From the first to the last byte, both included.
    Part(u64, u64),
    /// Nothing of what is there.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header
        .and_then(|header| header.trim().strip_prefix("bytes="))
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Wanted::All;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    match (
        first.is_empty(),
        last.is_empty(),
        number(first),
        number(last),
    ) {
        // The last so many bytes.
        (true, false, _, Some(count)) if count > 0 && size > 0 => {
            Wanted::Part(size.saturating_sub(count), size - 1)
        }
        (true, false, _, Some(_)) => Wanted::Unsatisfiable,
        (false, true, Some(first), _) if first < size => Wanted::Part(first, size - 1),
        (false, false, Some(first), Some(last)) if first <= last && first < size => {
            Wanted::Part(first, last.min(size - 1))
        }
        (false, true, Some(_), _) => Wanted::Unsatisfiable,
        (false, false, Some(first), Some(last)) if first <= last => Wanted::Unsatisfiable,
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            (None, Wanted::All),
            (Some("bytes=0-9"), Wanted::Part(0, 9)),
            (Some("bytes=90-200"), Wanted::Part(90, 99)),
            (Some("bytes=90-"), Wanted::Part(90, 99)),
            (Some("bytes=-10"), Wanted::Part(90, 99)),
            (Some("bytes=-1000"), Wanted::Part(0, 99)),
            (Some("bytes=100-"), Wanted::Unsatisfiable),
            (Some("bytes=100-101"), Wanted::Unsatisfiable),
            (Some("bytes=-0"), Wanted::Unsatisfiable),
            (Some("bytes=9-0"), Wanted::All),
            (Some("bytes=0-1,5-6"), Wanted::All),
            (Some("bytes=a-b"), Wanted::All),
            (Some("lines=0-9"), Wanted::All),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(header, 100), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Unsatisfiable);
    }
}
