//! Requests: `METHOD target` in the first line, the body after it. Through the whole router with its schemas, on a database
//! in memory. Nothing leaves the process.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use pombo_api::{ApiConfig, ApiState, HttpCounters, PeerAddress};
use pombo_channel_cloud::evolution::{EvolutionFactory, EvolutionWebhook};
use pombo_core::{Gateway, GatewayConfig};
use pombo_domain::event::Event;
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_store::{Backend, Db, DbConfig};
use tokio::runtime::Runtime;
use tower::ServiceExt;

const KEY: &str = "key";
/// A world is made anew after so many requests, so that its database stays small.
const REQUESTS: usize = 2000;

struct World {
    runtime: Runtime,
    router: Router,
    requests: usize,
}

/// Takes every event and keeps none.
struct Nowhere;

#[async_trait]
impl EventTransport for Nowhere {
    fn kind(&self) -> TransportKind {
        TransportKind::Webhook
    }

    async fn deliver(
        &self,
        _: &Event,
        _: &[u8],
        _: &Subscription,
        _: u32,
    ) -> Result<Delivered, DeliveryError> {
        Ok(Delivered { status: None })
    }
}

impl World {
    fn new() -> Self {
        let runtime = crate::runtime();
        let router = runtime.block_on(async {
            let config = DbConfig {
                backend: Backend::SqliteMemory,
                wait: Duration::ZERO,
                max_connections: 1,
            };
            let store = Db::open(config).await.expect("a database in memory");
            let builder = Gateway::builder(store, GatewayConfig::with_api_key(KEY.into()))
                .await
                .expect("an empty database");
            let gateway = builder
                .channel(Arc::new(EvolutionFactory))
                .inbound(Arc::new(EvolutionWebhook))
                .transport(Arc::new(Nowhere))
            .start()
                .await
                .expect("an empty database");
            pombo_api::router(ApiState {
                gateway,
                feed: None,
                config: ApiConfig {
                    request_timeout: Duration::from_millis(500),
                    ..ApiConfig::default()
                },
                metrics: None,
                error_hook: None,
                counters: Arc::new(HttpCounters::default()),
            })
        });
        let world = Self {
            runtime,
            router,
            requests: 0,
        };
        let acme =
            br#"{"instanceName": "acme", "integration": "EVOLUTION", "number": "5511900000001"}"#;
        let (status, text) = world
            .ask(Method::POST, "/instance/create", acme)
            .expect("a request")
            .expect("an answer");
        assert_eq!(status, StatusCode::CREATED, "{text}");
        world
    }

    /// `None` when this is no request at all; within it `None` when the answer takes as long as the caller asked for.
    fn ask(
        &self,
        method: Method,
        target: &str,
        body: &[u8],
    ) -> Option<Option<(StatusCode, String)>> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("apikey", KEY)
            .header("content-type", "application/json");
        let mut request = request.body(Body::from(body.to_vec())).ok()?;
        // As the server does it.
        request
            .extensions_mut()
            .insert(PeerAddress(SocketAddr::from(([127, 0, 0, 1], 1))));
        Some(self.runtime.block_on(async {
            let asking = async {
                let answer = self
                    .router
                    .clone()
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {});
                let (head, body) = answer.into_parts();
                let body = body
                    .collect()
                    .await
                    .map(|body| body.to_bytes())
                    .unwrap_or_default();
                (head.status, String::from_utf8_lossy(&body).into_owned())
            };
            tokio::time::timeout(Duration::from_millis(50), asking)
                .await
                .ok()
        }))
    }
}

/// What is wrong with a request is told in the 4xx of the documented form; nothing is a server error.
pub fn run(data: &[u8]) {
    thread_local!(static WORLD: RefCell<Option<World>> = const { RefCell::new(None) });
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let Some(Ok(first)) = lines.next().map(std::str::from_utf8) else {
        return;
    };
    let body = lines.next().unwrap_or_default();
    let Some((method, target)) = first.split_once(' ') else {
        return;
    };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return;
    };
    WORLD.with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot
            .as_ref()
            .is_some_and(|world| world.requests >= REQUESTS)
        {
            *slot = None;
        }
        let world = slot.get_or_insert_with(World::new);
        world.requests += 1;
        let Some(Some((status, text))) = world.ask(method, target, body) else {
            return;
        };
        // 501 tells of routes that are not built yet.
        assert!(
            !status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED,
            "{first:?}: {status} {text}"
        );
        if status.is_client_error() && !text.is_empty() {
            let answer: serde_json::Value =
                serde_json::from_str(&text).expect("an error is told in JSON");
            assert!(answer.is_object(), "{answer}");
        }
    });
}
