//! Changing what belongs to an instance. Every change is stored before the answer and takes effect at once.

use std::sync::Arc;

use pombo_domain::instance::ChannelKind;
use pombo_domain::proxy::{Proxy, ProxyRow};
use pombo_domain::settings::{Pacing, Settings, SettingsRow};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use pombo_store::{StoreError, cursor, proxy, settings, subscription};
use serde_json::{Map, Value};

use super::registry::Entry;
use crate::gateway::Gateway;

/// New settings; the two texts stay as they are when absent.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are six switches of the contract"
)]
pub struct SettingsChange {
    /// See [`Settings`].
    pub reject_call: bool,
    /// See [`Settings`]; `None` keeps it.
    pub msg_call: Option<String>,
    /// See [`Settings`].
    pub groups_ignore: bool,
    /// See [`Settings`].
    pub always_online: bool,
    /// See [`Settings`].
    pub read_messages: bool,
    /// See [`Settings`].
    pub read_status: bool,
    /// See [`Settings`].
    pub sync_full_history: bool,
    /// See [`Settings`]; `None` keeps it.
    pub wavoip_token: Option<String>,
    /// See [`Settings`]; `None` keeps it, `Some(None)` takes it away.
    pub pacing: Option<Option<Pacing>>,
}

/// A new subscription, or a change of one.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionChange {
    /// Switched on.
    pub enabled: bool,
    /// Subscription names. `None` keeps the list (all events when there is none yet); an empty list means all when
    /// switched on, and keeps the list when switched off.
    pub events: Option<Vec<String>>,
    /// Options to store over the present ones; a `null` removes one.
    pub options: Map<String, Value>,
}

/// What webhooks are signed with: the present secret, and the one before it while receivers change over.
const SECRETS: [&str; 2] = ["secret", "previousSecret"];

/// What is to be stored when `change` is applied to `previous`.
pub(crate) fn merge(
    transport: TransportKind,
    previous: Option<&Subscription>,
    change: &SubscriptionChange,
) -> (EventList, Map<String, Value>) {
    let named = change.events.as_ref().filter(|names| !names.is_empty());
    let asked_for_all = change.enabled && change.events.as_ref().is_some_and(Vec::is_empty);
    let events = match (named, previous) {
        (Some(names), _) => EventList::new(names.iter().cloned()),
        (None, Some(previous)) if !asked_for_all && !previous.events.names().is_empty() => {
            previous.events.clone()
        }
        (None, _) if change.enabled => EventList::all(),
        (None, _) => EventList::default(),
    };
    let mut options = previous
        .map(|previous| previous.options.clone())
        .unwrap_or_default();
    let signed = transport == TransportKind::Webhook;
    let old_secret = options.get("secret").cloned();
    for (name, value) in &change.options {
        // An empty secret is none, and without one there is nothing to change over from.
        let removes = value.is_null()
            || (signed && SECRETS.contains(&name.as_str()) && value.as_str() == Some(""));
        if removes && signed && name == "secret" {
            options.remove("previousSecret");
        }
        if removes {
            options.remove(name);
        } else {
            options.insert(name.clone(), value.clone());
        }
    }
    // A new signing secret keeps the old one valid beside it, so that receivers can change over without a gap.
    let rotated = signed
        && old_secret.is_some()
        && options
            .get("secret")
            .is_some_and(|new| old_secret.as_ref() != Some(new));
    if rotated && !change.options.contains_key("previousSecret") {
        options.insert("previousSecret".to_owned(), old_secret.unwrap_or_default());
    }
    (events, options)
}

impl Gateway {
    /// Stores new settings.
    ///
    /// # Errors
    /// When the store does not take them; then nothing has changed.
    pub async fn set_settings(
        &self,
        entry: &Arc<Entry>,
        change: SettingsChange,
    ) -> Result<SettingsRow, StoreError> {
        let changing = entry.change.lock().await;
        let state = entry.state();
        let previous = state
            .settings
            .as_ref()
            .map(|row| row.settings.clone())
            .unwrap_or_default();
        let new = Arc::new(Settings {
            reject_call: change.reject_call,
            msg_call: change.msg_call.unwrap_or(previous.msg_call),
            groups_ignore: change.groups_ignore,
            always_online: change.always_online,
            read_messages: change.read_messages,
            read_status: change.read_status,
            sync_full_history: change.sync_full_history,
            wavoip_token: change.wavoip_token.unwrap_or(previous.wavoip_token),
            pacing: change.pacing.unwrap_or(previous.pacing),
        });
        let (id, now) = (state.instance.id.clone(), self.now());
        let row = self
            .store
            .write(move |tx| {
                let (id, new) = (id.clone(), Arc::clone(&new));
                Box::pin(async move { settings::upsert(tx, &id, &new, now).await })
            })
            .await?;
        entry.update(|state| state.settings = Some(row.clone()));
        // A channel may have something to tell, and that changes the instance too.
        drop(changing);
        if let Some(channel) = &entry.channel {
            channel.settings_changed(&row.settings).await;
        }
        Ok(row)
    }

    /// Whether a proxy is there, is one, and takes the login: what the channel of this kind says of it.
    ///
    /// # Errors
    /// [`ChannelError`](pombo_domain::channel::ChannelError) says what is wrong with it.
    pub async fn try_proxy(
        &self,
        kind: ChannelKind,
        proxy: &Proxy,
    ) -> Result<(), pombo_domain::channel::ChannelError> {
        match self.channels.get(&kind) {
            Some(factory) => factory.try_proxy(proxy).await,
            None => Ok(()),
        }
    }

    /// Stores a proxy; the channel connects anew through it.
    ///
    /// # Errors
    /// When the store does not take it; then nothing has changed.
    pub async fn set_proxy(&self, entry: &Arc<Entry>, new: Proxy) -> Result<ProxyRow, StoreError> {
        let changing = entry.change.lock().await;
        let (id, now, new) = (entry.state().instance.id.clone(), self.now(), Arc::new(new));
        let row = self
            .store
            .write(move |tx| {
                let (id, new) = (id.clone(), Arc::clone(&new));
                Box::pin(async move { proxy::upsert(tx, &id, &new, now).await })
            })
            .await?;
        entry.update(|state| state.proxy = Some(row.clone()));
        drop(changing);
        if let Some(channel) = &entry.channel {
            channel.proxy_changed(Some(&row.proxy)).await;
        }
        Ok(row)
    }

    /// Stores a subscription. Events that happen after the answer follow it; those that happened before follow the old one
    /// as far as they have been delivered.
    ///
    /// # Errors
    /// When the store does not take it; then nothing has changed.
    pub async fn set_subscription(
        &self,
        entry: &Arc<Entry>,
        transport: TransportKind,
        change: SubscriptionChange,
    ) -> Result<Arc<Subscription>, StoreError> {
        let _changing = entry.change.lock().await;
        self.store_subscription(entry, transport, change).await
    }

    /// Pauses or resumes the line of a durable transport: while it is paused, everything waits. `None` when there is no
    /// subscription.
    ///
    /// # Errors
    /// When the store does not take it; then nothing has changed.
    pub async fn set_paused(
        &self,
        entry: &Arc<Entry>,
        transport: TransportKind,
        paused: bool,
    ) -> Result<Option<Arc<Subscription>>, StoreError> {
        let _changing = entry.change.lock().await;
        let Some(stored) = entry.state().subscriptions.get(&transport).cloned() else {
            return Ok(None);
        };
        let value = if paused {
            Value::Bool(true)
        } else {
            Value::Null
        };
        let change = SubscriptionChange {
            enabled: stored.enabled,
            events: None,
            options: Map::from_iter([("paused".to_owned(), value)]),
        };
        self.store_subscription(entry, transport, change)
            .await
            .map(Some)
    }

    /// To be called while the instance is being changed by nobody else.
    async fn store_subscription(
        &self,
        entry: &Arc<Entry>,
        transport: TransportKind,
        change: SubscriptionChange,
    ) -> Result<Arc<Subscription>, StoreError> {
        let state = entry.state();
        let (events, options) = merge(
            transport,
            state.subscriptions.get(&transport).map(AsRef::as_ref),
            &change,
        );
        let (id, now) = (state.instance.id.clone(), self.now());
        let plan = Arc::new((id.clone(), change.enabled, events, options));
        let sink = self.sinks.get(transport).cloned();
        let line = sink.clone();
        let (row, start) = self
            .store
            .write(move |tx| {
                let plan = Arc::clone(&plan);
                // A line that has nothing waiting starts anew here: what it did not want before stays unsent.
                let start = line.as_ref().and_then(|line| line.idle_position(&plan.0));
                Box::pin(async move {
                    let (id, enabled, events, options) = &*plan;
                    let row =
                        subscription::upsert(tx, id, transport, *enabled, events, options, now)
                            .await?;
                    if let Some(start) = start {
                        cursor::set(tx, transport.as_str(), Some(id), start).await?;
                    }
                    Ok((Arc::new(row), start))
                })
            })
            .await?;
        entry.update(|state| {
            state.subscriptions.insert(transport, Arc::clone(&row));
        });
        if let Some(sink) = sink {
            sink.subscribe(&row, start.unwrap_or_else(|| self.bus.head()));
        }
        Ok(row)
    }

    /// Switches a subscription off because its receiver is gone for good.
    pub(crate) async fn switch_off(&self, subscription: &Subscription) -> Result<(), StoreError> {
        let Some(entry) = self.registry.by_id(&subscription.instance_id) else {
            return Ok(());
        };
        let change = SubscriptionChange {
            enabled: false,
            events: None,
            options: Map::new(),
        };
        self.set_subscription(&entry, subscription.transport, change)
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pombo_domain::clock::Timestamp;
    use pombo_domain::id::RowId;
    use serde_json::json;

    fn stored(events: &[&str], options: Value) -> Subscription {
        Subscription {
            id: RowId::new(Timestamp::default()),
            instance_id: "i".into(),
            transport: TransportKind::Webhook,
            enabled: true,
            events: EventList::new(events.iter().map(|name| (*name).to_owned())),
            options: options.as_object().cloned().unwrap_or_default(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            retired_at_seq: None,
        }
    }

    fn change(enabled: bool, events: Option<&[&str]>, options: Value) -> SubscriptionChange {
        SubscriptionChange {
            enabled,
            events: events.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            options: options.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn no_list_means_all_at_first_and_the_same_list_later() {
        assert_eq!(
            merge(TransportKind::Webhook, None, &change(true, None, json!({})))
                .0
                .names()
                .len(),
            31
        );
        assert_eq!(
            merge(
                TransportKind::Webhook,
                None,
                &change(true, Some(&[]), json!({}))
            )
            .0
            .names()
            .len(),
            31
        );
        assert_eq!(
            merge(
                TransportKind::Webhook,
                None,
                &change(false, None, json!({}))
            )
            .0
            .names()
            .len(),
            0
        );
        let previous = stored(&["CALL"], json!({}));
        assert_eq!(
            merge(
                TransportKind::Webhook,
                Some(&previous),
                &change(true, None, json!({}))
            )
            .0
            .names(),
            ["CALL"]
        );
        assert_eq!(
            merge(
                TransportKind::Webhook,
                Some(&previous),
                &change(true, Some(&[]), json!({}))
            )
            .0
            .names()
            .len(),
            31
        );
    }

    #[test]
    fn switching_off_keeps_the_selection() {
        let previous = stored(&["CALL"], json!({}));
        assert_eq!(
            merge(
                TransportKind::Webhook,
                Some(&previous),
                &change(false, Some(&[]), json!({}))
            )
            .0
            .names(),
            ["CALL"]
        );
    }

    #[test]
    fn no_secret_is_no_signature_at_all() {
        let previous = stored(
            &["CALL"],
            json!({"secret": "b", "previousSecret": "a", "url": "http://x"}),
        );
        for none in [json!({"secret": ""}), json!({"secret": null})] {
            let (_, options) = merge(
                TransportKind::Webhook,
                Some(&previous),
                &change(true, None, none),
            );
            assert_eq!(Value::Object(options), json!({"url": "http://x"}));
        }
    }

    #[test]
    fn a_new_secret_keeps_the_old_one_beside_it() {
        let previous = stored(&["CALL"], json!({"secret": "a", "url": "http://x"}));
        let (_, options) = merge(
            TransportKind::Webhook,
            Some(&previous),
            &change(true, None, json!({"secret": "b"})),
        );
        assert_eq!(
            Value::Object(options),
            json!({"secret": "b", "url": "http://x", "previousSecret": "a"})
        );
        let (_, options) = merge(
            TransportKind::Webhook,
            Some(&previous),
            &change(true, None, json!({"secret": null})),
        );
        assert_eq!(Value::Object(options), json!({"url": "http://x"}));
    }
}
