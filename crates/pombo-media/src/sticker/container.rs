//! The RIFF container of WebP: what is in it, and putting frames together. Source: RFC 9649.

use crate::error::MediaError;

/// Bit of the header chunk: there are frames.
const ANIMATION_FLAG: u8 = 0b10;

/// Bit of the header chunk: there is transparency.
const ALPHA_FLAG: u8 = 0b1_0000;

/// Bits of a frame: it replaces what is there instead of being laid over it.
const DO_NOT_BLEND: u8 = 0b10;

/// The longest time that a frame has room for.
const LONGEST: u32 = 0xff_ffff;

/// What a WebP file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_animated: bool,
}

/// A part of the picture that changes, and for how many milliseconds the result is shown.
#[derive(Debug)]
pub(crate) struct EncodedFrame {
    /// A whole WebP file of the part.
    pub(crate) webp: Vec<u8>,
    pub(crate) area: Area,
    pub(crate) milliseconds: u32,
}

/// Where a part is. `left` and `top` are even, since the container stores half of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Reads the chunks' headers; `None` when it is no WebP file.
pub(crate) fn facts(bytes: &[u8]) -> Option<Facts> {
    let mut facts = None;
    let mut animated = false;
    for (name, body) in chunks(bytes)? {
        let size = match name {
            b"VP8X" => u24(body, 4).zip(u24(body, 7)).map(|(w, h)| (w + 1, h + 1)),
            b"VP8L" => lossless_size(body),
            b"VP8 " => lossy_size(body),
            b"ANIM" => {
                animated = true;
                None
            }
            _ => None,
        };
        // The header chunk comes first and counts for all.
        facts = facts.or(size);
    }
    let (width, height) = facts?;
    Some(Facts {
        width,
        height,
        is_animated: animated,
    })
}

/// An animation without end. The first frame must fill it.
pub(crate) fn animation(
    width: u32,
    height: u32,
    frames: &[EncodedFrame],
) -> Result<Vec<u8>, MediaError> {
    let mut body = b"WEBP".to_vec();
    let mut header = vec![ANIMATION_FLAG | ALPHA_FLAG, 0, 0, 0];
    push_u24(&mut header, width - 1);
    push_u24(&mut header, height - 1);
    push_chunk(&mut body, b"VP8X", &header);
    // No colour behind it, and again and again.
    push_chunk(&mut body, b"ANIM", &[0; 6]);
    for frame in frames {
        let mut content = Vec::new();
        push_u24(&mut content, frame.area.left / 2);
        push_u24(&mut content, frame.area.top / 2);
        push_u24(&mut content, frame.area.width - 1);
        push_u24(&mut content, frame.area.height - 1);
        push_u24(&mut content, frame.milliseconds.min(LONGEST));
        content.push(DO_NOT_BLEND);
        let parts = chunks(&frame.webp).ok_or(MediaError::Stumbled)?;
        for (name, part) in parts {
            if matches!(name, b"ALPH" | b"VP8 " | b"VP8L") {
                push_chunk(&mut content, name, part);
            }
        }
        push_chunk(&mut body, b"ANMF", &content);
    }
    let mut file = Vec::with_capacity(body.len() + 8);
    push_chunk(&mut file, b"RIFF", &body);
    Ok(file)
}

/// The chunks of the file, up to the first that is not whole.
fn chunks(bytes: &[u8]) -> Option<impl Iterator<Item = (&[u8; 4], &[u8])>> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WEBP" {
        return None;
    }
    let mut rest = bytes.get(12..)?;
    Some(std::iter::from_fn(move || {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let body = after.get(..length)?;
        rest = after.get(length + length % 2..).unwrap_or_default();
        Some((name, body))
    }))
}

fn lossless_size(body: &[u8]) -> Option<(u32, u32)> {
    let bits = u32::from_le_bytes(*body.get(1..)?.first_chunk()?);
    (body.first() == Some(&0x2f)).then_some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
}

fn lossy_size(body: &[u8]) -> Option<(u32, u32)> {
    if body.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let side = |start: usize| {
        let bytes = body.get(start..)?.first_chunk()?;
        Some(u32::from(u16::from_le_bytes(*bytes) & 0x3fff))
    };
    side(6).zip(side(8))
}

fn u24(bytes: &[u8], start: usize) -> Option<u32> {
    let [low, middle, high] = *bytes.get(start..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

fn push_u24(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend_from_slice(&value.to_le_bytes()[..3]);
}

fn push_chunk(bytes: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    // Bodies are a few megabytes at most.
    let length = body.len() as u32;
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(body);
    if !body.len().is_multiple_of(2) {
        bytes.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_have_no_facts() {
        for bytes in [
            &b""[..],
            b"RIFF",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"RIFF\x04\0\0\0WEBP",
            b"RIFF\x0c\0\0\0WEBPVP8L\xff\xff\xff\xff",
            b"RIFF\x0c\0\0\0WEBPVP8X\x02\0\0\0\0\0",
        ] {
            assert_eq!(facts(bytes), None);
        }
    }
}
