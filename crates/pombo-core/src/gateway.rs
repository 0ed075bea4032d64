//! The assembled program, and its builder.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use pombo_domain::clock::{SharedClock, SystemClock, Timestamp};
use pombo_domain::event::{Event, NewEvent, Seq};
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance};
use pombo_domain::port::{
    ApiKeys, Channel, ChannelFactory, ChannelOpening, EventHistory, EventTransport, InboundWebhook,
    LiveTransport, NodeSender,
};
use pombo_domain::proxy::Proxy;
use pombo_domain::settings::Settings;
use pombo_media::{Incoming, MediaConfig, Preparer};
use pombo_store::auth_state::InstanceAuth;
use pombo_store::{Db, StoreError, event, instance, proxy, settings, subscription};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::auth::Keys;
use crate::bus::durable::DurableSink;
use crate::bus::{self, Bus, History, Retention, SinkCounters, Sinks};
use crate::config::GatewayConfig;
use crate::inbound::{Inbox, REACTIONS};
use crate::instance::{Entry, InstanceState, Registry};
use crate::nodes::Nodes;

/// How long work in flight may take to end when the program stops.
const LAST_WORK: Duration = Duration::from_millis(1500);
/// How often unopened instances are looked for.
const UNOPENED_EVERY: Duration = Duration::from_secs(20);

/// The running program behind every interface.
pub struct Gateway {
    pub(crate) config: GatewayConfig,
    pub(crate) store: Db,
    pub(crate) registry: Arc<Registry>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) sinks: Arc<Sinks>,
    pub(crate) live: Arc<Vec<Arc<dyn LiveTransport>>>,
    pub(crate) channels: HashMap<ChannelKind, Arc<dyn ChannelFactory>>,
    pub(crate) inbound: HashMap<ChannelKind, Arc<dyn InboundWebhook>>,
    pub(crate) tasks: TaskTracker,
    /// Places for what follows from events (`inbound`).
    pub(crate) reactions: Arc<Semaphore>,
    /// Held while an instance comes in or leaves, so that clients see one after the other.
    pub(crate) population: Mutex<()>,
    /// Prepares files; `None` where nothing but texts is sent.
    pub(crate) media: Option<Preparer>,
    keys: Arc<Keys>,
    clock: SharedClock,
    pub(crate) stop: CancellationToken,
}

/// Puts a gateway together: first the store and what it holds, then the transports, then [`GatewayBuilder::start`].
pub struct GatewayBuilder {
    config: GatewayConfig,
    store: Db,
    registry: Arc<Registry>,
    bus: Arc<Bus>,
    keys: Arc<Keys>,
    history: Arc<History>,
    clock: SharedClock,
    live: Vec<Arc<dyn LiveTransport>>,
    transports: Vec<Arc<dyn EventTransport>>,
    channels: HashMap<ChannelKind, Arc<dyn ChannelFactory>>,
    inbound: HashMap<ChannelKind, Arc<dyn InboundWebhook>>,
    head: Seq,
    media: Option<Preparer>,
}

impl GatewayBuilder {
    /// The keys, for interfaces that are built before the gateway.
    #[must_use]
    pub fn keys(&self) -> Arc<dyn ApiKeys> {
        Arc::clone(&self.keys) as Arc<dyn ApiKeys>
    }

    /// The way of raw stanzas, for interfaces that are built before the gateway.
    #[must_use]
    pub fn nodes(&self) -> Arc<dyn NodeSender> {
        Arc::new(Nodes::new(Arc::clone(&self.registry)))
    }

    /// The log, for interfaces that are built before the gateway.
    #[must_use]
    pub fn history(&self) -> Arc<dyn EventHistory> {
        Arc::clone(&self.history) as Arc<dyn EventHistory>
    }

    /// Adds a way out to connected clients.
    #[must_use]
    pub fn live(mut self, transport: Arc<dyn LiveTransport>) -> Self {
        self.live.push(transport);
        self
    }

    /// Adds a way out on which every event is delivered until it has arrived.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn EventTransport>) -> Self {
        self.transports.push(transport);
        self
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(mut self, factory: Arc<dyn ChannelFactory>) -> Self {
        self.channels.insert(factory.kind(), factory);
        self
    }

    /// Adds an outside system that calls us.
    #[must_use]
    pub fn inbound(mut self, webhook: Arc<dyn InboundWebhook>) -> Self {
        self.inbound.insert(webhook.kind(), webhook);
        self
    }

    /// Adds what prepares files.
    #[must_use]
    pub fn media(mut self, media: Preparer) -> Self {
        self.media = Some(media);
        self
    }

    /// Takes another clock.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Loads the instances and starts delivering. Clients may join from here on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(self) -> Result<Arc<Gateway>, StoreError> {
        let sinks = Sinks::new(self.transports.into_iter().map(|transport| {
            let kind = transport.kind();
            let sink = DurableSink::new(
                transport,
                self.store.clone(),
                Arc::clone(&self.bus),
                Arc::clone(&self.clock),
                self.config.retry.clone(),
            );
            (kind, sink)
        }));
        let gateway = Arc::new(Gateway {
            registry: self.registry,
            bus: self.bus,
            sinks: Arc::new(sinks),
            live: Arc::new(self.live),
            channels: self.channels,
            inbound: self.inbound,
            media: self.media,
            tasks: TaskTracker::new(),
            reactions: Arc::new(Semaphore::new(REACTIONS)),
            population: Mutex::default(),
            keys: self.keys,
            clock: self.clock,
            stop: CancellationToken::new(),
            store: self.store,
            config: self.config,
        });
        gateway.load().await?;
        gateway.spawn_tasks(self.head);
        let resuming = Arc::clone(&gateway);
        gateway
            .tasks
            .spawn(async move { resuming.resume_channels().await });
        Ok(gateway)
    }
}

impl Gateway {
    /// Takes a file in that arrives in pieces, without keeping a large one in memory.
    #[must_use]
    pub fn incoming_file(&self) -> Incoming {
        match &self.media {
            Some(media) => media.incoming(),
            None => Incoming::new(&MediaConfig::default()),
        }
    }

    /// Starts putting a gateway together over an open store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn builder(store: Db, config: GatewayConfig) -> Result<GatewayBuilder, StoreError> {
        let head = event::head(&store).await?;
        let registry = Arc::new(Registry::default());
        let bus = Bus::new(
            head,
            config.envelope.clone(),
            config.expose_token,
            Arc::clone(&registry),
        );
        let listener = Arc::clone(&bus);
        store.on_commit(Box::new(move |events| listener.committed(events)));
        let history = Arc::new(History {
            bus: Arc::clone(&bus),
            store: store.clone(),
            registry: Arc::clone(&registry),
            global: config.websocket_global,
        });
        Ok(GatewayBuilder {
            keys: Arc::new(Keys::new(&config.api_key, Arc::clone(&registry))),
            config,
            store,
            registry,
            bus,
            history,
            clock: Arc::new(SystemClock),
            live: Vec::new(),
            transports: Vec::new(),
            channels: HashMap::new(),
            inbound: HashMap::new(),
            media: None,
            head,
        })
    }

    /// The store, for reads.
    #[must_use]
    pub fn store(&self) -> &Db {
        &self.store
    }

    /// What keys may do.
    #[must_use]
    pub fn keys(&self) -> Arc<dyn ApiKeys> {
        Arc::clone(&self.keys) as Arc<dyn ApiKeys>
    }

    /// The log, for receivers that come back.
    #[must_use]
    pub fn history(&self) -> Arc<dyn EventHistory> {
        Arc::new(History {
            bus: Arc::clone(&self.bus),
            store: self.store.clone(),
            registry: Arc::clone(&self.registry),
            global: self.config.websocket_global,
        })
    }

    /// The configuration it runs with.
    #[must_use]
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// The present, by the gateway's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The instance of this name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<Arc<Entry>> {
        self.registry.by_name(name)
    }

    /// The instance of this id.
    #[must_use]
    pub fn instance_by_id(&self, id: &pombo_domain::id::InstanceId) -> Option<Arc<Entry>> {
        self.registry.by_id(id)
    }

    /// All instances, oldest first.
    #[must_use]
    pub fn instances(&self) -> Vec<Arc<Entry>> {
        self.registry.all()
    }

    /// The log's newest end.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The durable sinks, for figures.
    pub fn sinks(&self) -> impl Iterator<Item = &Arc<DurableSink>> {
        self.sinks.all()
    }

    /// Prunes the log now, which otherwise happens once a minute. Answers how many events went.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        bus::prune(&self.store, &self.sinks, &self.clock, self.retention()).await
    }

    fn retention(&self) -> Retention {
        Retention {
            age: self.config.retention,
            rows: self.config.max_events,
        }
    }

    /// Connected live clients.
    #[must_use]
    pub fn live_clients(&self) -> usize {
        self.live.iter().map(|live| live.clients()).sum()
    }

    /// Says goodbye to connected clients, so that requests that wait for events end. The caller bounds the time.
    pub async fn close_live(&self) {
        futures_util::future::join_all(self.live.iter().map(|live| live.close())).await;
    }

    /// Ends everything: what was accepted is stored, deliveries in flight end or are tried again after the next start. The
    /// caller says goodbye to clients before, and bounds the time.
    pub async fn close(&self) {
        self.stop.cancel();
        self.close_channels().await;
        self.tasks.close();
        if tokio::time::timeout(LAST_WORK, self.tasks.wait())
            .await
            .is_err()
        {
            warn!("some work did not end in time; what was acknowledged is stored");
        }
        self.sinks.close(LAST_WORK).await;
        self.store.close().await;
    }

    /// Writes events that change no state of ours.
    pub(crate) async fn log(&self, events: Vec<NewEvent>) -> Result<(), StoreError> {
        self.store
            .write(move |tx| {
                for event in &events {
                    tx.append_event(event.clone());
                }
                Box::pin(async { Ok(()) })
            })
            .await
    }

    /// Shows a volatile event to connected clients.
    pub(crate) async fn show(&self, event: &Arc<Event>) {
        let global = self.config.websocket_global;
        bus::show(&self.bus, &self.registry, &self.live, global, event).await;
    }

    /// Shows a raw stanza to those connected clients that know what to do with it.
    pub(crate) async fn show_raw_node(&self, event: &Arc<Event>) {
        let knowing: Vec<_> = self
            .live
            .iter()
            .filter(|live| live.shows_raw_nodes())
            .cloned()
            .collect();
        let global = self.config.websocket_global;
        bus::show(&self.bus, &self.registry, &knowing, global, event).await;
    }

    async fn load(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut settings: HashMap<_, _> = settings::all(&self.store)
            .await?
            .into_iter()
            .map(|row| (row.instance_id.clone(), row))
            .collect();
        let mut proxies: HashMap<_, _> = proxy::all(&self.store)
            .await?
            .into_iter()
            .map(|row| (row.instance_id.clone(), row))
            .collect();
        let mut subscriptions: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        let mut lines = Vec::new();
        for row in subscription::all(&self.store).await? {
            let row = Arc::new(row);
            lines.push(Arc::clone(&row));
            if row.retired_at_seq.is_none() {
                subscriptions
                    .entry(row.instance_id.clone())
                    .or_default()
                    .insert(row.transport, row);
            }
        }
        let rows = instance::all(&self.store, &self.config.client_name).await?;
        let count = rows.len();
        let mut mine = std::collections::HashSet::new();
        for row in rows {
            let row = Arc::new(row);
            mine.insert(row.id.clone());
            let settings = settings.remove(&row.id);
            let proxy = proxies.remove(&row.id);
            let wanted = settings.as_ref().map(|row| row.settings.clone());
            let used = proxy.as_ref().map(|row| row.proxy.clone());
            let channel = match self
                .open_channel(&row, wanted.unwrap_or_default(), used)
                .await
            {
                Ok(channel) => channel,
                Err(error) => {
                    warn!(instance = %row.name, "cannot open the channel of {}: {error}", row.name);
                    None
                }
            };
            // What was open when the server stopped is on its way again, and not open before it is.
            let shown = match &channel {
                Some(channel)
                    if channel.has_connection() && row.connection == ConnectionState::Open =>
                {
                    Arc::new(Instance {
                        connection: ConnectionState::Connecting,
                        ..Instance::clone(&row)
                    })
                }
                _ => Arc::clone(&row),
            };
            let state = InstanceState {
                settings,
                proxy,
                subscriptions: subscriptions.remove(&row.id).unwrap_or_default(),
                instance: shown,
            };
            let entry = Entry::new(state, channel);
            self.registry.insert(Arc::clone(&entry));
            self.settle_outbox(&entry).await?;
            for live in &*self.live {
                live.instance_added(&row.reference());
            }
        }
        // Lines of instances that belong to another client name are that server's business.
        lines.retain(|row| row.retired_at_seq.is_some() || mine.contains(&row.instance_id));
        self.sinks
            .start(&Arc::downgrade(self), &lines, &self.config.global)
            .await?;
        info!("loaded {count} instances");
        Ok(())
    }

    fn spawn_tasks(self: &Arc<Self>, head: Seq) {
        self.tasks.spawn(bus::follow_live(
            Arc::clone(&self.bus),
            self.store.clone(),
            Arc::clone(&self.registry),
            Arc::clone(&self.live),
            self.config.websocket_global,
            head,
            self.stop.clone(),
        ));
        self.tasks.spawn(bus::keep_retention(
            self.store.clone(),
            Arc::clone(&self.sinks),
            Arc::clone(&self.clock),
            self.retention(),
            self.stop.clone(),
        ));
        if let Some(age) = self.config.delete_unopened_after {
            self.tasks.spawn(delete_unopened(
                Arc::downgrade(self),
                age,
                self.stop.clone(),
            ));
        }
    }

    pub(crate) async fn open_channel(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        settings: Settings,
        proxy: Option<Proxy>,
    ) -> Result<Option<Arc<dyn Channel>>, ChannelError> {
        let Some(factory) = self.channels.get(&instance.channel) else {
            return Ok(None);
        };
        let opening = ChannelOpening {
            instance: Arc::clone(instance),
            settings,
            proxy,
            auth: Arc::new(InstanceAuth::new(self.store.clone(), instance.id.clone())),
            inbox: Inbox::of(self, instance),
        };
        factory.open(opening).await.map(Some)
    }
}

/// Deletes instances that were created long ago and never opened. Source: `DEL_INSTANCE`.
async fn delete_unopened(
    gateway: std::sync::Weak<Gateway>,
    age: Duration,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(UNOPENED_EVERY.min(age)) => {}
        }
        let Some(gateway) = gateway.upgrade() else {
            return;
        };
        let now = gateway.now();
        for entry in gateway.instances() {
            let instance = Arc::clone(&entry.state().instance);
            let unopened =
                instance.connection != ConnectionState::Open && instance.owner_jid.is_none();
            if unopened && now.since(instance.created_at) >= age {
                info!(instance = %instance.name, "deleting {}, which was never opened", instance.name);
                if let Err(error) = gateway.delete(&entry).await {
                    warn!(instance = %instance.name, "cannot delete an unopened instance: {error}");
                }
            }
        }
    }
}

impl SinkCounters {
    /// Delivered, parked, dead and attempts, for the metrics.
    #[must_use]
    pub fn read(&self) -> [u64; 4] {
        [&self.delivered, &self.parked, &self.dead, &self.attempts]
            .map(|counter| counter.load(Ordering::Relaxed))
    }
}
