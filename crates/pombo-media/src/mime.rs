//! What kind of file it is: by its first bytes, by its name, by what somebody said, and back to an extension.

/// What a file is when nobody knows better.
pub const UNKNOWN: &str = "application/octet-stream";

/// How many bytes of a file [`sniff`] looks at.
pub const SNIFFED_BYTES: usize = 8192;

/// Types that users meet daily, each with the extension that a file of that type gets; the first row of a type wins in one
/// direction, the first of an extension in the other. Everything else comes from a list of registered types.
const DAILY: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/jpeg", "jpeg"),
    ("image/jpeg", "jfif"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/bmp", "bmp"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/avif", "avif"),
    ("image/svg+xml", "svg"),
    ("image/tiff", "tiff"),
    ("image/tiff", "tif"),
    ("video/mp4", "mp4"),
    ("video/mp4", "m4v"),
    ("video/quicktime", "mov"),
    ("video/3gpp", "3gp"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-msvideo", "avi"),
    ("video/mpeg", "mpeg"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/ogg", "oga"),
    ("audio/ogg", "opus"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/wav", "wav"),
    ("audio/flac", "flac"),
    ("audio/webm", "weba"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.android.package-archive", "apk"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/vcard", "vcf"),
    ("text/calendar", "ics"),
];

/// Names that mean the same as another one, which WhatsApp's clients know better.
const SAME: &[(&str, &str)] = &[
    ("application/mp4", "video/mp4"),
    ("video/x-m4v", "video/mp4"),
    ("audio/m4a", "audio/mp4"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-mpeg", "audio/mpeg"),
    ("audio/opus", "audio/ogg"),
    ("application/ogg", "audio/ogg"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/x-flac", "audio/flac"),
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("image/x-ms-bmp", "image/bmp"),
    ("text/xml", "application/xml"),
    ("application/x-zip-compressed", "application/zip"),
];

/// What the first bytes say, for instance `image/png`.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<&'static str> {
    let found = infer::get(head)?.mime_type();
    Some(usual(found))
}

/// What a name says by its extension. Never a word that is not a type.
#[must_use]
pub fn from_name(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    if let Some((mimetype, _)) = DAILY.iter().find(|(_, known)| *known == extension) {
        return Some(mimetype);
    }
    let found = mime_guess::from_ext(&extension).first_raw()?;
    Some(usual(found))
}

/// The extension of a file of that type, without the dot.
#[must_use]
pub fn extension(mimetype: &str) -> Option<&'static str> {
    let essence = essence(mimetype);
    if let Some((_, extension)) = DAILY.iter().find(|(known, _)| *known == essence) {
        return Some(extension);
    }
    // The shortest of several, which is the usual one: of `midi` and `mid`, `mid`.
    mime_guess::get_mime_extensions_str(&essence)?
        .iter()
        .copied()
        .min_by_key(|extension| (extension.len(), *extension))
}

/// A type that somebody named, in the usual spelling and with its parameters; `None` when it is none, or says nothing.
#[must_use]
pub fn named(mimetype: &str) -> Option<String> {
    let mimetype = mimetype.trim();
    let essence = essence(mimetype);
    let (kind, subtype) = essence.split_once('/')?;
    let proper = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_' | b'*')
            })
    };
    if !proper(kind) || !proper(subtype) || kind == "*" || subtype == "*" {
        return None;
    }
    if essence == UNKNOWN || essence == "binary/octet-stream" {
        return None;
    }
    let parameters = mimetype.split_once(';').map(|(_, rest)| rest.trim());
    let usual = SAME
        .iter()
        .find(|(other, _)| *other == essence)
        .map_or(essence.as_str(), |(_, usual)| usual);
    match parameters {
        Some(parameters) if !parameters.is_empty() && parameters.is_ascii() => {
            Some(format!("{usual}; {parameters}"))
        }
        _ => Some(usual.to_owned()),
    }
}

/// The type without its parameters, in lower case.
#[must_use]
pub fn essence(mimetype: &str) -> String {
    let essence = mimetype.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether the type only says how the file is packed: a name knows better what is inside.
#[must_use]
pub(crate) fn is_container(mimetype: &str) -> bool {
    matches!(
        mimetype,
        "application/zip"
            | "application/xml"
            | "application/x-ole-storage"
            | "application/gzip"
            | "text/html"
            | UNKNOWN
    )
}

fn usual(found: &'static str) -> &'static str {
    SAME.iter()
        .find(|(other, _)| *other == found)
        .map_or(found, |(_, usual)| usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types_lead_to_each_other() {
        for (name, mimetype) in [
            ("a.jpg", "image/jpeg"),
            ("A.JPEG", "image/jpeg"),
            ("a.b.png", "image/png"),
            ("a.webp", "image/webp"),
            ("a.mp4", "video/mp4"),
            ("a.mp3", "audio/mpeg"),
            ("a.m4a", "audio/mp4"),
            ("a.ogg", "audio/ogg"),
            ("a.pdf", "application/pdf"),
            ("a.csv", "text/csv"),
            (
                "a.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            (
                "a.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ] {
            assert_eq!(from_name(name), Some(mimetype), "{name}");
            let extension = extension(mimetype).unwrap();
            assert_eq!(from_name(&format!("x.{extension}")), Some(mimetype));
        }
        assert_eq!(extension("image/jpeg"), Some("jpg"));
        assert_eq!(extension("audio/ogg; codecs=opus"), Some("ogg"));
        assert_eq!(extension("text/plain"), Some("txt"));
    }

    #[test]
    fn what_nobody_knows_is_nothing_and_not_a_word() {
        for name in ["a", "a.", "a.qqqq", ".", ""] {
            assert_eq!(from_name(name), None, "{name}");
        }
        assert_eq!(extension("x/y"), None);
        for said in [
            "",
            "false",
            "image",
            "image/",
            "/png",
            "*/*",
            "a b/c",
            "application/octet-stream",
        ] {
            assert_eq!(named(said), None, "{said}");
        }
    }

    #[test]
    fn said_types_get_their_usual_spelling() {
        for (said, usual) in [
            ("application/mp4", "video/mp4"),
            ("IMAGE/JPG", "image/jpeg"),
            ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus"),
            ("audio/ogg;codecs=opus", "audio/ogg; codecs=opus"),
            (" audio/x-m4a ", "audio/mp4"),
            ("application/vnd.ms-excel", "application/vnd.ms-excel"),
        ] {
            assert_eq!(named(said).as_deref(), Some(usual));
        }
    }

    #[test]
    fn first_bytes_are_known() {
        for (head, mimetype) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "image/jpeg"),
            (&b"GIF89a\x01\0\x01\0"[..], "image/gif"),
            (&b"RIFF\x1a\0\0\0WEBPVP8L"[..], "image/webp"),
            (&b"%PDF-1.7\n"[..], "application/pdf"),
            (
                &b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"[..],
                "video/mp4",
            ),
            (&b"ID3\x04\0\0\0\0\0\0"[..], "audio/mpeg"),
        ] {
            assert_eq!(sniff(head), Some(mimetype));
        }
        assert_eq!(sniff(b"just words"), None);
        assert_eq!(sniff(b""), None);
    }
}
