use std::time::Duration;

use pombo_domain::media::MediaFile;
use pombo_net::{HeaderMap, OutboundClient, OutboundError};

use super::{disposition, file_name};
use crate::error::MediaError;
use crate::incoming::Incoming;
use crate::spool::Limits;

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

    let mut incoming = Incoming::with_limits(limits);
    while let Some(chunk) = download.chunk().await.map_err(too_large)? {
        incoming.push(&chunk).await?;
    }
    Ok(Fetched {
        file: incoming.finish().await?,
        served,
        file_name: named,
        url_name: file_name::of_url(url),
    })
}
