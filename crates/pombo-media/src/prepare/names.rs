use crate::mime;
use crate::source::clean_file_name;

/// The client's own name as it is; what is not given gets `stem` and the type's extension.
pub(super) fn wanted_or_default(wanted: Option<&str>, stem: &str, mimetype: &str) -> String {
    wanted
        .and_then(clean_file_name)
        .unwrap_or_else(|| with_extension(stem, mimetype))
}

/// A name that does not say what the file is gets the type's extension.
pub(super) fn with_extension(name: &str, mimetype: &str) -> String {
    if mime::from_name(name).is_some() {
        return name.to_owned();
    }
    match mime::extension(mimetype) {
        Some(extension) => format!("{name}.{extension}"),
        None => name.to_owned(),
    }
}

/// The same name for a file that has become another type.
pub(super) fn renamed(name: &str, mimetype: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => with_extension(stem, mimetype),
        _ => with_extension(name, mimetype),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_extension_that_they_lack() {
        assert_eq!(wanted_or_default(None, "image", "image/jpeg"), "image.jpg");
        assert_eq!(wanted_or_default(None, "image", "image/png"), "image.png");
        assert_eq!(wanted_or_default(None, "video", "video/mp4"), "video.mp4");
        assert_eq!(wanted_or_default(Some("x"), "image", "image/png"), "x");
        assert_eq!(
            wanted_or_default(Some("../x.gif"), "image", "image/png"),
            "x.gif"
        );
        assert_eq!(with_extension("report", "application/pdf"), "report.pdf");
        assert_eq!(
            with_extension("v1.2 report", "application/pdf"),
            "v1.2 report.pdf"
        );
        assert_eq!(
            with_extension("report.doc", "application/pdf"),
            "report.doc"
        );
        assert_eq!(with_extension("report", "x/y"), "report");
        assert_eq!(renamed("photo.bmp", "image/jpeg"), "photo.jpg");
        assert_eq!(renamed("photo", "image/jpeg"), "photo.jpg");
    }
}
