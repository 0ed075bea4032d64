use std::time::Duration;

use pombo_domain::media::MediaFile;
use pombo_net::{HeaderMap, OutboundClient, OutboundError};
use tokio::task::spawn_blocking;

use super::{disposition, file_name};
use crate::error::MediaError;
use crate::spool::{Limits, Spool};

/// How much is collected before it is written.
const BATCH: usize = 256 * 1024;

pub(super) struct Fetched {
    pub(super) file: MediaFile,
    pub(super) served: Option<String>,
    pub(super) file_name: Option<String>,
    pub(super) url_name: Option<String>,
}

/// Fetches the URL as it is: a signed one would not survive a further parameter.
pub(super) async fn fetch(
    client: &OutboundClient,
    url: &str,
    limits: Limits,
    timeout: Duration,
) -> Result<Fetched, MediaError> {
    let with_scheme;
    let url = if url.contains("://") {
        url
    } else {
        with_scheme = format!("http://{url}");
        &with_scheme
    };
    let too_large = |error| match error {
        OutboundError::BodyTooLarge { limit } => MediaError::TooLarge { limit },
        error => MediaError::Fetch(error),
    };
    let mut download = client
        .download(url, HeaderMap::new(), limits.max_bytes, Some(timeout))
        .await
        .map_err(too_large)?;
    if !download.status().is_success() {
        return Err(MediaError::Status(download.status().as_u16()));
    }
    let header = |name| download.headers().get(name).map(|value| value.as_bytes());
    let served = header("content-type").map(|value| String::from_utf8_lossy(value).into_owned());
    let named = header("content-disposition").and_then(disposition::file_name);

    let mut spool = Spool::new(limits);
    let mut batch = Vec::new();
    while let Some(chunk) = download.chunk().await.map_err(too_large)? {
        batch.extend_from_slice(&chunk);
        if batch.len() >= BATCH {
            (spool, batch) = write(spool, batch).await?;
        }
    }
    (spool, _) = write(spool, batch).await?;
    Ok(Fetched {
        file: spool.finish()?,
        served,
        file_name: named,
        url_name: file_name::of_url(url),
    })
}

/// Not one of the bounded workers: a slow download must not wait for pictures to be decoded.
async fn write(mut spool: Spool, mut batch: Vec<u8>) -> Result<(Spool, Vec<u8>), MediaError> {
    spawn_blocking(move || {
        spool.push(&batch)?;
        batch.clear();
        Ok((spool, batch))
    })
    .await
    .unwrap_or(Err(MediaError::Stumbled))
}
