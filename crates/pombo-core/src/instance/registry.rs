//! Every instance in memory, with all that is looked up per request or per event.
//!
//! The database is the truth; this is its copy, changed only after a commit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::Instance;
use pombo_domain::port::Channel;
use pombo_domain::proxy::ProxyRow;
use pombo_domain::settings::SettingsRow;
use pombo_domain::subscription::{Subscription, TransportKind};
use tokio::sync::Mutex;

use crate::auth::{KeyHash, hash};
use crate::outbound::Pacer;

/// One consistent picture of an instance.
#[derive(Debug, Clone)]
pub struct InstanceState {
    /// The stored row.
    pub instance: Arc<Instance>,
    /// Its settings, once stored.
    pub settings: Option<SettingsRow>,
    /// Its proxy, once stored.
    pub proxy: Option<ProxyRow>,
    /// Its subscriptions, by transport.
    pub subscriptions: BTreeMap<TransportKind, Arc<Subscription>>,
}

/// An instance in memory.
pub struct Entry {
    state: ArcSwap<InstanceState>,
    pub(crate) channel: Option<Arc<dyn Channel>>,
    /// Held while the instance changes, so that the database and this copy change in the same order.
    pub(crate) change: Mutex<()>,
    /// Hands out turns to send, when the settings want a pace.
    pub(crate) pacer: Pacer,
}

impl Entry {
    pub(crate) fn new(state: InstanceState, channel: Option<Arc<dyn Channel>>) -> Arc<Self> {
        Arc::new(Self {
            state: ArcSwap::from_pointee(state),
            channel,
            change: Mutex::new(()),
            pacer: Pacer::default(),
        })
    }

    /// The instance as it is now.
    #[must_use]
    pub fn state(&self) -> Arc<InstanceState> {
        self.state.load_full()
    }

    /// Replaces the picture; the caller holds `change`.
    pub(crate) fn update(&self, edit: impl FnOnce(&mut InstanceState)) {
        let mut state = InstanceState::clone(&self.state.load());
        edit(&mut state);
        self.state.store(Arc::new(state));
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Entry")
            .field(&self.state.load().instance)
            .finish()
    }
}

#[derive(Default)]
struct Maps {
    by_name: HashMap<String, Arc<Entry>>,
    by_id: HashMap<InstanceId, Arc<Entry>>,
    by_number: HashMap<String, Vec<Arc<Entry>>>,
    by_token: HashMap<KeyHash, Vec<InstanceId>>,
}

/// All instances, found by name, id, number or token.
#[derive(Default)]
pub(crate) struct Registry {
    maps: RwLock<Maps>,
}

impl Registry {
    pub(crate) fn insert(&self, entry: Arc<Entry>) {
        let instance = Arc::clone(&entry.state().instance);
        let mut maps = self.maps.write().unwrap_or_else(PoisonError::into_inner);
        maps.by_token
            .entry(hash(&instance.token))
            .or_default()
            .push(instance.id.clone());
        if let Some(number) = &instance.number {
            maps.by_number
                .entry(number.clone())
                .or_default()
                .push(Arc::clone(&entry));
        }
        maps.by_name
            .insert(instance.name.as_str().to_owned(), Arc::clone(&entry));
        maps.by_id.insert(instance.id.clone(), entry);
    }

    pub(crate) fn remove(&self, entry: &Entry) {
        let instance = Arc::clone(&entry.state().instance);
        let mut maps = self.maps.write().unwrap_or_else(PoisonError::into_inner);
        maps.by_id.remove(&instance.id);
        if maps
            .by_name
            .get(instance.name.as_str())
            .is_some_and(|found| found.state().instance.id == instance.id)
        {
            maps.by_name.remove(instance.name.as_str());
        }
        let token = hash(&instance.token);
        if let Some(ids) = maps.by_token.get_mut(&token) {
            ids.retain(|id| *id != instance.id);
            if ids.is_empty() {
                maps.by_token.remove(&token);
            }
        }
        if let Some(number) = &instance.number
            && let Some(entries) = maps.by_number.get_mut(number)
        {
            entries.retain(|found| found.state().instance.id != instance.id);
            if entries.is_empty() {
                maps.by_number.remove(number);
            }
        }
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<Entry>> {
        self.read().by_name.get(name).cloned()
    }

    pub(crate) fn by_id(&self, id: &InstanceId) -> Option<Arc<Entry>> {
        self.read().by_id.get(id).cloned()
    }

    pub(crate) fn by_number(&self, number: &str) -> Vec<Arc<Entry>> {
        self.read()
            .by_number
            .get(number)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) fn ids_of_token(&self, token: &KeyHash) -> Vec<InstanceId> {
        self.read().by_token.get(token).cloned().unwrap_or_default()
    }

    /// Oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> = self.read().by_id.values().cloned().collect();
        entries.sort_by_cached_key(|entry| {
            let instance = &entry.state().instance;
            (instance.created_at, instance.name.clone())
        });
        entries
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Maps> {
        self.maps.read().unwrap_or_else(PoisonError::into_inner)
    }
}
