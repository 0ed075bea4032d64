//! Where one instance's channel brings what it saw.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use pombo_domain::channel::ChannelEvent;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::Instance;
use pombo_domain::port::{ChannelInbox, NotStored};

use crate::gateway::Gateway;

/// The way from a channel to the rules.
pub(crate) struct Inbox {
    gateway: Weak<Gateway>,
    instance: InstanceId,
}

impl Inbox {
    pub(crate) fn of(gateway: &Arc<Gateway>, instance: &Instance) -> Arc<Self> {
        Arc::new(Self {
            gateway: Arc::downgrade(gateway),
            instance: instance.id.clone(),
        })
    }
}

#[async_trait]
impl ChannelInbox for Inbox {
    async fn accept(&self, events: Vec<ChannelEvent>) -> Result<(), NotStored> {
        let gateway = self
            .gateway
            .upgrade()
            .ok_or_else(|| NotStored("the server is stopping".to_owned()))?;
        // Deleted: nobody is left to tell.
        let Some(entry) = gateway.registry.by_id(&self.instance) else {
            return Ok(());
        };
        gateway
            .accept_all(&entry, events)
            .await
            .map_err(|error| NotStored(error.to_string()))
    }
}
