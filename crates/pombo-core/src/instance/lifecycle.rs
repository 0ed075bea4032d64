//! Connecting, restarting, logging out and deleting an instance.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::not_available;
use pombo_domain::event::EventKind;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_store::{StoreError, instance, subscription};
use serde_json::{Value, json};
use tracing::info;

use super::registry::Entry;
use crate::bus::new_event;
use crate::gateway::Gateway;

/// How long a deletion waits until connected clients were told.
const FAREWELL: Duration = Duration::from_secs(2);

/// What `connect` and `restart` report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Connected.
    Open,
    /// Waiting for a scan or a pairing code.
    Qr(QrCode),
}

/// What a person needs for linking the account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QrCode {
    /// Eight characters to type on the phone; only when a number was given.
    pub pairing_code: Option<String>,
    /// The QR code's text.
    pub code: Option<String>,
    /// The QR code as a PNG data URL.
    pub base64: Option<String>,
    /// How many codes there have been.
    pub count: u32,
}

/// Why an instance is not being connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The channel is not part of this build.
    #[error("{}", not_available(*.0))]
    NotAvailable(ChannelKind),
    /// The new state could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an instance was not logged out.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// It was not connected.
    #[error("The \"{0}\" instance is not connected")]
    NotConnected(InstanceName),
    /// The new state could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Connects the instance, or reports that it is connected.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        &self,
        entry: &Arc<Entry>,
        _number: Option<&str>,
    ) -> Result<Connection, ConnectError> {
        let channel = entry.state().instance.channel;
        match channel {
            ChannelKind::Whatsapp => Err(ConnectError::NotAvailable(channel)),
            ChannelKind::Cloud | ChannelKind::Evolution => {
                self.set_connection(entry, ConnectionState::Open).await?;
                Ok(Connection::Open)
            }
        }
    }

    /// Connects the instance anew.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn restart(&self, entry: &Arc<Entry>) -> Result<Connection, ConnectError> {
        self.connect(entry, None).await
    }

    /// Ends the instance's connection; its data stay.
    ///
    /// # Errors
    /// [`LogoutError`].
    pub async fn logout(&self, entry: &Arc<Entry>) -> Result<(), LogoutError> {
        let instance = Arc::clone(&entry.state().instance);
        if instance.connection == ConnectionState::Close {
            return Err(LogoutError::NotConnected(instance.name.clone()));
        }
        self.set_connection(entry, ConnectionState::Close).await?;
        Ok(())
    }

    /// Deletes the instance with everything that belongs to it. Connected clients are told and disconnected; events that
    /// wait for a webhook still go out.
    ///
    /// # Errors
    /// When the store does not take it; then nothing has changed.
    pub async fn delete(&self, entry: &Arc<Entry>) -> Result<(), StoreError> {
        let _changing = entry.change.lock().await;
        let instance = Arc::clone(&entry.state().instance);
        if self.registry.by_id(&instance.id).is_none() {
            return Ok(());
        }
        let now = self.now();
        let deleted = new_event(
            &instance,
            EventKind::InstanceDelete,
            now,
            &json!({"instanceName": instance.name, "instanceId": instance.id}),
        );
        let removed = new_event(&instance, EventKind::RemoveInstance, now, &Value::Null);
        let id = instance.id.clone();
        // Only durable sinks still have something to deliver after the deletion.
        let unneeded: Vec<_> = entry
            .state()
            .subscriptions
            .values()
            .filter(|subscription| self.sinks.get(subscription.transport).is_none())
            .map(|subscription| subscription.id.clone())
            .collect();
        let unneeded = Arc::new(unneeded);
        let last = self
            .store
            .write(move |tx| {
                let (id, deleted, removed) = (id.clone(), deleted.clone(), removed.clone());
                let unneeded = Arc::clone(&unneeded);
                Box::pin(async move {
                    for subscription in &*unneeded {
                        subscription::delete(tx, subscription).await?;
                    }
                    tx.append_event(deleted);
                    tx.append_event(removed);
                    let last = tx.flush_events().await?.unwrap_or_default();
                    subscription::retire(tx, &id, last).await?;
                    instance::delete(tx, &id).await?;
                    Ok(last)
                })
            })
            .await?;
        self.sinks.retire(&instance.id, last);
        // Clients hear `remove.instance` before their sockets go; the key opens nothing any more when they are asked to go;
        // the name is free again when this returns.
        self.bus.live_reached(last, FAREWELL).await;
        let _moving = self.population.lock().await;
        self.registry.remove(entry);
        for live in &*self.live {
            live.instance_removed(&instance.reference()).await;
        }
        info!(instance = %instance.name, "deleted instance {}", instance.name);
        Ok(())
    }

    async fn set_connection(
        &self,
        entry: &Arc<Entry>,
        connection: ConnectionState,
    ) -> Result<(), StoreError> {
        let _changing = entry.change.lock().await;
        let instance = Arc::clone(&entry.state().instance);
        if instance.connection == connection {
            return Ok(());
        }
        let (id, now) = (instance.id.clone(), self.now());
        self.store
            .write(move |tx| {
                let id = id.clone();
                Box::pin(async move { instance::set_connection(tx, &id, connection, now).await })
            })
            .await?;
        entry.update(|state| {
            state.instance = Arc::new(Instance {
                connection,
                updated_at: now,
                ..Instance::clone(&instance)
            });
        });
        Ok(())
    }
}
