//! The connection to the servers, which reconnects for ever.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, HeaderMap, ServerAddr};
use bytes::Bytes;
use futures_util::StreamExt;
use pombo_domain::port::DeliveryError;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use crate::link::unreachable;

/// How long the first deliveries after the start wait for a connection.
const FIRST_CONNECT: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often it connected and was cut off so far.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    connects: u64,
    losses: u64,
}

pub(super) struct Server {
    pub(super) client: Client,
    echo: Echo,
    history: watch::Receiver<History>,
    started: Instant,
}

/// Doubled from half a second on.
fn pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_millis(250)
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + fastrand::f64() / 2.0)
}

impl Server {
    pub(super) async fn start(servers: Vec<ServerAddr>) -> Result<Self, async_nats::Error> {
        let (tell, history) = watch::channel(History::default());
        let client = ConnectOptions::new()
            .name("pombo")
            .retry_on_initial_connect()
            .reconnect_delay_callback(pause)
            // A half-open connection is noticed after two of them.
            .ping_interval(Duration::from_secs(20))
            .event_callback(move |event| {
                match event {
                    Event::Connected => {
                        tell.send_modify(|history| history.connects += 1);
                        info!("connected to NATS");
                    }
                    Event::Disconnected => {
                        tell.send_modify(|history| history.losses += 1);
                        warn!("lost the connection to NATS");
                    }
                    Event::ServerError(error) => warn!("NATS says: {error}"),
                    _ => {}
                }
                std::future::ready(())
            })
            .connect(servers)
            .await?;
        Ok(Self {
            echo: Echo::start(&client).await?,
            client,
            history,
            started: Instant::now(),
        })
    }

    /// An error at once while there is no connection. Only the first one after the start is waited for.
    pub(super) async fn ready(&self) -> Result<(), DeliveryError> {
        if self.client.connection_state() == State::Pending {
            let mut history = self.history.clone();
            let until = self.started + FIRST_CONNECT;
            // Whether it came in time is seen below.
            drop(tokio::time::timeout_at(until, history.wait_for(|past| past.connects > 0)).await);
        }
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => Err(unreachable("no connection".to_owned())),
        }
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.client.connection_state() != State::Connected
    }

    /// Ends with the next loss of the connection.
    pub(super) async fn cut_off(&self) {
        let mut history = self.history.clone();
        let so_far = history.borrow().losses;
        // An error says that the client is gone, which is a loss too.
        drop(history.wait_for(|past| past.losses > so_far).await);
    }

    /// Publishes, and waits until the server has read it: it answers in order, so a message to ourselves, sent behind,
    /// comes back only after it took the first. One echo tells of all that was sent before it. The library's own flush says no more than that the bytes were written.
    pub(super) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), async_nats::Error> {
        let connects = || self.client.statistics().connects.load(Ordering::Acquire);
        let before = connects();
        self.client
            .publish_with_headers(subject, headers, body)
            .await?;
        let came = self.echo.come_back(&self.client).await?;
        // The echo may be from another connection than the one that the message was lost with.
        if !came || connects() != before {
            return Err("the connection was lost".into());
        }
        Ok(())
    }
}

/// Numbered messages to ourselves.
struct Echo {
    inbox: String,
    next: AtomicU64,
    /// The highest number that came back.
    seen: watch::Receiver<u64>,
    _reader: AbortOnDropHandle<()>,
}

impl Echo {
    async fn start(client: &Client) -> Result<Self, async_nats::SubscribeError> {
        let inbox = client.new_inbox();
        let mut echoes = client.subscribe(inbox.clone()).await?;
        let (tell, seen) = watch::channel(0);
        let reader = tokio::spawn(async move {
            while let Some(echo) = echoes.next().await {
                let number = echo.payload.as_ref().try_into().map(u64::from_be_bytes);
                if let Ok(number) = number {
                    tell.send_modify(|seen| *seen = number.max(*seen));
                }
            }
        });
        Ok(Self {
            inbox,
            next: AtomicU64::new(0),
            seen,
            _reader: AbortOnDropHandle::new(reader),
        })
    }

    /// Returns when the server has read everything that was sent before this was called. False when no echo can come any more.
    async fn come_back(&self, client: &Client) -> Result<bool, async_nats::PublishError> {
        // Taken after the message was sent: whoever has a higher number sends the echo still later.
        let number = self.next.fetch_add(1, Ordering::AcqRel) + 1;
        let body = Bytes::copy_from_slice(&number.to_be_bytes());
        client.publish(self.inbox.clone(), body).await?;
        let mut seen = self.seen.clone();
        let came = seen.wait_for(|seen| *seen >= number).await.is_ok();
        Ok(came)
    }
}
