//! A way to a server that can be cut.

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::wait::until;

/// A port that leads to another one on this machine, once it is open.
#[derive(Debug)]
pub struct Way {
    /// Where nobody listens at first.
    pub port: u16,
    to: u16,
    open: Option<JoinHandle<()>>,
}

impl Way {
    /// A way that is closed at first.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn to(to: u16) -> Self {
        Self {
            port: free_port(),
            to,
            open: None,
        }
    }

    /// Opens it.
    pub async fn open(&mut self) {
        let listener = until("the port to be free", || async {
            TcpListener::bind(("127.0.0.1", self.port)).await.ok()
        })
        .await;
        let to = self.to;
        self.open = Some(tokio::spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                ways.spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(("127.0.0.1", to)).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        }));
    }

    /// Every connection ends with it.
    pub async fn cut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            open.await.ok();
        }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
