use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pombo_domain::media::MediaFile;

use crate::error::MediaError;
use crate::spool::{Limits, Spool};

/// How much text is decoded at once; a multiple of four.
const SLICE: usize = 256 * 1024;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 of either alphabet, with or without padding and white space, or a data URI with that. Yields the type that the data
/// URI names. Besides the text itself only a slice is in memory.
pub(super) fn decode(
    text: &str,
    limits: Limits,
) -> Result<(MediaFile, Option<String>), MediaError> {
    let (mimetype, data) = split_data_uri(text.trim())?;
    let mut spool = Spool::new(limits);
    let mut clean = Vec::with_capacity(SLICE);
    let mut decoded = Vec::new();
    let mut padded = false;
    for part in data.as_bytes().chunks(SLICE) {
        for byte in part.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            // A slice alone cannot see that something follows the padding.
            if padded && *byte != b'=' {
                return Err(MediaError::NotBase64);
            }
            padded |= *byte == b'=';
            clean.push(match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => *byte,
            });
        }
        let whole = clean.len() / 4 * 4;
        decode_slice(&clean[..whole], &mut decoded, &mut spool)?;
        clean.drain(..whole);
    }
    decode_slice(&clean, &mut decoded, &mut spool)?;
    Ok((spool.finish()?, mimetype))
}

fn decode_slice(clean: &[u8], decoded: &mut Vec<u8>, spool: &mut Spool) -> Result<(), MediaError> {
    decoded.clear();
    ENGINE
        .decode_vec(clean, decoded)
        .map_err(|_| MediaError::NotBase64)?;
    spool.push(decoded)
}

fn split_data_uri(text: &str) -> Result<(Option<String>, &str), MediaError> {
    if !text
        .get(..5)
        .is_some_and(|head| head.eq_ignore_ascii_case("data:"))
    {
        return Ok((None, text));
    }
    let (head, data) = text[5..].split_once(',').ok_or(MediaError::NotBase64)?;
    let (mimetype, encoding) = head.rsplit_once(';').ok_or(MediaError::NotBase64)?;
    if !encoding.trim().eq_ignore_ascii_case("base64") {
        return Err(MediaError::NotBase64);
    }
    Ok((Some(mimetype.to_owned()), data))
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use pombo_domain::media::MediaContent;

    use super::*;
    use crate::reader::MediaReader;

    fn limits() -> Limits {
        Limits {
            max_bytes: 10_000_000,
            memory_bytes: 1000,
            directory: None,
        }
    }

    fn bytes(text: &str) -> Vec<u8> {
        let (file, _) = decode(text, limits()).unwrap();
        MediaReader::all(&file).unwrap().to_vec()
    }

    #[test]
    fn all_spellings_are_read() {
        for text in ["+/8gYQ==", "+/8gYQ", "-_8gYQ", " +/8g\r\nYQ==\n"] {
            assert_eq!(bytes(text), b"\xfb\xff a", "{text}");
        }
    }

    #[test]
    fn data_uris_name_their_type() {
        let (file, mimetype) = decode("data:image/png;base64,YWJj", limits()).unwrap();
        assert_eq!(MediaReader::all(&file).unwrap(), "abc");
        assert_eq!(mimetype.as_deref(), Some("image/png"));
        let (_, mimetype) = decode("DATA:audio/ogg;codecs=opus;base64,YWJj", limits()).unwrap();
        assert_eq!(mimetype.as_deref(), Some("audio/ogg;codecs=opus"));
    }

    #[test]
    fn slices_fit_together() {
        let original: Vec<u8> = (0..3_000_001u32).map(|index| (index % 251) as u8).collect();
        let mut text = BASE64_STANDARD.encode(&original);
        text.insert_str(77, "\r\n");
        let (file, _) = decode(&text, limits()).unwrap();
        assert!(matches!(file.content(), MediaContent::Disk(_)));
        assert_eq!(MediaReader::all(&file).unwrap(), original);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "not base64!",
            "YW=Jj",
            "YQ==YQ==",
            "YQ===",
            "a",
            "data:text/plain,abc",
            "data:,",
        ] {
            let result = decode(text, limits());
            assert!(matches!(result, Err(MediaError::NotBase64)), "{text}");
        }
        for text in ["", "  ", "data:image/png;base64,"] {
            assert!(matches!(decode(text, limits()), Err(MediaError::Empty)));
        }
    }

    #[test]
    fn padding_on_the_border_of_a_slice_is_refused_in_the_middle() {
        let mut text = "A".repeat(SLICE - 1);
        text.push('=');
        text.push_str("AAAA");
        assert!(matches!(
            decode(&text, limits()),
            Err(MediaError::NotBase64)
        ));
    }
}
