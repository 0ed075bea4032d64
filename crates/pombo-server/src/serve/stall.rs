//! Ends connections whose peer stops reading.
//!
//! The Socket.IO library cannot: its heartbeat waits for a writer that is blocked in a send. So the socket itself fails
//! once a write has been pending for too long, and whoever reads from it is woken to see that.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream whose writes must not be pending for longer than `limit`.
pub(super) struct StallGuard<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write is pending.
    deadline: Option<Pin<Box<Sleep>>>,
    reader: Option<Waker>,
    dead: bool,
}

impl<S> StallGuard<S> {
    /// Guards a stream.
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            deadline: None,
            reader: None,
            dead: false,
        }
    }

    fn stalled() -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, "the peer stopped reading")
    }

    /// Watches the outcome of a write or flush.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.deadline = None;
            return outcome;
        }
        let limit = self.limit;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
        if deadline.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.dead = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Err(Self::stalled()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.dead {
            return Poll::Ready(Err(Self::stalled()));
        }
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if outcome.is_pending() {
            self.reader = Some(context.waker().clone());
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.dead {
            return Poll::Ready(Err(Self::stalled()));
        }
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.dead {
            return Poll::Ready(Err(Self::stalled()));
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.dead {
            return Poll::Ready(Err(Self::stalled()));
        }
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.dead {
            return Poll::Ready(Ok(()));
        }
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut guard = StallGuard::new(ours, Duration::from_secs(20));
        let started = Instant::now();
        let error = guard.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 20);
        assert!(guard.read_u8().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_blocked_reader_is_woken_when_the_writer_fails() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let (mut reader, mut writer) =
            tokio::io::split(StallGuard::new(ours, Duration::from_secs(20)));
        let reading = tokio::spawn(async move { reader.read_u8().await });
        tokio::task::yield_now().await;
        assert!(writer.write_all(&[0; 64]).await.is_err());
        assert!(reading.await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_peer_stays() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let mut guard = StallGuard::new(ours, Duration::from_secs(20));
        let writing = tokio::spawn(async move { guard.write_all(&[0; 32]).await });
        let mut read = 0;
        while read < 32 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            read += theirs.read(&mut [0; 8]).await.unwrap();
        }
        assert!(writing.await.unwrap().is_ok());
    }
}
