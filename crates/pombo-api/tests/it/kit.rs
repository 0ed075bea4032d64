//! A gateway in memory behind the router, and requests to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use pombo_api::{ApiConfig, ApiState, PeerAddress};
use pombo_core::{Gateway, GatewayConfig};
use pombo_domain::channel::{ChannelError, ChannelEvent, IncomingMessage, SentMessage};
use pombo_domain::event::Event;
use pombo_domain::instance::ChannelKind;
use pombo_domain::message::{DeviceSource, MessageKey, Outgoing, OutgoingContent, SendAction};
use pombo_domain::port::{
    Channel, ChannelFactory, ChannelOpening, Delivered, DeliveryError, EventTransport, FeedRequest,
    Frame, Inbound, InboundError, InboundWebhook, LiveFeed, LiveSession, SessionCommand,
};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_store::{Backend, Db, DbConfig};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const KEY: &str = "global-key";

/// The router with what tests want to look at.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) sent: Arc<Mutex<Vec<Outgoing>>>,
    pub(crate) feed: Arc<EchoFeed>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn message(&self) -> Value {
        self.json()["response"]["message"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("works in tests"))
    }
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(configure: impl FnOnce(&mut ApiState)) -> Self {
        Self::over(Backend::SqliteMemory, configure).await
    }

    pub(crate) async fn over(backend: Backend, configure: impl FnOnce(&mut ApiState)) -> Self {
        let store = DbConfig {
            backend,
            wait: Duration::from_secs(5),
            max_connections: 2,
        };
        let store = Db::open(store).await.expect("works in tests");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let gateway = Gateway::builder(store, GatewayConfig::with_api_key(KEY.to_owned().into()))
            .await
            .expect("works in tests")
            .channel(Arc::new(HttpChannel(Arc::clone(&sent))))
            .inbound(Arc::new(HttpInbound))
            .transport(Arc::new(Nowhere))
            .start()
            .await
            .expect("works in tests");
        let feed = Arc::new(EchoFeed::default());
        let mut state = ApiState {
            gateway: Arc::clone(&gateway),
            feed: Some(Arc::clone(&feed) as Arc<dyn LiveFeed>),
            config: ApiConfig::default(),
            metrics: None,
            error_hook: None,
            counters: Arc::default(),
        };
        configure(&mut state);
        Self {
            router: pombo_api::router(state),
            gateway,
            sent,
            feed,
        }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<PeerAddress>().is_none() {
            request
                .extensions_mut()
                .insert(PeerAddress(SocketAddr::from(([192, 0, 2, 7], 4000))));
        }
        read(
            self.router
                .clone()
                .oneshot(request)
                .await
                .expect("works in tests"),
        )
        .await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("apikey", key);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("works in tests")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(KEY), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(KEY), Some(body)).await
    }

    /// An instance of the HTTP channel; its token.
    pub(crate) async fn create(&self, name: &str) -> String {
        let body = json!({"instanceName": name, "integration": "EVOLUTION", "number": format!("55{}", name.len())});
        let answer = self.post("/instance/create", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["hash"]
            .as_str()
            .expect("works in tests")
            .to_owned()
    }

    pub(crate) async fn incoming(&self, number: &str, id: &str, jid: &str, text: &str) -> Answer {
        self.post(
            "/webhook/evolution",
            json!({"numberId": number, "pushName": "Ann", "messageType": "conversation", "message": {"conversation": text},
                   "key": {"id": id, "remoteJid": jid, "fromMe": false}}),
        )
        .await
    }
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("works in tests").to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).expect("works in tests"),
    }
}

/// Sends texts and files by remembering them.
struct HttpChannel(Arc<Mutex<Vec<Outgoing>>>);

#[async_trait]
impl ChannelFactory for HttpChannel {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Evolution
    }

    async fn open(&self, _: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError> {
        Ok(Arc::new(HttpChannel(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Channel for HttpChannel {
    fn supports(&self, action: SendAction) -> bool {
        matches!(
            action,
            SendAction::Text | SendAction::Media | SendAction::Audio | SendAction::Buttons
        )
    }

    async fn send(
        &self,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        self.0.lock().expect("works in tests").push(message.clone());
        let (message_type, message) = match &message.content {
            OutgoingContent::Text { text } => {
                assert_ne!(text, "panic", "as the test asked");
                ("conversation", json!({"conversation": text}))
            }
            OutgoingContent::Media(media) => (media.kind.message_type(), json!({})),
            OutgoingContent::Audio { .. } => ("audioMessage", json!({})),
            OutgoingContent::Buttons { .. } => ("buttonMessage", json!({})),
            other => panic!("not of this channel: {other:?}"),
        };
        Ok(SentMessage {
            key: MessageKey::new(id, remote_jid, true),
            message,
            message_type: message_type.to_owned(),
            context_info: None,
            source: DeviceSource::Unknown,
        })
    }
}

/// Understands just enough of what comes in.
struct HttpInbound;

impl InboundWebhook for HttpInbound {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Evolution
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<Inbound>, InboundError> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| InboundError::Invalid(error.to_string()))?;
        let (Some(number), Some(message)) = (body["numberId"].as_str(), body.get("message")) else {
            return Ok(vec![]);
        };
        let key = serde_json::from_value(body["key"].clone())
            .map_err(|_| InboundError::Invalid("key".to_owned()))?;
        let event = ChannelEvent::Message(IncomingMessage {
            key,
            push_name: body["pushName"].as_str().map(str::to_owned),
            profile_pic_url: None,
            message_type: body["messageType"].as_str().map(str::to_owned),
            message: message.clone(),
            context_info: None,
            timestamp: body["timestamp"].as_i64(),
            source: DeviceSource::Unknown,
            status: None,
        });
        Ok(vec![Inbound {
            number: number.to_owned(),
            event,
        }])
    }
}

/// Delivers nothing. An address that ends in `/refuse` refuses for good.
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
        subscription: &Subscription,
        _: u32,
    ) -> Result<Delivered, DeliveryError> {
        if subscription
            .text("url")
            .is_some_and(|url| url.ends_with("/refuse"))
        {
            return Err(DeliveryError::Permanent {
                reason: "no".to_owned(),
                status: Some(400),
            });
        }
        Ok(Delivered { status: Some(200) })
    }
}

/// Says hello, repeats what it hears, and says goodbye to `bye`.
#[derive(Default)]
pub(crate) struct EchoFeed {
    pub(crate) opened: Mutex<Vec<FeedRequest>>,
    pub(crate) closed: Arc<Mutex<usize>>,
}

impl LiveFeed for EchoFeed {
    fn open(&self, request: FeedRequest) -> LiveSession {
        self.opened.lock().expect("works in tests").push(request);
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        sender
            .send(Frame::Text("hello".into()))
            .expect("works in tests");
        let closed = Arc::clone(&self.closed);
        let frames = futures_util::stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        });
        LiveSession {
            frames: frames.boxed(),
            commands: Box::new(move |command| match command {
                SessionCommand::Text(text) if text == "bye" => {
                    sender
                        .send(Frame::Close {
                            code: 1001,
                            reason: "bye",
                        })
                        .ok();
                }
                SessionCommand::Text(text) => {
                    sender.send(Frame::Text(text.into())).ok();
                }
                SessionCommand::Alive => {}
                SessionCommand::Closed => *closed.lock().expect("works in tests") += 1,
            }),
        }
    }
}
