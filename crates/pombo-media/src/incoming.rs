use bytes::Bytes;
use pombo_domain::media::MediaFile;
use tokio::task::spawn_blocking;

use crate::config::MediaConfig;
use crate::error::MediaError;
use crate::spool::{Limits, Spool};

/// How much is collected before it is written.
const BATCH: usize = 256 * 1024;

/// A file that arrives in pieces, over whatever connection. Dropping it removes what was written.
///
/// Its writes are not among the bounded workers' jobs: a slow sender must not wait for pictures to be decoded.
#[derive(Debug)]
pub struct Incoming {
    spool: Option<Spool>,
    batch: Vec<u8>,
}

impl Incoming {
    /// Nothing yet.
    #[must_use]
    pub fn new(config: &MediaConfig) -> Self {
        Self::with_limits(Limits::from(config))
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self {
            spool: Some(Spool::new(limits)),
            batch: Vec::new(),
        }
    }

    /// The next piece. After an error there is nothing more to be done with it.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), MediaError> {
        self.batch.extend_from_slice(piece);
        if self.batch.len() < BATCH {
            return Ok(());
        }
        self.write().await
    }

    /// The whole file. Without a byte it is [`MediaError::Empty`].
    pub async fn finish(mut self) -> Result<MediaFile, MediaError> {
        self.write().await?;
        self.spool.take().ok_or(MediaError::Empty)?.finish()
    }

    /// All of it at once, when it is in memory already.
    pub(crate) async fn whole(limits: Limits, bytes: Bytes) -> Result<MediaFile, MediaError> {
        if bytes.len() <= limits.memory_bytes && !bytes.is_empty() {
            let limit = limits.max_bytes;
            return if bytes.len() as u64 > limit {
                Err(MediaError::TooLarge { limit })
            } else {
                Ok(MediaFile::in_memory(bytes))
            };
        }
        spawn_blocking(move || {
            let mut spool = Spool::new(limits);
            spool.push(&bytes)?;
            spool.finish()
        })
        .await
        .unwrap_or(Err(MediaError::Stumbled))
    }

    async fn write(&mut self) -> Result<(), MediaError> {
        // Gone only after an error.
        let Some(mut spool) = self.spool.take() else {
            return Err(MediaError::Stumbled);
        };
        let mut batch = std::mem::take(&mut self.batch);
        let written = spawn_blocking(move || {
            spool.push(&batch)?;
            batch.clear();
            Ok((spool, batch))
        });
        let (spool, batch) = written.await.unwrap_or(Err(MediaError::Stumbled))?;
        self.spool = Some(spool);
        self.batch = batch;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pombo_domain::media::MediaContent;

    use super::*;
    use crate::reader::MediaReader;

    fn config() -> MediaConfig {
        MediaConfig {
            max_bytes: 1_000_000,
            memory_bytes: 1000,
            ..MediaConfig::default()
        }
    }

    #[tokio::test]
    async fn pieces_become_a_file() {
        let mut small = Incoming::new(&config());
        small.push(b"one ").await.unwrap();
        small.push(b"two").await.unwrap();
        let file = small.finish().await.unwrap();
        assert_eq!(file.content(), MediaContent::Memory(&"one two".into()));

        let mut large = Incoming::new(&config());
        for _ in 0..600 {
            large.push(&[b'x'; 1000]).await.unwrap();
        }
        let file = large.finish().await.unwrap();
        assert!(matches!(file.content(), MediaContent::Disk(_)));
        assert_eq!(MediaReader::all(&file).unwrap(), vec![b'x'; 600_000]);
    }

    #[tokio::test]
    async fn nothing_and_too_much_are_refused() {
        let nothing = Incoming::new(&config()).finish().await;
        assert!(matches!(nothing, Err(MediaError::Empty)));
        let mut much = Incoming::new(&config());
        let error = loop {
            if let Err(error) = much.push(&[b'x'; 100_000]).await {
                break error;
            }
        };
        assert!(matches!(error, MediaError::TooLarge { limit: 1_000_000 }));
        assert!(much.push(&[b'x'; 300_000]).await.is_err());
    }
}
