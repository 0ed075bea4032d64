//! All durable sinks, one per transport, each at its own pace.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use pombo_domain::event::Seq;
use pombo_domain::id::InstanceId;
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_store::StoreError;

use super::durable::DurableSink;
use crate::gateway::Gateway;

/// The durable sinks by transport. Transports that are not part of this program have none; their subscriptions are stored.
pub(crate) struct Sinks(BTreeMap<TransportKind, Arc<DurableSink>>);

impl Sinks {
    pub(crate) fn new(sinks: impl IntoIterator<Item = (TransportKind, Arc<DurableSink>)>) -> Self {
        Self(sinks.into_iter().collect())
    }

    pub(crate) fn get(&self, transport: TransportKind) -> Option<&Arc<DurableSink>> {
        self.0.get(&transport)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<DurableSink>> {
        self.0.values()
    }

    /// Takes up the stored lines of every sink and starts working.
    pub(crate) async fn start(
        &self,
        gateway: &Weak<Gateway>,
        subscriptions: &[Arc<Subscription>],
        global: &BTreeMap<TransportKind, Arc<Subscription>>,
    ) -> Result<(), StoreError> {
        for (transport, sink) in &self.0 {
            let own = subscriptions
                .iter()
                .filter(|subscription| subscription.transport == *transport);
            sink.start(
                Weak::clone(gateway),
                own.cloned().collect(),
                global.get(transport).cloned(),
            )
            .await?;
        }
        Ok(())
    }

    /// The instance is deleted: its lines end when everything up to `last` is settled.
    pub(crate) fn retire(&self, instance: &InstanceId, last: Seq) {
        self.all().for_each(|sink| sink.retire(instance, last));
    }

    /// The oldest place that some line still needs; `head` when none does.
    pub(crate) fn needed_after(&self, head: Seq) -> Seq {
        self.all()
            .map(|sink| sink.needed_after())
            .min()
            .unwrap_or(head)
    }

    pub(crate) async fn leave_behind(&self, place: Seq) -> Result<(), StoreError> {
        for sink in self.all() {
            sink.leave_behind(place).await?;
        }
        Ok(())
    }

    pub(crate) fn note_idle_lines(&self) {
        self.all().for_each(|sink| sink.note_idle_lines());
    }

    pub(crate) async fn close(&self, patience: Duration) {
        futures_util::future::join_all(self.all().map(|sink| sink.close(patience))).await;
    }
}
