//! A line to the network that can go dead without a word, and that counts what it carries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on, or holds them back for ever.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    dead: Arc<watch::Sender<bool>>,
    carried: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let dead = Arc::new(watch::Sender::new(false));
        let state = Arc::clone(&dead);
        let carried = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&carried);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (state, count) = (Arc::clone(&state), Arc::clone(&count));
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(target).await else {
                        return;
                    };
                    let (near_read, near_write) = near.into_split();
                    let (far_read, far_write) = far.into_split();
                    tokio::join!(
                        pass(near_read, far_write, state.subscribe(), &count),
                        pass(far_read, near_write, state.subscribe(), &count),
                    );
                });
            }
        });
        Self {
            address,
            dead,
            carried,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws/chat", self.address)
    }

    /// Bytes in both directions so far.
    pub(crate) fn carried(&self) -> u64 {
        self.carried.load(Ordering::SeqCst)
    }

    /// Nothing gets through any more, in connections that are there and in new ones.
    pub(crate) fn die(&self) {
        self.dead.send_replace(true);
    }

    /// New connections get through; those that died stay dead.
    pub(crate) fn revive(&self) {
        self.dead.send_replace(false);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut dead: watch::Receiver<bool>,
    count: &AtomicU64,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = dead.wait_for(|dead| *dead) => break,
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                count.fetch_add(length as u64, Ordering::SeqCst);
                if to.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
    // Both ends stay open, and hear nothing.
    std::future::pending::<()>().await;
}
