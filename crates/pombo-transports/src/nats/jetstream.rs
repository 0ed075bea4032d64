//! Streams: who keeps what is published.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use pombo_domain::port::DeliveryError;
use tracing::info;

use crate::link::{retry, unreachable};

/// The streams made here for subjects that no stream takes. Two of them, because a stream takes each id once, and an event
/// may go to an instance's subject and to everybody's.
const INSTANCES: &str = "POMBO";
const EVERYBODY: &str = "POMBO_GLOBAL";
/// How long the server remembers ids: as long as a delivery may be retried for want of an answer, within reason.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(30 * 60);
/// How long an event is kept in the stream made here.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the server may take to confirm.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a message goes.
pub(super) struct Address {
    pub(super) subject: String,
    /// What a stream made here is to take when no stream takes `subject`.
    pub(super) filter: String,
    /// Whether it is one of everybody's events.
    pub(super) global: bool,
}

pub(super) struct Streams {
    context: Context,
    /// Filters that a stream was seen, or made, to take.
    known: Mutex<HashSet<String>>,
    /// Held while our stream is changed.
    changing: tokio::sync::Mutex<()>,
}

impl Streams {
    pub(super) fn new(client: Client) -> Self {
        let mut context = jetstream::new(client);
        context.set_timeout(ACK_TIMEOUT);
        Self {
            context,
            known: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Publishes and waits for the stream's confirm.
    pub(super) async fn publish(
        &self,
        Address {
            subject,
            filter,
            global,
        }: &Address,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), DeliveryError> {
        if !self.known().contains(filter) {
            let stream = if *global { EVERYBODY } else { INSTANCES };
            let ensured = self.ensure(stream, subject, filter).await;
            ensured.map_err(|error| retry(error.to_string()))?;
        }
        let sent = self
            .context
            .publish_with_headers(subject.to_owned(), headers, body)
            .await;
        let confirmed = match sent {
            Ok(sent) => sent.await.map(drop),
            Err(error) => Err(error),
        };
        confirmed.map_err(|error| {
            let reason = error.to_string();
            match error.kind() {
                PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => unreachable(reason),
                PublishErrorKind::StreamNotFound => {
                    self.known().remove(filter);
                    retry(reason)
                }
                _ => retry(reason),
            }
        })
    }

    async fn ensure(
        &self,
        stream: &str,
        subject: &str,
        filter: &str,
    ) -> Result<(), async_nats::Error> {
        let _alone = self.changing.lock().await;
        if self.known().contains(filter) {
            return Ok(());
        }
        if self.context.stream_by_subject(subject).await.is_err() {
            match self.context.get_stream(stream).await {
                Ok(found) => {
                    let mut config = found.cached_info().config.clone();
                    if !config.subjects.iter().any(|taken| taken == filter) {
                        config.subjects.push(filter.to_owned());
                        self.context.update_stream(config).await?;
                    }
                }
                Err(_) => {
                    let config = Config {
                        name: stream.to_owned(),
                        description: Some("Events of Pombo".to_owned()),
                        subjects: vec![filter.to_owned()],
                        duplicate_window: DUPLICATE_WINDOW,
                        max_age: MAX_AGE,
                        ..Config::default()
                    };
                    self.context.create_stream(config).await?;
                }
            }
            info!("the stream {stream} takes {filter}");
        }
        self.known().insert(filter.to_owned());
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
