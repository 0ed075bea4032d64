use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::Url;

use super::error::OutboundError;

/// The moment at which a request is given up, whatever it is waiting for.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Option<Instant>,
    limit: Duration,
    origin: String,
}

impl Deadline {
    pub(super) fn after(url: &Url, limit: Duration) -> Self {
        Self {
            // A time too far away to be written down is no limit.
            at: Instant::now().checked_add(limit),
            limit,
            origin: url.origin().ascii_serialization(),
        }
    }

    pub(super) async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, OutboundError>>,
    ) -> Result<T, OutboundError> {
        let Some(at) = self.at else {
            return work.await;
        };
        timeout_at(at, work).await.unwrap_or_else(|_| {
            Err(OutboundError::Timeout {
                origin: self.origin.clone(),
                limit: self.limit,
            })
        })
    }
}
