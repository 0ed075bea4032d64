//! How many pages a PDF has.

use std::sync::Arc;

use hayro_syntax::Pdf;
use pombo_domain::media::MediaFile;

use crate::error::MediaError;
use crate::reader::MediaReader;

/// A PDF must be in memory to be read; the pages of larger ones are not counted.
const LARGEST: u64 = 8 * 1024 * 1024;

/// `None` for what is no PDF, is damaged, locked, or too large to look at. May block: for the workers only.
pub(crate) fn page_count(file: &MediaFile) -> Result<Option<u32>, MediaError> {
    if file.len() > LARGEST || !MediaReader::head(file, 5)?.starts_with(b"%PDF-") {
        return Ok(None);
    }
    let Ok(pdf) = Pdf::new(Arc::new(MediaReader::all(file)?)) else {
        return Ok(None);
    };
    let pages = u32::try_from(pdf.pages().len()).ok();
    Ok(pages.filter(|pages| *pages > 0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn pdf(pages: usize) -> Vec<u8> {
        let mut bytes = b"%PDF-1.4\n".to_vec();
        let mut offsets = Vec::new();
        let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 3)).collect();
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            format!(
                "<< /Type /Pages /Count {pages} /Kids [{}] >>",
                kids.join(" ")
            ),
        ];
        for _ in 0..pages {
            objects.push("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>".to_owned());
        }
        for (index, object) in objects.iter().enumerate() {
            offsets.push(bytes.len());
            bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
        }
        let start = bytes.len();
        bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
        for offset in &offsets {
            bytes.extend(format!("{offset:010} 00000 n \n").bytes());
        }
        let trailer = format!(
            "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
            offsets.len() + 1
        );
        bytes.extend(trailer.bytes());
        bytes
    }

    fn count(bytes: Vec<u8>) -> Option<u32> {
        page_count(&MediaFile::in_memory(bytes)).unwrap()
    }

    #[test]
    fn pages_are_counted() {
        assert_eq!(count(pdf(1)), Some(1));
        assert_eq!(count(pdf(7)), Some(7));
    }

    #[test]
    fn other_files_have_none() {
        assert_eq!(count(b"words".to_vec()), None);
        assert_eq!(count(b"%PDF-1.7\nnothing of the kind".to_vec()), None);
        let mut large = pdf(1);
        large.resize(LARGEST as usize + 1, b' ');
        assert_eq!(count(large), None);
    }
}
