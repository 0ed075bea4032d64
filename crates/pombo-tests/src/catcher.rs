//! Receives webhooks, remembers them, and answers what the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::wait::until;

/// One call that came.
#[derive(Debug, Clone)]
pub struct Caught {
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub raw: String,
    /// The body as JSON.
    pub body: Value,
}

type Answer = dyn Fn(usize, &Caught) -> Response + Send + Sync;

struct Inner {
    caught: Mutex<Vec<Caught>>,
    answer: Mutex<Arc<Answer>>,
}

/// A receiver on a port of its own.
#[derive(Clone)]
pub struct Catcher {
    address: SocketAddr,
    inner: Arc<Inner>,
}

impl Catcher {
    /// Starts a receiver that answers 200.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("bound");
        let inner = Arc::new(Inner {
            caught: Mutex::default(),
            answer: Mutex::new(Arc::new(|_, _| StatusCode::OK.into_response())),
        });
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inner }
    }

    /// The receiver's URL with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers from now on with what this function says of the n-th call (from 0).
    ///
    /// # Panics
    /// When a test thread panicked before.
    pub fn answer(&self, answer: impl Fn(usize, &Caught) -> Response + Send + Sync + 'static) {
        *self.inner.answer.lock().expect("not poisoned") = Arc::new(answer);
    }

    /// Answers from now on with this status.
    pub fn answer_status(&self, status: u16) {
        let status = StatusCode::from_u16(status).expect("a status code");
        self.answer(move |_, _| status.into_response());
    }

    /// Everything that came so far.
    ///
    /// # Panics
    /// When a test thread panicked before.
    #[must_use]
    pub fn caught(&self) -> Vec<Caught> {
        self.inner.caught.lock().expect("not poisoned").clone()
    }

    /// Forgets what came so far.
    ///
    /// # Panics
    /// When a test thread panicked before.
    pub fn forget(&self) {
        self.inner.caught.lock().expect("not poisoned").clear();
    }

    /// Waits for the first call for which this is true.
    pub async fn next(&self, what: &str, wanted: impl Fn(&Caught) -> bool) -> Caught {
        until(what, || async {
            self.caught().into_iter().find(|caught| wanted(caught))
        })
        .await
    }

    /// Waits for the first envelope of this event.
    pub async fn event(&self, name: &str) -> Caught {
        self.next(name, |caught| caught.body["event"] == name).await
    }
}

async fn receive(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    raw: String,
) -> Response {
    let path = uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let body = serde_json::from_str(&raw).unwrap_or(Value::Null);
    let caught = Caught {
        path,
        headers,
        raw,
        body,
    };
    let number = {
        let mut all = inner.caught.lock().expect("not poisoned");
        all.push(caught.clone());
        all.len() - 1
    };
    let answer = Arc::clone(&inner.answer.lock().expect("not poisoned"));
    answer(number, &caught)
}
