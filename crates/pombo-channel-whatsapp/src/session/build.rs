//! Building a client, and ending it.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use pombo_domain::port::AuthStore;
use pombo_domain::settings::Settings;
use tokio::task::JoinHandle;
use tracing::debug;
use wacore::store::DevicePropsOverride;
use wacore::store::traits::{Backend, DeviceStore as _};
use waproto::whatsapp::device_props::PlatformType;
use whatsapp_rust::store::commands::DeviceCommand;
use whatsapp_rust::store::persistence_manager::PersistenceManager;
use whatsapp_rust::types::events::Subscription;
use whatsapp_rust::{CacheConfig, CacheEntryConfig, Client, RawNodeLease, TokioRuntime};

use super::hook::StoreFirst;
use super::lease::Lease;
use super::queue::{Outlet, queue};
use super::recovery::Recovery;
use crate::auth_state::StoreBackend;
use crate::channel::WhatsappChannel;
use crate::config::WhatsappConfig;
use crate::http::MediaHttp;
use crate::transport::Dialer;

/// How long a client may take to write down what it holds and say goodbye.
const FAREWELL: Duration = Duration::from_secs(4);
/// How often a client writes down what changed, besides when it matters.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// One client with what belongs to it.
pub(crate) struct Session {
    pub(crate) client: Arc<Client>,
    pub(crate) events: Outlet,
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) running: Running,
    /// What the client keeps, some of it not durable yet.
    storage: Arc<StoreBackend>,
    lease: Arc<Lease>,
    recovery: Recovery,
    /// The library tells us as long as this is there.
    _listening: Subscription,
    /// The library shows us stanzas as long as this is there; the queue takes those of calls only.
    _stanzas: RawNodeLease,
}

impl Session {
    /// A client that is not connected yet.
    pub(crate) async fn build(channel: &Arc<WhatsappChannel>) -> Result<Self, ChannelError> {
        let shared = &channel.shared;
        let lease = Lease::new(Arc::clone(&channel.opening.auth));
        let storage = Arc::new(StoreBackend::new(Arc::clone(&lease) as Arc<dyn AuthStore>));
        let manager = PersistenceManager::new(Arc::clone(&storage) as Arc<dyn Backend>)
            .await
            .map_err(|error| {
                ChannelError::Failed(format!("credentials cannot be read: {error}"))
            })?;
        let manager = Arc::new(manager);
        storage.load_missing().await.map_err(|error| {
            ChannelError::Failed(format!("what is missing cannot be read: {error}"))
        })?;
        manager
            .process_command(DeviceCommand::SetDeviceProps(device_props(
                &shared.config,
                &channel.settings(),
            )))
            .await;

        let route = channel.route()?;
        let (inlet, events, gate) = queue(channel.acks.clone(), Arc::clone(&storage));
        let dialer = Arc::new(Dialer::new(
            shared.target.clone(),
            route.clone(),
            Arc::clone(&shared.tls),
            gate,
            Arc::clone(&storage),
        ));
        let http = MediaHttp::new(shared.target.clone(), route.as_ref())?;
        let client = Client::builder()
            .with_runtime(TokioRuntime)
            .with_persistence_manager(manager)
            .with_transport_factory_arc(
                Arc::clone(&dialer) as Arc<dyn whatsapp_rust::transport::TransportFactory>
            )
            .with_http_client(http)
            .with_version_override(shared.versions.current().await)
            .with_cache_config(caches())
            .with_inbound_durability_hook(StoreFirst(channel.handle()))
            .with_background_saver_interval(SAVE_EVERY)
            .build()
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))?
            .into_client();
        // We decide about reconnecting: `super::life`.
        client
            .enable_auto_reconnect
            .store(false, std::sync::atomic::Ordering::Relaxed);
        let listening = client.subscribe_handler(inlet);
        let stanzas = client.acquire_raw_node_forwarding();
        let recovery = Recovery::start(&storage, &client);
        Ok(Self {
            client,
            events,
            dialer,
            running: Running::default(),
            storage,
            lease,
            recovery,
            _listening: listening,
            _stanzas: stanzas,
        })
    }

    /// Whether it has credentials to log in with.
    pub(crate) fn is_linked(&self) -> bool {
        self.client.pn().is_some()
    }

    /// The connection is open.
    pub(crate) fn opened(&self) {
        self.recovery.opened();
    }

    /// Lets the client make one connection and keep it until it ends.
    pub(crate) fn start(&mut self) {
        let client = Arc::clone(&self.client);
        self.running = Running(Some(tokio::spawn(async move { client.run().await })));
    }

    /// Ends the client: it writes down what it holds, closes its connection, and loses its credentials for good.
    pub(crate) async fn end(&mut self) {
        // In this order: what is being received when we come is stored or left to the network, never half of each.
        let farewell = tokio::time::timeout(FAREWELL, async {
            self.client.disconnect().await;
            self.running.ended().await;
            if let Err(error) = self.storage.flush().await {
                debug!("the last that a client kept is lost: {error}");
            }
        });
        if farewell.await.is_err() {
            debug!("a client did not end in time");
            self.client.signal_shutdown_sync();
        }
        self.lease.take_back().await;
    }
}

impl Drop for Session {
    /// For a session that was not ended in time.
    fn drop(&mut self) {
        self.client.signal_shutdown_sync();
        self.lease.revoke();
    }
}

/// The client's work on its connection.
#[derive(Default)]
pub(crate) struct Running(Option<JoinHandle<()>>);

impl Running {
    /// Returns when there is none any more. Cancel-safe.
    pub(crate) async fn ended(&mut self) {
        if let Some(task) = &mut self.0 {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!("the WhatsApp library panicked");
            }
            self.0 = None;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Whether an instance has credentials to log in with.
pub(crate) async fn is_linked(channel: &WhatsappChannel) -> bool {
    let storage = StoreBackend::new(Arc::clone(&channel.opening.auth));
    match storage.load().await {
        Ok(device) => device.is_some_and(|device| device.pn.is_some()),
        Err(error) => {
            debug!("credentials cannot be read: {error}");
            false
        }
    }
}

/// How we show ourselves in the phone's list of linked devices.
fn device_props(config: &WhatsappConfig, settings: &Settings) -> DevicePropsOverride {
    DevicePropsOverride::new()
        .with_os(config.client.clone())
        .with_platform_type(platform(&config.browser))
        .with_require_full_sync(settings.sync_full_history)
}

fn platform(browser: &str) -> PlatformType {
    match browser.trim().to_ascii_lowercase().as_str() {
        "firefox" => PlatformType::FIREFOX,
        "edge" => PlatformType::EDGE,
        "safari" => PlatformType::SAFARI,
        "opera" => PlatformType::OPERA,
        "desktop" => PlatformType::DESKTOP,
        _ => PlatformType::CHROME,
    }
}

/// Smaller than the library's: a thousand accounts live in one process, and what is not here is in the store.
fn caches() -> CacheConfig {
    let hour = Some(Duration::from_secs(3600));
    let minutes = Some(Duration::from_secs(300));
    CacheConfig {
        group_cache: CacheEntryConfig::new(hour, 64),
        device_registry_cache: CacheEntryConfig::new(hour, 512),
        message_retry_counts: CacheEntryConfig::new(hour, 256),
        undecryptable_dispatched: CacheEntryConfig::new(minutes, 256),
        sender_key_devices_cache: CacheEntryConfig::new(hour, 64),
        session_recreate_history: CacheEntryConfig::new(hour, 128),
        session_locks_capacity: 2048,
        chat_lanes_capacity: 1024,
        group_distribution_locks_capacity: 64,
        resend_rate_limiter_capacity: 512,
        ..CacheConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_browser_is_chrome() {
        assert_eq!(platform("Firefox "), PlatformType::FIREFOX);
        assert_eq!(platform("Netscape"), PlatformType::CHROME);
    }
}
