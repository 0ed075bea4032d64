//! JSON to protobuf, whatever the encoding.

use serde_json::{Map, Value};

use super::JsonError;
use super::schema::{Field, Index, Kind, Schema};
use super::values;
use super::wire::{self, Raw};

/// Deeper messages than this are refused: the library that decodes the bytes stops at a hundred.
const DEPTH: usize = 64;

/// Appends the fields of a message of type `index`. What the schema does not know (`base64`, `mediaUrl`) is left out.
pub(super) fn message(
    schema: &Schema,
    index: Index,
    members: &Map<String, Value>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), JsonError> {
    if depth > DEPTH {
        return Err(JsonError::TooDeep);
    }
    let message = schema.message(index);
    for (name, value) in members {
        let Some(field) = message.by_name(name) else {
            continue;
        };
        match value {
            Value::Null => {}
            Value::Array(items) if field.repeated => {
                for item in items {
                    put(schema, field, item, out, depth)?;
                }
            }
            _ => put(schema, field, value, out, depth)?,
        }
    }
    Ok(())
}

fn put(
    schema: &Schema,
    field: &Field,
    value: &Value,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), JsonError> {
    let wrong = || JsonError::Value(field.name);
    let whole = || values::read_whole(value).ok_or_else(wrong);
    let number = field.number;
    let mut varint = |bits: u64| wire::put(out, number, Raw::Varint(bits));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf cuts 32-bit numbers off"
    )]
    match field.kind {
        Kind::Double => {
            let bits = values::read_float(value).ok_or_else(wrong)?.to_bits();
            wire::put(out, number, Raw::Fixed64(bits));
        }
        Kind::Float => {
            let single = values::read_float(value).ok_or_else(wrong)? as f32;
            wire::put(out, number, Raw::Fixed32(single.to_bits()));
        }
        Kind::Int32 => {
            let signed = i64::from((whole()? as u32).cast_signed());
            varint(signed.cast_unsigned());
        }
        Kind::Uint32 => varint(u64::from(whole()? as u32)),
        Kind::Int64 | Kind::Uint64 => varint(whole()?),
        Kind::Sint32 => {
            let signed = (whole()? as u32).cast_signed();
            varint(u64::from(((signed << 1) ^ (signed >> 31)).cast_unsigned()));
        }
        Kind::Sint64 => {
            let signed = whole()?.cast_signed();
            varint(((signed << 1) ^ (signed >> 63)).cast_unsigned());
        }
        Kind::Fixed32 | Kind::Sfixed32 => wire::put(out, number, Raw::Fixed32(whole()? as u32)),
        Kind::Fixed64 | Kind::Sfixed64 => wire::put(out, number, Raw::Fixed64(whole()?)),
        Kind::Bool => varint(u64::from(values::read_bool(value).ok_or_else(wrong)?)),
        Kind::Text => match value {
            Value::String(text) => wire::put(out, number, Raw::Bytes(text.as_bytes())),
            Value::Number(text) => {
                wire::put(out, number, Raw::Bytes(text.to_string().as_bytes()));
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(wrong());
            }
        },
        Kind::Bytes => {
            let bytes = values::read_bytes(value).ok_or_else(wrong)?;
            wire::put(out, number, Raw::Bytes(&bytes));
        }
        Kind::Enum(index) => {
            let named = value
                .as_str()
                .and_then(|name| schema.enumeration(index).number(name));
            let chosen = match named {
                Some(known) => known,
                None => (whole()? as u32).cast_signed(),
            };
            varint(i64::from(chosen).cast_unsigned());
        }
        Kind::Message(index) => {
            let members = value.as_object().ok_or_else(wrong)?;
            let mut inner = Vec::new();
            message(schema, index, members, &mut inner, depth + 1)?;
            wire::put(out, number, Raw::Bytes(&inner));
        }
    }
    Ok(())
}
