use pombo_domain::media::PreparedMedia;

use super::names::with_extension;
use super::{Preparer, Wishes};
use crate::document;
use crate::error::MediaError;
use crate::source::{SourceFile, clean_file_name};

impl Preparer {
    /// Any file, unchanged; of a PDF the pages are counted.
    ///
    /// Its name is the client's, else the one that came with it, else the URL's, else `document`.
    pub async fn document(
        &self,
        source: SourceFile,
        wishes: Wishes,
    ) -> Result<PreparedMedia, MediaError> {
        let mimetype = source.mimetype(wishes.mimetype.as_deref(), wishes.file_name.as_deref());
        let wanted = wishes.file_name.as_deref().and_then(clean_file_name);
        let name = wanted.unwrap_or_else(|| {
            let found = source.file_name.as_deref().or(source.url_name.as_deref());
            with_extension(found.unwrap_or("document"), &mimetype)
        });
        let page_count = self.workers.run({
            let file = source.file.clone();
            move || document::page_count(&file)
        });
        // A PDF that makes the reader stumble can be sent all the same.
        let page_count = match page_count.await {
            Err(MediaError::Stumbled) => None,
            result => result?,
        };
        let mut prepared = PreparedMedia::new(source.file, mimetype);
        prepared.file_name = Some(name);
        prepared.page_count = page_count;
        Ok(prepared)
    }
}
