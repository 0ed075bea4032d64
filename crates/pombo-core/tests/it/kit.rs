//! A gateway with receivers under control.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pombo_core::{Entry, Gateway, GatewayConfig, NewInstance, RetrySchedule, SubscriptionChange};
use pombo_domain::channel::{ChannelEvent, IncomingMessage};
use pombo_domain::event::Event;
use pombo_domain::instance::{ChannelKind, InstanceName, InstanceRef};
use pombo_domain::message::{DeviceSource, MessageKey};
use pombo_domain::port::{
    ChannelFactory, Delivered, DeliveryError, EventTransport, LiveEvent, LiveTransport,
};
use pombo_domain::settings::Settings;
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_store::delivery::{self, Delivery, Listed, Of};
use pombo_store::{Backend, Db, DbConfig, Synchronous};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

/// What a receiver saw: instance, event name, attempt, and the message's id if there was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub instance: String,
    pub event: &'static str,
    pub attempt: u32,
    pub message: String,
    pub id: String,
    /// What the receiver got.
    pub envelope: Value,
}

type Script = dyn Fn(&Seen) -> Result<(), DeliveryError> + Send + Sync;

/// A webhook whose answers the test decides.
pub struct Receiver {
    pub seen: Mutex<Vec<Seen>>,
    script: Mutex<Arc<Script>>,
    in_flight: AtomicUsize,
    /// Closed: it takes what comes, and answers nothing.
    open: watch::Sender<bool>,
}

impl Receiver {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            script: Mutex::new(Arc::new(|_| Ok(()))),
            in_flight: AtomicUsize::new(1),
            open: watch::Sender::new(true),
        })
    }

    /// So many deliveries of a line may be under way from now on.
    pub fn take_at_once(&self, count: usize) {
        self.in_flight.store(count, Ordering::SeqCst);
    }

    /// Whether answers are given.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub fn answers(
        &self,
        script: impl Fn(&Seen) -> Result<(), DeliveryError> + Send + Sync + 'static,
    ) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Message ids of `messages.upsert` in the order of their first arrival.
    pub fn messages(&self) -> Vec<String> {
        let mut messages = Vec::new();
        for seen in self.seen() {
            if seen.event == "messages.upsert" && !messages.contains(&seen.message) {
                messages.push(seen.message);
            }
        }
        messages
    }
}

pub fn retry() -> DeliveryError {
    DeliveryError::Retry {
        reason: "the test says no".to_owned(),
        status: Some(500),
        after: None,
    }
}

pub fn unreachable() -> DeliveryError {
    DeliveryError::Unreachable {
        reason: "the test is not there".to_owned(),
    }
}

#[async_trait]
impl EventTransport for Receiver {
    fn kind(&self) -> TransportKind {
        TransportKind::Webhook
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        _: &Subscription,
        attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let envelope: Value = serde_json::from_slice(envelope).expect("an envelope is JSON");
        let seen = Seen {
            instance: event.event.instance.name.to_string(),
            event: event.event.kind.as_str(),
            attempt,
            message: envelope["data"]["key"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            id: event.event.id.to_string(),
            envelope,
        };
        self.seen.lock().unwrap().push(seen.clone());
        // Only whoever has to wait may be overtaken.
        if !*self.open.borrow() {
            let mut open = self.open.subscribe();
            open.wait_for(|open| *open)
                .await
                .expect("the receiver is there");
        }
        let script = Arc::clone(&self.script.lock().unwrap());
        script(&seen).map(|()| Delivered { status: Some(200) })
    }
}

/// Connected clients, all of them.
#[derive(Default)]
pub struct Clients {
    pub shown: Mutex<Vec<(i64, String, bool, bool)>>,
    /// Shown since somebody last took this away, and the bell for who does.
    pub unread: AtomicUsize,
    pub bell: Notify,
    pub told: Mutex<Vec<String>>,
}

#[async_trait]
impl LiveTransport for Clients {
    fn instance_added(&self, instance: &InstanceRef) {
        self.told
            .lock()
            .unwrap()
            .push(format!("added {}", instance.name));
    }

    async fn instance_removed(&self, instance: &InstanceRef) {
        self.told
            .lock()
            .unwrap()
            .push(format!("removed {}", instance.name));
    }

    async fn keys_changed(&self, _: &InstanceRef) {}

    async fn emit(&self, event: &LiveEvent) {
        let seq = event.event.seq.unwrap_or_default();
        let name = event.event.event.kind.as_str().to_owned();
        if name == "remove.instance" {
            self.told.lock().unwrap().push(name.clone());
        }
        self.shown
            .lock()
            .unwrap()
            .push((seq, name, event.to_instance, event.to_all));
        self.unread.fetch_add(1, Ordering::SeqCst);
        self.bell.notify_one();
    }

    async fn close(&self) {}

    fn clients(&self) -> usize {
        0
    }
}

/// A gateway, its webhook and its clients.
pub struct Bench {
    pub gateway: Arc<Gateway>,
    pub receiver: Arc<Receiver>,
    pub clients: Arc<Clients>,
}

impl Bench {
    pub async fn start() -> Self {
        Self::over(Backend::SqliteMemory, |_| {}).await
    }

    pub async fn at(path: &Path) -> Self {
        let backend = Backend::Sqlite {
            path: path.join("pombo.db"),
            synchronous: Synchronous::Full,
        };
        Self::over(backend, |_| {}).await
    }

    pub async fn over(backend: Backend, edit: impl FnOnce(&mut GatewayConfig)) -> Self {
        Self::with(backend, edit, None).await
    }

    /// With a channel of the test's own.
    pub async fn with_channel(
        backend: Backend,
        edit: impl FnOnce(&mut GatewayConfig),
        channel: Arc<dyn ChannelFactory>,
    ) -> Self {
        Self::with(backend, edit, Some(channel)).await
    }

    async fn with(
        backend: Backend,
        edit: impl FnOnce(&mut GatewayConfig),
        channel: Option<Arc<dyn ChannelFactory>>,
    ) -> Self {
        let store = Db::open(DbConfig {
            backend,
            wait: Duration::from_secs(5),
            max_connections: 4,
        })
        .await
        .unwrap();
        let mut config = GatewayConfig::with_api_key(SecretString::from("global"));
        config.retry = RetrySchedule::new(|failed| {
            (failed.attempts < 50).then_some(Duration::from_millis(20))
        });
        edit(&mut config);
        let (receiver, clients) = (Receiver::new(), Arc::new(Clients::default()));
        let mut builder = Gateway::builder(store, config)
            .await
            .unwrap()
            .live(Arc::clone(&clients) as Arc<dyn LiveTransport>);
        if let Some(channel) = channel {
            builder = builder.channel(channel);
        }
        let gateway = builder
            .transport(Arc::clone(&receiver) as Arc<dyn EventTransport>)
            .start()
            .await
            .unwrap();
        Self {
            gateway,
            receiver,
            clients,
        }
    }

    /// How far the slowest line is behind.
    pub fn lag(&self) -> i64 {
        self.gateway
            .sinks()
            .map(|sink| sink.lag())
            .max()
            .unwrap_or(0)
    }

    pub async fn create(&self, name: &str) -> Arc<Entry> {
        self.gateway.create(new(name)).await.unwrap()
    }

    /// Changes options of the webhook.
    pub async fn options(&self, entry: &Arc<Entry>, transport: TransportKind, options: Value) {
        let change = SubscriptionChange {
            enabled: true,
            events: None,
            options: options.as_object().cloned().unwrap(),
        };
        self.gateway
            .set_subscription(entry, transport, change)
            .await
            .unwrap();
    }

    /// Deliveries that wait, and those that were given up.
    pub async fn parked(&self) -> (i64, i64) {
        delivery::counts(self.gateway.store(), "webhook")
            .await
            .unwrap()
    }

    /// What is parked, the oldest first.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        let listed = Listed {
            of: Of::All,
            state: None,
            before: None,
            limit: 1000,
        };
        let mut all = delivery::list(self.gateway.store(), "webhook", listed)
            .await
            .unwrap();
        all.reverse();
        all
    }

    pub async fn incoming(&self, entry: &Arc<Entry>, id: &str) {
        self.gateway.accept(entry, message(id)).await.unwrap();
    }
}

/// An instance that sends everything to the webhook and to connected clients.
pub fn new(name: &str) -> NewInstance {
    let all = || SubscriptionChange {
        enabled: true,
        events: None,
        options: json!({"url": "http://r"}).as_object().cloned().unwrap(),
    };
    NewInstance {
        name: InstanceName::new(name).unwrap(),
        channel: ChannelKind::Evolution,
        token: None,
        number: Some(name.to_owned()),
        business_id: None,
        owner_jid: None,
        profile_name: None,
        profile_pic_url: None,
        settings: Settings::default(),
        proxy: None,
        subscriptions: vec![
            (TransportKind::Webhook, all()),
            (TransportKind::Websocket, all()),
        ],
    }
}

pub fn message(id: &str) -> ChannelEvent {
    message_in(id, "1@s.whatsapp.net", false)
}

pub fn message_in(id: &str, chat: &str, from_me: bool) -> ChannelEvent {
    ChannelEvent::Message(IncomingMessage {
        key: MessageKey::new(id, chat, from_me),
        push_name: Some("Ann".to_owned()),
        profile_pic_url: None,
        message_type: None,
        message: json!({"conversation": id}),
        context_info: None,
        timestamp: None,
        source: DeviceSource::Unknown,
        status: None,
    })
}

/// Waits for a condition, with a deadline.
pub async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let start = Instant::now();
    while !ask().await {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "waited in vain for: {what}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
