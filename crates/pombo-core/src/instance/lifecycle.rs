//! Connecting, restarting, logging out and deleting an instance.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use pombo_domain::channel::{ChannelError, LinkingCode, PasskeyStep, PresenceState, not_available};
use pombo_domain::event::EventKind;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_domain::port::{Channel, Connecting};
use pombo_store::{StoreError, instance, subscription};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::{info, warn};

use super::registry::Entry;
use crate::bus::new_event;
use crate::gateway::Gateway;

/// How long a deletion waits until connected clients were told.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long `connect` may wait for a code.
const PATIENCE: Duration = Duration::from_secs(22);
/// Within this, `restart`, `logout` and the logout before a deletion end, whatever the network does.
const BOUND: Duration = Duration::from_secs(9);
/// Within this, connections are closed.
const CLOSE: Duration = Duration::from_secs(6);
/// How many instances are asked at the same time whether they can come back.
const RESUMED: usize = 32;

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
    /// A step of linking with a passkey, as `connection.update` has it.
    pub passkey: Option<Value>,
}

/// Why an instance is not being connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The channel is not part of this build.
    #[error("{}", not_available(*.0))]
    NotAvailable(ChannelKind),
    /// The channel cannot even try.
    #[error(transparent)]
    Channel(#[from] ChannelError),
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
    /// The channel did not come to an end.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The new state could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A step of linking with a passkey, as people see it.
pub(crate) fn shown_step(step: &PasskeyStep) -> Value {
    match step {
        PasskeyStep::Requested(options) => json!({"step": "requested", "options": options}),
        PasskeyStep::Confirmation(code) => json!({"step": "confirmation", "code": code}),
        PasskeyStep::Failed(message) => json!({"step": "failed", "message": message}),
    }
}

impl Gateway {
    /// Connects the instance, or reports that it is connected. Answers as soon as there is a code to link the account with.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        &self,
        entry: &Arc<Entry>,
        number: Option<&str>,
    ) -> Result<Connection, ConnectError> {
        self.connect_within(entry, number, PATIENCE).await
    }

    /// The same for somebody who does not wait as long.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect_within(
        &self,
        entry: &Arc<Entry>,
        number: Option<&str>,
        patience: Duration,
    ) -> Result<Connection, ConnectError> {
        let Some(channel) = connected(entry) else {
            return self.open_at_once(entry).await;
        };
        let digits: String = number
            .unwrap_or_default()
            .chars()
            .take_while(|character| *character != '@')
            .filter(char::is_ascii_digit)
            .collect();
        let number = (!digits.is_empty()).then_some(digits.as_str());
        match timeout(patience, channel.connect(number)).await {
            Ok(connecting) => Ok(self.connection(connecting?)),
            // On its way; whoever asks again gets the code.
            Err(_) => Ok(Connection::Qr(QrCode::default())),
        }
    }

    /// Connects the instance anew.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn restart(&self, entry: &Arc<Entry>) -> Result<Connection, ConnectError> {
        let Some(channel) = connected(entry) else {
            return self.open_at_once(entry).await;
        };
        match timeout(BOUND, channel.restart()).await {
            Ok(connecting) => Ok(self.connection(connecting?)),
            Err(_) => Err(timed_out().into()),
        }
    }

    async fn open_at_once(&self, entry: &Arc<Entry>) -> Result<Connection, ConnectError> {
        let channel = entry.state().instance.channel;
        match channel {
            ChannelKind::Whatsapp => Err(ConnectError::NotAvailable(channel)),
            ChannelKind::Cloud | ChannelKind::Evolution => {
                self.set_connection(entry, ConnectionState::Open).await?;
                Ok(Connection::Open)
            }
        }
    }

    fn connection(&self, connecting: Connecting) -> Connection {
        match connecting {
            Connecting::Open => Connection::Open,
            Connecting::Linking(code) => Connection::Qr(self.shown_code(code)),
        }
    }

    /// A code as people see it.
    pub(crate) fn shown_code(&self, code: LinkingCode) -> QrCode {
        let color = &self.config.qr_color;
        QrCode {
            base64: code
                .code
                .as_deref()
                .and_then(|code| pombo_media::qr_code(code, color)),
            pairing_code: code.pairing_code,
            code: code.code,
            count: code.count,
            passkey: code.passkey.as_ref().map(shown_step),
        }
    }

    /// Ends the instance's connection and unlinks the account; its data stay. Answers within ten seconds.
    ///
    /// # Errors
    /// [`LogoutError`].
    pub async fn logout(&self, entry: &Arc<Entry>) -> Result<(), LogoutError> {
        let instance = Arc::clone(&entry.state().instance);
        if instance.connection == ConnectionState::Close {
            return Err(LogoutError::NotConnected(instance.name.clone()));
        }
        match connected(entry) {
            Some(channel) => timeout(BOUND, channel.logout())
                .await
                .unwrap_or_else(|_| Err(timed_out()))?,
            None => self.set_connection(entry, ConnectionState::Close).await?,
        }
        Ok(())
    }

    /// Shows the account itself as online or not.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub async fn set_presence(
        &self,
        entry: &Arc<Entry>,
        state: PresenceState,
    ) -> Result<(), ChannelError> {
        let channel = connected(entry)
            .ok_or_else(|| ChannelError::NotAvailable(entry.state().instance.channel))?;
        timeout(BOUND, channel.set_presence(state))
            .await
            .unwrap_or_else(|_| Err(timed_out()))
    }

    /// Answers the network's question for a passkey, or, without an assertion, confirms that the codes are the same.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub async fn passkey(
        &self,
        entry: &Arc<Entry>,
        assertion: Option<&Value>,
    ) -> Result<(), ChannelError> {
        let channel = connected(entry)
            .ok_or_else(|| ChannelError::NotAvailable(entry.state().instance.channel))?;
        let answered = async {
            match assertion {
                Some(assertion) => channel.passkey(assertion).await,
                None => channel.confirm_passkey().await,
            }
        };
        timeout(PATIENCE, answered)
            .await
            .unwrap_or_else(|_| Err(timed_out()))
    }

    /// Connects what was connected when the server stopped. The channels pace themselves.
    pub(crate) async fn resume_channels(self: Arc<Self>) {
        let resumed = self.instances().into_iter().map(|entry| {
            let gateway = Arc::clone(&self);
            async move {
                let state = entry.state().instance.connection;
                let Some(channel) = connected(&entry) else {
                    return;
                };
                if state == ConnectionState::Close {
                    return;
                }
                channel.resume().await;
                // Its linking was interrupted, and nobody may be looking any more.
                if channel.state() == ConnectionState::Close
                    && let Err(error) = gateway.set_connection(&entry, ConnectionState::Close).await
                {
                    warn!("cannot note that an instance is closed: {error}");
                }
            }
        });
        futures_util::stream::iter(resumed)
            .buffer_unordered(RESUMED)
            .collect::<()>()
            .await;
    }

    /// Closes every connection; credentials and stored states stay, so that the next start brings them back.
    pub(crate) async fn close_channels(&self) {
        let entries = self.instances();
        let closing = entries
            .iter()
            .filter_map(|entry| entry.channel.as_ref())
            .map(|channel| channel.close());
        if timeout(CLOSE, futures_util::future::join_all(closing))
            .await
            .is_err()
        {
            warn!("some connections did not end in time");
        }
    }

    /// Deletes the instance with everything that belongs to it. Connected clients are told and disconnected; events that
    /// wait for a webhook still go out.
    ///
    /// # Errors
    /// When the store does not take it; then nothing has changed.
    pub async fn delete(&self, entry: &Arc<Entry>) -> Result<(), StoreError> {
        // Before anything is locked: a channel that ends has something to tell.
        if let Some(channel) = connected(entry) {
            if entry.state().instance.connection != ConnectionState::Close {
                match timeout(BOUND, channel.logout()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        warn!("deleting an instance that was not logged out: {error}")
                    }
                    Err(_) => warn!("deleting an instance whose logout did not end in time"),
                }
            }
            drop(timeout(CLOSE, channel.close()).await);
        }
        let deleted = self.delete_rows(entry).await;
        if deleted.is_err()
            && let Some(channel) = connected(entry)
        {
            channel.resume().await;
        }
        deleted
    }

    async fn delete_rows(&self, entry: &Arc<Entry>) -> Result<(), StoreError> {
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

/// The instance's channel when it has a connection of its own.
fn connected(entry: &Entry) -> Option<&Arc<dyn Channel>> {
    entry
        .channel
        .as_ref()
        .filter(|channel| channel.has_connection())
}

fn timed_out() -> ChannelError {
    ChannelError::TimedOut("the connection did not answer in time".to_owned())
}
