//! What the boxes of an MP4 file say. Its sound and pictures are not looked at.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use mp4_atom::{Atom, Header, Mehd, Mvhd, ReadFrom, Tkhd};
use pombo_domain::media::MediaFile;

use crate::error::MediaError;
use crate::reader::MediaReader;

/// The largest index that is read. Those of films of many hours have a few megabytes.
const LARGEST_INDEX: u64 = 32 * 1024 * 1024;

/// What is known about a film or a sound.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mp4Facts {
    pub(crate) duration: Option<Duration>,
    /// As shown: after turning.
    pub(crate) size: Option<(u32, u32)>,
}

/// Looks for the index, which may be at the end. `None` when there is none, or it is damaged.
pub(crate) fn facts(file: &MediaFile) -> Result<Option<Mp4Facts>, MediaError> {
    let mut reader = MediaReader::open(file)?;
    let mut position = 0;
    while position < file.len() {
        reader.seek(SeekFrom::Start(position))?;
        let Ok(header) = Header::read_from(&mut reader) else {
            return Ok(None);
        };
        let body = reader.stream_position()?;
        let rest = file.len().saturating_sub(body);
        let size = header.size.map_or(rest, |size| size as u64);
        if header.kind == mp4_atom::FourCC::new(b"moov") {
            if size > LARGEST_INDEX || size > rest {
                return Ok(None);
            }
            let mut index = Vec::new();
            reader.take(size).read_to_end(&mut index)?;
            return Ok(index_facts(&index));
        }
        position = body.saturating_add(size);
    }
    Ok(None)
}

fn index_facts(index: &[u8]) -> Option<Mp4Facts> {
    let mut head = None;
    let mut fragments = None;
    let mut size = None;
    for (kind, body) in boxes(index) {
        match kind {
            b"mvhd" => head = Mvhd::decode_body(&mut &*body).ok(),
            b"mvex" => {
                fragments =
                    child(body, b"mehd").and_then(|body| Mehd::decode_body(&mut &*body).ok());
            }
            b"trak" => size = size.or_else(|| track_size(body)),
            _ => {}
        }
    }
    let head = head?;
    let units = match head.duration {
        // Unknown, as the specification spells it, or only known to the fragments.
        0 | 0xffff_ffff | u64::MAX => fragments.map_or(0, |fragments| fragments.fragment_duration),
        units => units,
    };
    let duration = (units > 0 && head.timescale > 0)
        .then(|| Duration::try_from_secs_f64(units as f64 / f64::from(head.timescale)).ok())
        .flatten();
    Some(Mp4Facts { duration, size })
}

/// Of a track that is seen; a turned one has its sides swapped.
fn track_size(track: &[u8]) -> Option<(u32, u32)> {
    let head = Tkhd::decode_body(&mut child(track, b"tkhd")?).ok()?;
    let (width, height) = (
        u32::from(head.width.integer()),
        u32::from(head.height.integer()),
    );
    if width == 0 || height == 0 {
        return None;
    }
    // The matrix maps x by `a` and `b`: a quarter turn has nothing in `a`.
    let turned = head.matrix.a == 0 && head.matrix.b != 0;
    Some(if turned {
        (height, width)
    } else {
        (width, height)
    })
}

fn child<'a>(body: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(body)
        .find(|(found, _)| *found == kind)
        .map(|(_, body)| body)
}

/// The boxes one after the other, up to the first that is not whole.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind = rest.get(4..8)?.first_chunk()?;
        let mut after = rest;
        let header =
            <Option<Header> as ReadFrom>::read_from(&mut after as &mut dyn io::Read).ok()??;
        let size = header.size.unwrap_or(after.len());
        let body = after.get(..size)?;
        rest = &after[size..];
        Some((kind, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_box(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(body);
        bytes
    }

    fn movie_head(timescale: u32, duration: u32) -> Vec<u8> {
        let mut body = vec![0; 12];
        body.extend_from_slice(&timescale.to_be_bytes());
        body.extend_from_slice(&duration.to_be_bytes());
        body.extend_from_slice(&[0; 80]);
        a_box(b"mvhd", &body)
    }

    fn track(width: u16, height: u16, matrix: [u32; 9]) -> Vec<u8> {
        let mut body = vec![0; 40];
        for value in matrix {
            body.extend_from_slice(&value.to_be_bytes());
        }
        for side in [width, height] {
            body.extend_from_slice(&(u32::from(side) << 16).to_be_bytes());
        }
        a_box(b"trak", &a_box(b"tkhd", &body))
    }

    const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    const TURNED: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];

    fn movie(parts: &[Vec<u8>]) -> MediaFile {
        let mut bytes = a_box(b"ftyp", b"isom\0\0\0\0");
        bytes.extend(a_box(b"mdat", &[7; 1000]));
        bytes.extend(a_box(b"moov", &parts.concat()));
        MediaFile::in_memory(bytes)
    }

    #[test]
    fn the_index_is_found_behind_the_content() {
        let file = movie(&[
            movie_head(600, 1500),
            track(0, 0, UPRIGHT),
            track(640, 360, UPRIGHT),
        ]);
        let facts = facts(&file).unwrap().unwrap();
        assert_eq!(facts.duration, Some(Duration::from_millis(2500)));
        assert_eq!(facts.size, Some((640, 360)));
    }

    #[test]
    fn turned_films_are_described_upright() {
        let file = movie(&[movie_head(1, 1), track(640, 360, TURNED)]);
        assert_eq!(facts(&file).unwrap().unwrap().size, Some((360, 640)));
    }

    #[test]
    fn fragments_say_how_long_they_are() {
        let mut body = vec![0; 4];
        body.extend_from_slice(&3000u32.to_be_bytes());
        let fragments = a_box(b"mvex", &a_box(b"mehd", &body));
        let file = movie(&[movie_head(1000, 0), fragments]);
        assert_eq!(
            facts(&file).unwrap().unwrap().duration,
            Some(Duration::from_secs(3))
        );
        let file = movie(&[movie_head(1000, 0)]);
        assert_eq!(facts(&file).unwrap().unwrap().duration, None);
    }

    #[test]
    fn damaged_files_have_no_facts() {
        let whole = crate::reader::MediaReader::all(&movie(&[movie_head(600, 600)])).unwrap();
        for length in 0..whole.len() {
            let part = MediaFile::in_memory(whole.slice(..length));
            assert_eq!(facts(&part).unwrap(), None, "{length}");
        }
        assert_eq!(
            facts(&MediaFile::in_memory("no boxes here at all")).unwrap(),
            None
        );
        let huge = b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(facts(&MediaFile::in_memory(&huge[..])).unwrap(), None);
    }
}
