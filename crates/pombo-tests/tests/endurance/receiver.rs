//! Receivers of webhooks that only note what an audit needs.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::Value;

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The path, without the slash.
    pub(crate) line: String,
    pub(crate) id: String,
    /// Only in the second payload version.
    pub(crate) seq: i64,
    /// `messages.upsert`
    pub(crate) event: String,
    /// The message's id.
    pub(crate) key: String,
    pub(crate) accepted: bool,
    pub(crate) at: Instant,
}

/// How calls to a path are answered: after how long, and with what.
type Script = dyn Fn(&str) -> (Duration, StatusCode) + Send + Sync;

#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    calls: Mutex<Vec<Call>>,
    script: Box<Script>,
}

impl Receiver {
    pub(crate) async fn start(
        script: impl Fn(&str) -> (Duration, StatusCode) + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("bound");
        let inner = Arc::new(Inner {
            calls: Mutex::default(),
            script: Box::new(script),
        });
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inner }
    }

    pub(crate) fn url(&self, line: &str) -> String {
        format!("http://{}/{line}", self.address)
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.inner.calls()
    }
}

impl Inner {
    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(inner): State<Arc<Inner>>, uri: Uri, body: String) -> StatusCode {
    let at = Instant::now();
    let line = uri.path().trim_start_matches('/').to_owned();
    let (delay, status) = (inner.script)(&line);
    tokio::time::sleep(delay).await;
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    inner.calls().push(Call {
        line,
        id: text(&body["id"]),
        seq: body["seq"].as_i64().unwrap_or_default(),
        event: text(&body["event"]),
        key: text(&body["data"]["key"]["id"]),
        accepted: status.is_success(),
        at,
    });
    status
}
