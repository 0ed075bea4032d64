//! Bytes and 64-bit numbers: every form in which they have ever been given to clients is read.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};

const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// Bytes as records have them: `{"0": 12, "1": 255}`.
pub(crate) fn indexed(bytes: &[u8]) -> Value {
    bytes
        .iter()
        .enumerate()
        .map(|(index, byte)| (index.to_string(), Value::from(*byte)))
        .collect::<Map<_, _>>()
        .into()
}

/// Bytes as raw answers have them: base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A 64-bit number as records have it.
pub(crate) fn long(value: u64, unsigned: bool) -> Value {
    let half = |bits: u64| i64::from(u32::try_from(bits & 0xffff_ffff).unwrap_or(0).cast_signed());
    json!({"low": half(value), "high": half(value >> 32), "unsigned": unsigned})
}

/// A signed 64-bit number as records have it.
pub(crate) fn signed_long(value: i64) -> Value {
    long(value.cast_unsigned(), false)
}

/// A number with a fraction, as JavaScript writes it: whole ones without a point.
pub(super) fn float(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        let whole = value as i64;
        return whole.into();
    }
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Bytes in whatever form: base64 text, `{"0": 1}`, `[1]`, `{"type": "Buffer", "data": ..}`.
pub(crate) fn read_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => STANDARD
            .decode(text.trim())
            .or_else(|_| URL_SAFE.decode(text.trim()))
            .ok(),
        Value::Array(items) => items.iter().map(byte).collect(),
        Value::Object(members) => match members.get("data") {
            Some(data) if members.get("type").and_then(Value::as_str) == Some("Buffer") => {
                read_bytes(data)
            }
            _ => indexed_bytes(members),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|byte| u8::try_from(byte).ok())
}

/// The members may stand in any order: some databases sort them.
fn indexed_bytes(members: &Map<String, Value>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; members.len()];
    for (name, value) in members {
        let place = bytes.get_mut(name.parse::<usize>().ok()?)?;
        *place = byte(value)?;
    }
    Some(bytes)
}

/// A whole number in whatever form, as the 64 bits that stand for it.
pub(crate) fn read_whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_i64().map(i64::cast_unsigned))
            .or_else(|| number.as_f64().and_then(whole_float)),
        Value::String(text) => {
            let text = text.trim();
            text.parse::<u64>()
                .or_else(|_| text.parse::<i64>().map(i64::cast_unsigned))
                .ok()
        }
        Value::Object(members) => {
            let half = |name: &str| {
                let half = members.get(name)?.as_i64()?;
                let fits = (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&half);
                fits.then(|| half.rem_euclid(1 << 32).cast_unsigned())
            };
            Some(half("high")? << 32 | half("low")?)
        }
        Value::Bool(value) => Some(u64::from(*value)),
        Value::Null | Value::Array(_) => None,
    }
}

fn whole_float(value: f64) -> Option<u64> {
    let fits = value.is_finite() && value.abs() < 1.8e19;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just looked at, and a cast stays inside"
    )]
    fits.then_some(if value < 0.0 {
        (value as i64).cast_unsigned()
    } else {
        value as u64
    })
}

/// A number with a fraction in whatever form.
pub(super) fn read_float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Yes or no in whatever form.
pub(super) fn read_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_every_form() {
        let bytes = vec![12, 255, 0];
        for form in [
            json!({"0": 12, "1": 255, "2": 0}),
            json!({"2": 0, "1": 255, "0": 12}),
            json!("DP8A"),
            json!([12, 255, 0]),
            json!({"type": "Buffer", "data": [12, 255, 0]}),
            json!({"type": "Buffer", "data": "DP8A"}),
        ] {
            assert_eq!(read_bytes(&form), Some(bytes.clone()), "{form}");
        }
        assert_eq!(read_bytes(&json!("-_8")), Some(vec![251, 255]));
        assert_eq!(read_bytes(&json!("+/8=")), Some(vec![251, 255]));
        assert_eq!(read_bytes(&json!({})), Some(vec![]));
        for bad in [json!({"1": 0}), json!([256]), json!("%"), json!(1)] {
            assert_eq!(read_bytes(&bad), None, "{bad}");
        }
        assert_eq!(read_bytes(&indexed(&bytes)), Some(bytes));
    }

    #[test]
    fn whole_numbers_are_read_in_every_form() {
        for (form, number) in [
            (json!(5), 5),
            (json!(-1), -1),
            (json!(5.0), 5),
            (json!("1795398111"), 1_795_398_111),
            (json!("-7"), -7),
            (
                json!({"low": 101_880_506, "high": 418, "unsigned": false}),
                1_795_398_210_234,
            ),
            (json!({"low": -1, "high": -1, "unsigned": false}), -1),
        ] {
            let read = read_whole(&form).map(u64::cast_signed);
            assert_eq!(read, Some(number), "{form}");
        }
        assert_eq!(read_whole(&json!("x")), None);
        assert_eq!(read_whole(&json!([])), None);
    }

    #[test]
    fn long_numbers_are_two_signed_halves() {
        assert_eq!(
            signed_long(1_795_398_210_234),
            json!({"low": 101_880_506, "high": 418, "unsigned": false})
        );
        assert_eq!(
            signed_long(-1),
            json!({"low": -1, "high": -1, "unsigned": false})
        );
        assert_eq!(
            long(3_487_918_081, true),
            json!({"low": -807_049_215, "high": 0, "unsigned": true})
        );
    }

    #[test]
    fn whole_floats_have_no_point() {
        assert_eq!(float(1.0).to_string(), "1");
        assert_eq!(float(-23.55).to_string(), "-23.55");
        assert_eq!(float(f64::NAN), Value::Null);
    }
}
