//! `data` in plain JSON: without the shapes that JavaScript gives to bytes and 64-bit numbers.

use serde_json::{Map, Value};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The same value with bytes (`{"0": 1, "1": 2}`, `{"type": "Buffer", "data": [1, 2]}`) as base64 text, and 64-bit numbers
/// (`{"low": 1, "high": 0, "unsigned": true}`) as decimal text.
#[must_use]
pub fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(members) => object(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn object(members: Map<String, Value>) -> Value {
    if let Some(bytes) = indexed_bytes(&members).or_else(|| buffer(&members)) {
        return Value::String(base64(&bytes));
    }
    if let Some(number) = long(&members) {
        return Value::String(number);
    }
    members
        .into_iter()
        .map(|(name, value)| (name, plain(value)))
        .collect()
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|byte| u8::try_from(byte).ok())
}

fn indexed_bytes(members: &Map<String, Value>) -> Option<Vec<u8>> {
    if members.is_empty() {
        return None;
    }
    // JavaScript lists such members in the order of their number.
    members
        .iter()
        .enumerate()
        .map(|(index, (name, value))| (*name == index.to_string()).then(|| byte(value))?)
        .collect()
}

fn buffer(members: &Map<String, Value>) -> Option<Vec<u8>> {
    let marked = members.len() == 2 && members.get("type")?.as_str()? == "Buffer";
    let items = members.get("data").filter(|_| marked)?.as_array()?;
    items.iter().map(byte).collect()
}

fn long(members: &Map<String, Value>) -> Option<String> {
    if members.len() != 3 {
        return None;
    }
    let half = |name: &str| {
        let half = members.get(name)?.as_i64()?;
        // Either half may come with or without a sign.
        let fits = (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&half);
        fits.then(|| half.rem_euclid(1 << 32).unsigned_abs())
    };
    let (low, high) = (half("low")?, half("high")?);
    let whole = high << 32 | low;
    Some(if members.get("unsigned")?.as_bool()? {
        whole.to_string()
    } else {
        whole.cast_signed().to_string()
    })
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET
                .get(index as usize)
                .filter(|_| place <= chunk.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_become_base64() {
        // Source: RFC 4648, section 10.
        for (bytes, text) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let indexed: Map<_, _> = bytes
                .bytes()
                .enumerate()
                .map(|(index, byte)| (index.to_string(), json!(byte)))
                .collect();
            assert_eq!(plain(Value::Object(indexed)), text);
            assert_eq!(
                plain(json!({"type": "Buffer", "data": bytes.as_bytes()})),
                text
            );
        }
        let many: Map<_, _> = (0..300)
            .map(|index| (index.to_string(), json!(255)))
            .collect();
        assert_eq!(plain(Value::Object(many)), "/".repeat(400));
    }

    #[test]
    fn long_numbers_become_decimal_text() {
        for (low, high, unsigned, text) in [
            (1, 0, true, "1"),
            (-1, -1, false, "-1"),
            (-1, -1, true, "18446744073709551615"),
            (1_700_000_000, 0, false, "1700000000"),
            (-727_379_968, 232, false, "1000000000000"),
            (0, i64::from(i32::MIN), false, "-9223372036854775808"),
        ] {
            assert_eq!(
                plain(json!({"low": low, "high": high, "unsigned": unsigned})),
                text
            );
        }
    }

    #[test]
    fn everything_else_stays() {
        let value = json!({"a": [{"0": 256}, {"1": 1}, {}, {"low": 1, "high": 2}], "type": "Buffer", "b": {"low": 1, "high": 2, "unsigned": 3}});
        assert_eq!(plain(value.clone()), value);
        assert_eq!(
            plain(
                json!({"message": {"fileSha256": {"0": 0}, "fileLength": {"low": 5, "high": 0, "unsigned": true}}})
            ),
            json!({"message": {"fileSha256": "AA==", "fileLength": "5"}})
        );
    }
}
