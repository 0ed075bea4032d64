use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use pombo_domain::media::{MediaContent, MediaFile};

/// Reads a [`MediaFile`] from its start, wherever its bytes are. It may block: not for asynchronous code.
#[derive(Debug)]
pub enum MediaReader {
    /// From memory.
    Memory(Cursor<Bytes>),
    /// From disk.
    Disk(BufReader<File>),
}

impl MediaReader {
    /// Opens `file`. Each reader has a place of its own.
    pub fn open(file: &MediaFile) -> io::Result<Self> {
        Ok(match file.content() {
            MediaContent::Memory(bytes) => Self::Memory(Cursor::new(bytes.clone())),
            MediaContent::Disk(path) => {
                Self::Disk(BufReader::with_capacity(64 * 1024, File::open(path)?))
            }
        })
    }

    /// At most `count` bytes from the start of `file`.
    pub fn head(file: &MediaFile, count: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        Self::open(file)?
            .take(count as u64)
            .read_to_end(&mut head)?;
        Ok(head)
    }

    /// All of `file`, for those who have checked its length.
    pub fn all(file: &MediaFile) -> io::Result<Bytes> {
        match file.content() {
            MediaContent::Memory(bytes) => Ok(bytes.clone()),
            MediaContent::Disk(path) => Ok(std::fs::read(path)?.into()),
        }
    }
}

impl Read for MediaReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(reader) => reader.read(buffer),
            Self::Disk(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for MediaReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Memory(reader) => reader.fill_buf(),
            Self::Disk(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Memory(reader) => reader.consume(amount),
            Self::Disk(reader) => reader.consume(amount),
        }
    }
}

impl Seek for MediaReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(reader) => reader.seek(position),
            Self::Disk(reader) => reader.seek(position),
        }
    }
}
