//! Protobuf to JSON.

use serde_json::{Map, Value};

use super::JsonError;
use super::schema::{Field, Index, Kind, Schema};
use super::values;
use super::wire::{Fields, Raw};

/// Which of the two encodings of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Message records: bytes by index, 64-bit numbers in halves, enums as numbers, repeated fields always there and first.
    Record,
    /// Raw answers: base64, decimal text, names of enums; only what is there.
    Raw,
}

/// The members of a message of type `index`.
pub(super) fn message(
    schema: &Schema,
    form: Form,
    index: Index,
    bytes: &[u8],
) -> Result<Map<String, Value>, JsonError> {
    let message = schema.message(index);
    let mut members = Map::new();
    if form == Form::Record {
        let lists = message.fields.iter().filter(|field| field.always);
        members.extend(lists.map(|field| (field.name.to_owned(), Value::Array(Vec::new()))));
    }
    let mut read = Fields::new(bytes);
    while let Some((number, raw)) = read.next()? {
        let Some(field) = message.by_number(number) else {
            continue;
        };
        if !field.repeated {
            let value = value(schema, form, field.kind, raw)?;
            members.insert(field.name.to_owned(), value);
            continue;
        }
        let list = members
            .entry(field.name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            append(schema, form, field, raw, list)?;
        }
    }
    Ok(members)
}

/// One more entry of a list, or several that are packed together.
fn append(
    schema: &Schema,
    form: Form,
    field: &Field,
    raw: Raw<'_>,
    list: &mut Vec<Value>,
) -> Result<(), JsonError> {
    let lengthy = matches!(field.kind, Kind::Text | Kind::Bytes | Kind::Message(_));
    let packed = match raw {
        Raw::Bytes(packed) if !lengthy => packed,
        _ => {
            list.push(value(schema, form, field.kind, raw)?);
            return Ok(());
        }
    };
    let mut read = Fields::new(packed);
    while !read.is_empty() {
        let raw = match field.kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => {
                Raw::Fixed64(u64::from_le_bytes(read.array()?))
            }
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => {
                Raw::Fixed32(u32::from_le_bytes(read.array()?))
            }
            _ => Raw::Varint(read.varint()?),
        };
        list.push(value(schema, form, field.kind, raw)?);
    }
    Ok(())
}

fn value(schema: &Schema, form: Form, kind: Kind, raw: Raw<'_>) -> Result<Value, JsonError> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf cuts 32-bit numbers off"
    )]
    let low = |bits: u64| bits as u32;
    let long = |bits: u64, unsigned: bool| match form {
        Form::Record => values::long(bits, unsigned),
        Form::Raw if unsigned => Value::String(bits.to_string()),
        Form::Raw => Value::String(bits.cast_signed().to_string()),
    };
    Ok(match (kind, raw) {
        (Kind::Double, Raw::Fixed64(bits)) => values::float(f64::from_bits(bits)),
        (Kind::Float, Raw::Fixed32(bits)) => values::float(f64::from(f32::from_bits(bits))),
        (Kind::Int32, Raw::Varint(bits)) => low(bits).cast_signed().into(),
        (Kind::Uint32, Raw::Varint(bits)) => low(bits).into(),
        (Kind::Sint32, Raw::Varint(bits)) => {
            let bits = low(bits);
            ((bits >> 1) ^ (bits & 1).wrapping_neg())
                .cast_signed()
                .into()
        }
        (Kind::Int64, Raw::Varint(bits)) => long(bits, false),
        (Kind::Uint64, Raw::Varint(bits)) => long(bits, true),
        (Kind::Sint64, Raw::Varint(bits)) => long((bits >> 1) ^ (bits & 1).wrapping_neg(), false),
        (Kind::Fixed32, Raw::Fixed32(bits)) => bits.into(),
        (Kind::Sfixed32, Raw::Fixed32(bits)) => bits.cast_signed().into(),
        (Kind::Fixed64, Raw::Fixed64(bits)) => long(bits, true),
        (Kind::Sfixed64, Raw::Fixed64(bits)) => long(bits, false),
        (Kind::Bool, Raw::Varint(bits)) => (bits != 0).into(),
        (Kind::Text, Raw::Bytes(text)) => String::from_utf8_lossy(text).into(),
        (Kind::Bytes, Raw::Bytes(bytes)) => match form {
            Form::Record => values::indexed(bytes),
            Form::Raw => values::base64(bytes).into(),
        },
        (Kind::Enum(index), Raw::Varint(bits)) => {
            let number = low(bits).cast_signed();
            match schema.enumeration(index).name(number) {
                Some(name) if form == Form::Raw => name.into(),
                _ => number.into(),
            }
        }
        (Kind::Message(index), Raw::Bytes(bytes)) => message(schema, form, index, bytes)?.into(),
        _ => return Err(JsonError::Wire),
    })
}
