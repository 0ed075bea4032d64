//! Protobuf's wire format: numbered fields, without knowing what they mean.
//!
//! Source: protobuf.dev, "Encoding".

use super::JsonError;

/// A field's value as it stands in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    /// Integers, booleans and enums.
    Varint(u64),
    /// `double` and the 64-bit integers of fixed length.
    Fixed64(u64),
    /// Text, bytes, messages, packed lists.
    Bytes(&'a [u8]),
    /// `float` and the 32-bit integers of fixed length.
    Fixed32(u32),
}

/// Reads the fields of one message.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next field with its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Raw<'a>)>, JsonError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| JsonError::Wire)?;
        let value = match key & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| JsonError::Wire)?;
                Raw::Bytes(self.take(length)?)
            }
            5 => Raw::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(JsonError::Wire),
        };
        Ok(Some((number, value)))
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number of variable length: for packed lists.
    pub(super) fn varint(&mut self) -> Result<u64, JsonError> {
        let mut value = 0;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.0 = self.0.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(JsonError::Wire)
    }

    /// So many bytes: for packed lists.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], JsonError> {
        self.take(N)?.try_into().map_err(|_| JsonError::Wire)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], JsonError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(JsonError::Wire)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// Appends a number of variable length.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a field.
pub(super) fn put(out: &mut Vec<u8>, number: u32, value: Raw<'_>) {
    let key = u64::from(number) << 3;
    match value {
        Raw::Varint(value) => {
            put_varint(out, key);
            put_varint(out, value);
        }
        Raw::Fixed64(value) => {
            put_varint(out, key | 1);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Raw::Bytes(bytes) => {
            put_varint(out, key | 2);
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Raw::Fixed32(value) => {
            put_varint(out, key | 5);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let mut out = Vec::new();
        let fields = [
            (1, Raw::Varint(u64::MAX)),
            (2, Raw::Fixed64(7)),
            (300, Raw::Bytes(b"abc")),
            (4, Raw::Fixed32(9)),
            (5, Raw::Varint(0)),
        ];
        for (number, value) in fields {
            put(&mut out, number, value);
        }
        let mut read = Fields::new(&out);
        for field in fields {
            assert_eq!(read.next().ok().flatten(), Some(field));
        }
        assert!(read.next().is_ok_and(|end| end.is_none()));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for bytes in [&[0x0a, 5, 1][..], &[0x08], &[0x0b], &[0xff; 11], &[0x0d, 1]] {
            assert!(Fields::new(bytes).next().is_err(), "{bytes:?}");
        }
    }
}
