use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pombo_domain::media::MediaFile;
use tempfile::{NamedTempFile, TempPath};

use crate::config::MediaConfig;
use crate::error::MediaError;

/// Takes bytes and becomes a [`MediaFile`]: in memory while it is small, then in a temporary file.
#[derive(Debug)]
pub(crate) struct Spool {
    place: Place,
    length: u64,
    limits: Limits,
}

/// The part of the configuration that decides where bytes go.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) max_bytes: u64,
    pub(crate) memory_bytes: usize,
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    Disk(NamedTempFile),
}

impl From<&MediaConfig> for Limits {
    fn from(config: &MediaConfig) -> Self {
        Self {
            max_bytes: config.max_bytes,
            memory_bytes: config.memory_bytes,
            directory: config.temporary_directory.clone(),
        }
    }
}

impl Spool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            place: Place::Memory(Vec::new()),
            length: 0,
            limits,
        }
    }

    /// May write to the disk: not for asynchronous code.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length > self.limits.max_bytes {
            return Err(MediaError::TooLarge {
                limit: self.limits.max_bytes,
            });
        }
        if let Place::Memory(kept) = &mut self.place {
            if self.length <= self.limits.memory_bytes as u64 {
                kept.extend_from_slice(bytes);
                return Ok(());
            }
            let mut file = temporary_file(self.limits.directory.as_deref(), "")?;
            file.write_all(kept)?;
            self.place = Place::Disk(file);
        }
        if let Place::Disk(file) = &mut self.place {
            file.write_all(bytes)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<MediaFile, MediaError> {
        match self.place {
            _ if self.length == 0 => Err(MediaError::Empty),
            Place::Memory(bytes) => Ok(MediaFile::in_memory(bytes)),
            Place::Disk(file) => {
                let path = file.into_temp_path();
                Ok(on_disk(path, self.length))
            }
        }
    }
}

/// The sink of encoders, which want to write and sometimes to go back.
#[derive(Debug)]
pub(crate) struct Scratch {
    file: NamedTempFile,
    limits: Limits,
}

impl Scratch {
    /// `extension` without the dot; empty for none.
    pub(crate) fn new(limits: Limits, extension: &str) -> Result<Self, MediaError> {
        let file = temporary_file(limits.directory.as_deref(), extension)?;
        Ok(Self { file, limits })
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// What was written, by us or by somebody who was given the path.
    pub(crate) fn finish(mut self) -> Result<MediaFile, MediaError> {
        self.file.as_file_mut().flush()?;
        let length = self.file.path().metadata()?.len();
        if length == 0 {
            return Err(MediaError::Empty);
        }
        if length > self.limits.max_bytes {
            return Err(MediaError::TooLarge {
                limit: self.limits.max_bytes,
            });
        }
        if length <= self.limits.memory_bytes as u64 {
            self.file.as_file_mut().rewind()?;
            // Read by its path: whoever wrote it may have put a new file in its place.
            return Ok(MediaFile::in_memory(std::fs::read(self.file.path())?));
        }
        Ok(on_disk(self.file.into_temp_path(), length))
    }
}

fn on_disk(path: TempPath, length: u64) -> MediaFile {
    MediaFile::on_disk(path.to_path_buf(), length, Arc::new(path))
}

fn temporary_file(directory: Option<&Path>, extension: &str) -> io::Result<NamedTempFile> {
    let suffix = if extension.is_empty() {
        String::new()
    } else {
        format!(".{extension}")
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix("pombo-").suffix(&suffix);
    match directory {
        Some(directory) => builder.tempfile_in(directory),
        None => builder.tempfile(),
    }
}

#[cfg(test)]
mod tests {
    use pombo_domain::media::MediaContent;

    use super::*;

    fn limits(directory: &Path) -> Limits {
        Limits {
            max_bytes: 20,
            memory_bytes: 10,
            directory: Some(directory.to_owned()),
        }
    }

    fn files_in(directory: &Path) -> usize {
        directory.read_dir().unwrap().count()
    }

    #[test]
    fn small_files_stay_in_memory() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(limits(directory.path()));
        spool.push(b"01234").unwrap();
        spool.push(b"56789").unwrap();
        let file = spool.finish().unwrap();
        assert_eq!(
            file.content(),
            MediaContent::Memory(&"0123456789".as_bytes().into())
        );
        assert_eq!(files_in(directory.path()), 0);
    }

    #[test]
    fn large_ones_go_to_disk_and_leave_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(limits(directory.path()));
        spool.push(b"01234").unwrap();
        spool.push(b"567890").unwrap();
        let file = spool.finish().unwrap();
        let MediaContent::Disk(path) = file.content() else {
            panic!("not on disk");
        };
        assert_eq!(std::fs::read(path).unwrap(), b"01234567890");
        assert_eq!(file.len(), 11);
        assert_eq!(files_in(directory.path()), 1);
        drop(file);
        assert_eq!(files_in(directory.path()), 0);
    }

    #[test]
    fn too_many_bytes_are_refused_and_leave_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(limits(directory.path()));
        spool.push(&[0; 20]).unwrap();
        let error = spool.push(&[0]).unwrap_err();
        assert!(matches!(error, MediaError::TooLarge { limit: 20 }));
        drop(spool);
        assert_eq!(files_in(directory.path()), 0);
    }

    #[test]
    fn nothing_is_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::new(limits(directory.path()));
        assert!(matches!(spool.finish(), Err(MediaError::Empty)));
    }
}
