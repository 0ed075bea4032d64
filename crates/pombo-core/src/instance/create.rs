//! Creating an instance: all of it or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::event::EventKind;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_domain::proxy::Proxy;
use pombo_domain::settings::Settings;
use pombo_domain::subscription::TransportKind;
use pombo_store::{StoreError, cursor, instance, proxy, settings, subscription};
use serde_json::json;
use tracing::info;

use super::change::{SubscriptionChange, merge};
use super::registry::{Entry, InstanceState};
use crate::bus::new_event;
use crate::gateway::Gateway;

/// An instance as it is asked for.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Unique name.
    pub name: InstanceName,
    /// How it reaches WhatsApp.
    pub channel: ChannelKind,
    /// Its API key; made up when absent.
    pub token: Option<String>,
    /// Phone number, Meta phone number id, or the `numberId` of the HTTP channel.
    pub number: Option<String>,
    /// Meta business account id.
    pub business_id: Option<String>,
    /// Stored as given.
    pub owner_jid: Option<String>,
    /// Stored as given.
    pub profile_name: Option<String>,
    /// Stored as given.
    pub profile_pic_url: Option<String>,
    /// Its settings.
    pub settings: Settings,
    /// Its proxy.
    pub proxy: Option<Proxy>,
    /// Which events go where.
    pub subscriptions: Vec<(TransportKind, SubscriptionChange)>,
}

/// Why no instance was created; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Somebody has the name.
    #[error("This name \"{0}\" is already in use.")]
    NameTaken(InstanceName),
    /// The channel does not take it.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// It could not be stored.
    #[error("storing the instance failed")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Creates an instance with everything that belongs to it, and lets clients join it at once.
    ///
    /// # Errors
    /// [`CreateError`]; of two simultaneous calls with one name, one gets [`CreateError::NameTaken`].
    pub async fn create(self: &Arc<Self>, new: NewInstance) -> Result<Arc<Entry>, CreateError> {
        let now = self.now();
        if self.registry.by_name(new.name.as_str()).is_some() {
            return Err(CreateError::NameTaken(new.name));
        }
        let instance = Arc::new(Instance {
            id: InstanceId::random(),
            name: new.name,
            connection: match new.channel {
                ChannelKind::Whatsapp => ConnectionState::Close,
                ChannelKind::Cloud | ChannelKind::Evolution => ConnectionState::Open,
            },
            owner_jid: new.owner_jid,
            profile_name: new.profile_name,
            profile_pic_url: new.profile_pic_url,
            channel: new.channel,
            number: new.number,
            business_id: new.business_id,
            token: new
                .token
                .filter(|token| !token.is_empty())
                .unwrap_or_else(|| uuid::Uuid::new_v4().to_string().to_uppercase()),
            client_name: self.config.client_name.clone(),
            disconnection_reason_code: None,
            disconnection_object: None,
            disconnection_at: None,
            created_at: now,
            updated_at: now,
        });
        let channel = self
            .open_channel(&instance, new.settings.clone(), new.proxy.clone())
            .await?;
        let created = new_event(
            &instance,
            EventKind::InstanceCreate,
            now,
            &json!({"instanceName": instance.name, "instanceId": instance.id}),
        );

        let plan = Arc::new((
            Arc::clone(&instance),
            new.settings,
            new.proxy,
            new.subscriptions,
        ));
        let (bus, sinks) = (Arc::clone(&self.bus), Arc::clone(&self.sinks));
        let (state, start) = self
            .store
            .write(move |tx| {
                let (plan, created, start) = (Arc::clone(&plan), created.clone(), bus.head());
                let sinks = Arc::clone(&sinks);
                Box::pin(async move {
                    let (row, new_settings, new_proxy, changes) = &*plan;
                    instance::insert(tx, row).await?;
                    let settings = settings::upsert(tx, &row.id, new_settings, now).await?;
                    let proxy = match new_proxy {
                        Some(wanted) => Some(proxy::upsert(tx, &row.id, wanted, now).await?),
                        None => None,
                    };
                    let mut subscriptions = BTreeMap::new();
                    for (transport, change) in changes {
                        let (events, options) = merge(*transport, None, change);
                        let stored = subscription::upsert(
                            tx,
                            &row.id,
                            *transport,
                            change.enabled,
                            &events,
                            &options,
                            now,
                        )
                        .await?;
                        subscriptions.insert(*transport, Arc::new(stored));
                    }
                    for transport in subscriptions
                        .keys()
                        .filter(|kind| sinks.get(**kind).is_some())
                    {
                        cursor::set(tx, transport.as_str(), Some(&row.id), start).await?;
                    }
                    tx.append_event(created);
                    let state = InstanceState {
                        instance: Arc::clone(row),
                        settings: Some(settings),
                        proxy,
                        subscriptions,
                    };
                    Ok((state, start))
                })
            })
            .await
            .map_err(|error| match error {
                StoreError::Taken => CreateError::NameTaken(instance.name.clone()),
                other => CreateError::Store(other),
            })?;
        let entry = Entry::new(state, channel);
        // An instance of the same name that is just being deleted has left completely before this one comes in.
        let _moving = self.population.lock().await;
        self.registry.insert(Arc::clone(&entry));
        for live in &*self.live {
            live.instance_added(&instance.reference());
        }
        // After the registry knows it: an envelope may show the instance's key.
        for subscription in entry.state().subscriptions.values() {
            if let Some(sink) = self.sinks.get(subscription.transport) {
                sink.subscribe(subscription, start);
            }
        }
        info!(instance = %instance.name, channel = instance.channel.as_str(), "created instance {}", instance.name);
        Ok(entry)
    }
}
