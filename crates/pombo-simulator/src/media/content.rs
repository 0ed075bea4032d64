//! Bytes in memory or on disk.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// How much is read from disk at once.
const CHUNK: usize = 64 * 1024;

/// Where large files go.
#[derive(Debug)]
pub(super) struct Folder {
    place: Place,
    next: AtomicU64,
}

#[derive(Debug)]
enum Place {
    /// Made when first needed, removed at the end.
    Temporary(OnceLock<tempfile::TempDir>),
    /// Stays.
    Kept(PathBuf),
}

impl Folder {
    pub(super) fn temporary() -> Self {
        Self {
            place: Place::Temporary(OnceLock::new()),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn kept(path: PathBuf) -> Self {
        Self {
            place: Place::Kept(path),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn path(&self) -> io::Result<&Path> {
        match &self.place {
            Place::Kept(path) => {
                std::fs::create_dir_all(path)?;
                Ok(path)
            }
            Place::Temporary(made) => {
                if let Some(folder) = made.get() {
                    return Ok(folder.path());
                }
                let folder = tempfile::Builder::new()
                    .prefix("pombo-simulator-")
                    .tempdir()?;
                Ok(made.get_or_init(|| folder).path())
            }
        }
    }

    /// A new file, not there before.
    async fn create(&self) -> io::Result<(DiskFile, File)> {
        let folder = self.path()?;
        loop {
            let path = folder.join(format!(
                "{}.media",
                self.next.fetch_add(1, Ordering::Relaxed)
            ));
            match File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
                .await
            {
                Ok(file) => {
                    let keep = Keep::OnceWhole(matches!(self.place, Place::Kept(_)));
                    return Ok((DiskFile { path, keep }, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A file, removed when nobody has it any more, unless it is to stay.
#[derive(Debug)]
pub(super) struct DiskFile {
    path: PathBuf,
    keep: Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Always,
    Never,
    /// Half a file never; a whole one when its folder is kept.
    OnceWhole(bool),
}

impl DiskFile {
    fn whole(mut self) -> Self {
        if let Keep::OnceWhole(kept) = self.keep {
            self.keep = if kept { Keep::Always } else { Keep::Never };
        }
        self
    }

    fn remove(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!("cannot remove {}: {error}", self.path.display());
        }
    }
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        if self.keep != Keep::Always {
            self.remove();
        }
    }
}

/// A whole file.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Memory(Bytes),
    Disk { file: Arc<DiskFile>, size: u64 },
}

impl Content {
    /// A file that is on disk already, under this name in `folder`.
    pub(super) fn on_disk(folder: &Path, name: &str, size: u64) -> Self {
        let file = DiskFile {
            path: folder.join(name),
            keep: Keep::Always,
        };
        Self::Disk {
            file: Arc::new(file),
            size,
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk { size, .. } => *size,
        }
    }

    /// The name in its folder, when it is on disk.
    pub(super) fn file_name(&self) -> Option<String> {
        match self {
            Self::Memory(_) => None,
            Self::Disk { file, .. } => Some(file.path.file_name()?.to_string_lossy().into_owned()),
        }
    }

    /// Its file is not needed any more, even if it was to stay.
    pub(super) fn forget(&self) {
        if let Self::Disk { file, .. } = self
            && file.keep == Keep::Always
        {
            file.remove();
        }
    }

    /// All of it at once: for what the simulator itself reads.
    pub(super) async fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::Disk { file, .. } => tokio::fs::read(&file.path).await.map(Bytes::from),
        }
    }

    /// `length` bytes from `start`, piece by piece.
    pub(super) async fn stream(
        &self,
        start: u64,
        length: u64,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        match self {
            Self::Memory(bytes) => {
                let size = bytes.len();
                let start = usize::try_from(start).unwrap_or(size).min(size);
                let end = usize::try_from(length)
                    .map_or(size, |length| start.saturating_add(length))
                    .min(size);
                let mut rest = bytes.slice(start..end);
                let pieces = std::iter::from_fn(move || {
                    (!rest.is_empty()).then(|| Ok(rest.split_to(rest.len().min(CHUNK))))
                });
                Ok(stream::iter(pieces).boxed())
            }
            Self::Disk { file, .. } => {
                let mut open = File::open(&file.path).await?;
                open.seek(SeekFrom::Start(start)).await?;
                // `file` goes along, so that the file stays as long as somebody reads it.
                let state = (open.take(length), Arc::clone(file));
                Ok(stream::try_unfold(state, |(mut open, file)| async move {
                    let mut piece = vec![0; CHUNK];
                    let read = open.read(&mut piece).await?;
                    piece.truncate(read);
                    Ok((read > 0).then(|| (Bytes::from(piece), (open, file))))
                })
                .boxed())
            }
        }
    }
}

/// A file that is still coming in.
#[derive(Debug)]
pub(super) struct Growing {
    size: u64,
    hash: Sha256,
    bytes: Arrived,
}

#[derive(Debug)]
enum Arrived {
    Memory(Vec<u8>),
    Disk(DiskFile, File),
}

impl Growing {
    pub(super) fn new() -> Self {
        Self {
            size: 0,
            hash: Sha256::new(),
            bytes: Arrived::Memory(Vec::new()),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes; beyond `memory_limit` everything moves to disk.
    pub(super) async fn push(
        &mut self,
        piece: &[u8],
        memory_limit: u64,
        folder: &Folder,
    ) -> io::Result<()> {
        let size = self.size + piece.len() as u64;
        if let Arrived::Memory(bytes) = &mut self.bytes
            && size > memory_limit
        {
            let (disk, mut file) = folder.create().await?;
            file.write_all(bytes).await?;
            self.bytes = Arrived::Disk(disk, file);
        }
        match &mut self.bytes {
            Arrived::Memory(bytes) => bytes.extend_from_slice(piece),
            Arrived::Disk(_, file) => file.write_all(piece).await?,
        }
        self.hash.update(piece);
        self.size = size;
        Ok(())
    }

    /// Forgets all but the first `size` bytes.
    pub(super) async fn cut(&mut self, size: u64) -> io::Result<()> {
        if size >= self.size {
            return Ok(());
        }
        let mut hash = Sha256::new();
        match &mut self.bytes {
            Arrived::Memory(bytes) => {
                bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
                hash.update(bytes);
            }
            Arrived::Disk(_, file) => {
                file.flush().await?;
                file.set_len(size).await?;
                file.seek(SeekFrom::Start(0)).await?;
                let mut piece = vec![0; CHUNK];
                loop {
                    let read = file.read(&mut piece).await?;
                    if read == 0 {
                        break;
                    }
                    hash.update(&piece[..read]);
                }
            }
        }
        self.hash = hash;
        self.size = size;
        Ok(())
    }

    /// The whole file and its SHA-256.
    pub(super) async fn finish(self) -> io::Result<(Content, [u8; 32])> {
        let content = match self.bytes {
            Arrived::Memory(bytes) => Content::Memory(bytes.into()),
            Arrived::Disk(disk, mut file) => {
                file.flush().await?;
                Content::Disk {
                    file: Arc::new(disk.whole()),
                    size: self.size,
                }
            }
        };
        Ok((content, self.hash.finalize().into()))
    }
}
