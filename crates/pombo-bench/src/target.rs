//! Webhooks in this program: one that answers everything, and one that never answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::template::find;

/// A webhook on this machine; it ends when dropped.
#[derive(Debug)]
pub struct Target {
    /// `http://127.0.0.1:port/`
    pub url: String,
    _tasks: JoinSet<()>,
}

impl Target {
    /// Answers 200 to everything, so long after it has read the body and shown it to `seen`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn answering(
        after: Duration,
        seen: impl Fn(&[u8]) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let seen = Arc::new(seen);
        Self::start(move |stream| {
            let seen = Arc::clone(&seen);
            async move {
                // A client that goes away is none of our business.
                drop(answer_all(stream, after, &*seen).await);
            }
        })
        .await
    }

    /// Takes connections and never answers.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn black_hole() -> io::Result<Self> {
        Self::start(async |mut stream| {
            let mut nowhere = tokio::io::sink();
            drop(tokio::io::copy(&mut stream, &mut nowhere).await);
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { url, _tasks: tasks })
    }
}

async fn answer_all(
    mut stream: TcpStream,
    after: Duration,
    seen: &(impl Fn(&[u8]) + Sync),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8192);
    while stream.read_buf(&mut buffer).await? > 0 {
        while let Some(end) = find(&buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|text| text.trim().parse::<usize>().ok())
                .unwrap_or(0);
            let body = end + 4;
            if buffer.len() < body + length {
                break;
            }
            seen(&buffer[body..body + length]);
            buffer.drain(..body + length);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .await?;
        }
    }
    Ok(())
}
