//! One connection to a broker, kept up for ever by a task of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use pombo_domain::port::DeliveryError;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

/// The pause after the first failure; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a connection must have lasted for the pauses to start over.
const STABLE: Duration = Duration::from_secs(30);

/// How to get a connection. Reasons are for people and hold no secret.
pub(crate) trait Connect: Send + 'static {
    /// What deliveries need.
    type Connection: Send + Sync + 'static;

    /// The broker's name in messages.
    const BROKER: &'static str;

    /// One try, bounded in time: the connection, and a future that drives it and ends, with the reason, when it is lost.
    fn connect(
        &self,
    ) -> impl Future<Output = Result<(Self::Connection, BoxFuture<'static, String>), String>> + Send;
}

enum State<C> {
    /// The first try has not ended.
    Starting,
    Up(Arc<C>),
    Down(Arc<str>),
}

/// Ends its task when dropped.
pub(crate) struct Link<C: Connect> {
    state: watch::Receiver<State<C::Connection>>,
    _task: AbortOnDropHandle<()>,
}

impl<C: Connect> Link<C> {
    /// Starts connecting. Must be called inside a Tokio runtime.
    pub(crate) fn start(connect: C) -> Self {
        let (tell, state) = watch::channel(State::Starting);
        let task = AbortOnDropHandle::new(tokio::spawn(keep(connect, tell)));
        Self { state, _task: task }
    }

    /// The connection; an error at once while there is none. Only the first try after the start is waited for.
    pub(crate) async fn connection(&self) -> Result<Arc<C::Connection>, DeliveryError> {
        let mut state = self.state.clone();
        let state = state
            .wait_for(|state| !matches!(state, State::Starting))
            .await;
        match state.as_deref() {
            Ok(State::Up(connection)) => Ok(Arc::clone(connection)),
            Ok(State::Down(reason)) => Err(unreachable(format!("no connection: {reason}"))),
            Ok(State::Starting) | Err(_) => Err(unreachable("no connection".to_owned())),
        }
    }
}

/// The broker is not there, or does not answer.
pub(crate) fn unreachable(reason: String) -> DeliveryError {
    DeliveryError::Unreachable { reason }
}

/// An error after which another try is worth it.
pub(crate) fn retry(reason: String) -> DeliveryError {
    DeliveryError::Retry {
        reason,
        status: None,
        after: None,
    }
}

async fn keep<C: Connect>(connect: C, tell: watch::Sender<State<C::Connection>>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let reason = match connect.connect().await {
            Ok((connection, lost)) => {
                info!("connected to {}", C::BROKER);
                tell.send_replace(State::Up(Arc::new(connection)));
                let since = Instant::now();
                let reason = lost.await;
                if since.elapsed() >= STABLE {
                    pause = FIRST_PAUSE;
                }
                warn!("lost the connection to {}: {reason}", C::BROKER);
                reason
            }
            Err(reason) => {
                if !matches!(*tell.borrow(), State::Down(_)) {
                    warn!("cannot connect to {}: {reason}", C::BROKER);
                }
                reason
            }
        };
        tell.send_replace(State::Down(reason.into()));
        // Between half of it and all of it, so that many servers do not come at once.
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt;

    use super::*;

    /// The first two tries fail, the third lasts.
    #[derive(Default)]
    struct Third(AtomicU32);

    impl Connect for Third {
        type Connection = u32;
        const BROKER: &'static str = "a test";

        async fn connect(&self) -> Result<(u32, BoxFuture<'static, String>), String> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err("nobody there".to_owned()),
                number => Ok((number, std::future::pending().boxed())),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn down_is_told_at_once_and_ends() {
        let link = Link::start(Third::default());
        let error = link.connection().await.unwrap_err();
        assert_eq!(error.to_string(), "no connection: nobody there");
        let mut state = link.state.clone();
        state
            .wait_for(|state| matches!(state, State::Up(_)))
            .await
            .map(drop)
            .unwrap();
        assert_eq!(*link.connection().await.unwrap(), 2);
    }
}
