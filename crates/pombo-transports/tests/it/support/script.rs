//! An HTTP server that answers what a test wrote down, and remembers what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use pombo_domain::clock::Timestamp;
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use pombo_net::{OutboundClient, OutboundConfig, OutboundPolicy};
use serde_json::Value;
use tokio::net::TcpListener;

/// One request that came.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<(u16, String)>>,
    calls: Mutex<Vec<Call>>,
}

/// Gives the answers in order, then 200 with `{}`.
pub(crate) struct Scripted {
    pub(crate) host: String,
    script: Arc<Script>,
}

impl Scripted {
    pub(crate) async fn start(answers: &[(u16, &str)]) -> Self {
        let script = Arc::new(Script::default());
        let owned = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()));
        script.answers.lock().unwrap().extend(owned);
        let app = Router::new().fallback(answer).with_state(script.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { host, script }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script.calls.lock().unwrap().clone()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (path, headers) = (request.uri().to_string(), request.headers().clone());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX)
        .await
        .unwrap();
    script.calls.lock().unwrap().push(Call {
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    });
    let next = script.answers.lock().unwrap().pop_front();
    let (status, text) = next.unwrap_or((200, "{}".to_owned()));
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

/// A client that may reach this machine.
pub(crate) fn client() -> OutboundClient {
    OutboundClient::new(OutboundConfig {
        policy: OutboundPolicy::Private,
        ..OutboundConfig::default()
    })
    .unwrap()
}

/// A subscription of all events over this transport.
pub(crate) fn subscription(transport: TransportKind, options: Value) -> Subscription {
    let Value::Object(options) = options else {
        panic!("options are an object")
    };
    Subscription {
        id: RowId::new(Timestamp::from_millis(1)),
        instance_id: InstanceId::random(),
        transport,
        enabled: true,
        events: EventList::all(),
        options,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        retired_at_seq: None,
    }
}
