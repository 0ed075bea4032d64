//! Engine.IO payloads and Socket.IO packets, through the whole server: a handshake, the data as one polling POST, the end.
//!
//! With a first byte above `0x7f` the data is the query of a request instead.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use pombo_domain::channel::ChannelError;
use pombo_domain::event::Seq;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{
    Access, ApiKeys, EventHistory, HistoryError, HistoryPage, LiveTransport, NodeSender,
};
use pombo_transports::socketio::{SocketIoConfig, SocketIoLayer, SocketIoLive, build};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::{Layer, ServiceExt};

struct World {
    runtime: Runtime,
    layer: SocketIoLayer,
    live: SocketIoLive,
}

struct Keys(InstanceRef);

impl ApiKeys for Keys {
    fn access(&self, key: &str) -> Option<Access> {
        (key == "key").then_some(Access::Global)
    }

    fn find(&self, name: &str) -> Option<InstanceRef> {
        (name == self.0.name.as_str()).then(|| self.0.clone())
    }
}

struct NoHistory;

#[async_trait]
impl EventHistory for NoHistory {
    async fn after(
        &self,
        _: Option<&InstanceId>,
        after: Seq,
        _: usize,
    ) -> Result<HistoryPage, HistoryError> {
        Ok(HistoryPage {
            events: Vec::new(),
            through: after,
            head: after,
            complete: true,
        })
    }

    fn head(&self) -> Seq {
        0
    }
}

struct NoNodes;

#[async_trait]
impl NodeSender for NoNodes {
    async fn send_node(&self, _: &InstanceId, _: &Value) -> Result<(), ChannelError> {
        Err(ChannelError::NotConnected)
    }
}

impl World {
    fn new() -> Self {
        let runtime = crate::runtime();
        let _inside = runtime.enter();
        let acme = InstanceRef {
            id: "1".into(),
            name: "acme".to_owned().try_into().expect("a name"),
        };
        let keys = Arc::new(Keys(acme.clone()));
        let config = SocketIoConfig {
            max_refused_joins: u32::MAX,
            ..SocketIoConfig::default()
        };
        let (live, layer) = build(config, keys, Arc::new(NoHistory), Arc::new(NoNodes));
        live.instance_added(&acme);
        drop(_inside);
        Self {
            runtime,
            layer,
            live,
        }
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, String) {
        let inner =
            tower::service_fn(|_| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
        let asking = self.layer.layer(inner).oneshot(request);
        let Ok(answer) = tokio::time::timeout(Duration::from_millis(200), asking).await else {
            return (StatusCode::REQUEST_TIMEOUT, String::new());
        };
        let (head, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
        let body = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        (head.status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn session(&self, data: &[u8]) {
        let open = Request::get("/socket.io/?EIO=4&transport=polling&apikey=key")
            .body(Body::empty())
            .expect("a request");
        let (status, text) = self.ask(open).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        let target = session_of(&text).expect("a session id");
        let (status, text) = self.ask(post(&target, data)).await;
        assert!(!status.is_server_error(), "{status} {text}");
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        self.end(&target).await;
    }

    /// Ends what is left of a session; the answer does not matter.
    async fn end(&self, target: &str) {
        self.ask(post(target, b"1")).await;
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

/// Where the session of an open packet is reached.
fn session_of(open: &str) -> Option<String> {
    let sid = open.split("\"sid\":\"").nth(1)?.split('"').next()?;
    Some(format!("/socket.io/?EIO=4&transport=polling&sid={sid}"))
}

fn post(target: &str, body: &[u8]) -> Request<Body> {
    let body = Body::from(body.to_vec());
    Request::post(target).body(body).expect("a request")
}

/// No payload gets a server error.
pub fn run(data: &[u8]) {
    thread_local!(static WORLD: OnceCell<World> = const { OnceCell::new() });
    WORLD.with(|world| {
        let world = world.get_or_init(World::new);
        world.runtime.block_on(async {
            match data.split_first() {
                Some((first, query)) if *first > 0x7f => {
                    let query = String::from_utf8_lossy(query);
                    let Ok(request) =
                        Request::get(format!("/socket.io/?{query}")).body(Body::empty())
                    else {
                        return;
                    };
                    let (status, text) = world.ask(request).await;
                    assert!(!status.is_server_error(), "{status} {text}");
                    if let Some(target) = session_of(&text) {
                        world.end(&target).await;
                    }
                }
                _ => world.session(data).await,
            }
        });
        assert!(world.live.clients() < 1000, "sessions are left behind");
    });
}
