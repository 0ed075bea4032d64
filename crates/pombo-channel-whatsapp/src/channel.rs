//! One instance's way to WhatsApp.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::instance::ConnectionState;
use pombo_domain::message::{Outgoing, SendAction};
use pombo_domain::port::{Calls, Channel, ChannelOpening, Directory, Profiles};
use whatsapp_rust::Client;

use crate::config::WhatsappConfig;

/// One instance's way to WhatsApp.
pub struct WhatsappChannel {
    pub(crate) config: Arc<WhatsappConfig>,
    pub(crate) opening: ChannelOpening,
    live: Mutex<Live>,
    me: Weak<Self>,
}

/// What changes while the channel lives.
struct Live {
    state: ConnectionState,
    client: Option<Arc<Client>>,
}

impl WhatsappChannel {
    pub(crate) fn open(config: Arc<WhatsappConfig>, opening: ChannelOpening) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            config,
            opening,
            live: Mutex::new(Live {
                state: ConnectionState::Close,
                client: None,
            }),
            me: Weak::clone(me),
        })
    }

    /// The connected client.
    ///
    /// # Errors
    /// `NotConnected`.
    pub(crate) fn client(&self) -> Result<Arc<Client>, ChannelError> {
        let live = self.live();
        match (&live.client, live.state) {
            (Some(client), ConnectionState::Open) => Ok(Arc::clone(client)),
            _ => Err(ChannelError::NotConnected),
        }
    }

    /// The channel itself, for work that outlives a call.
    pub(crate) fn handle(&self) -> Weak<Self> {
        Weak::clone(&self.me)
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Channel for WhatsappChannel {
    fn supports(&self, action: SendAction) -> bool {
        crate::outgoing::supports(action)
    }

    async fn send(
        &self,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        let client = self.client()?;
        self.send_with(&client, id, remote_jid, message).await
    }

    fn wants_resolved(&self) -> bool {
        true
    }

    fn has_connection(&self) -> bool {
        true
    }

    fn state(&self) -> ConnectionState {
        self.live().state
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self)
    }

    fn profiles(&self) -> Option<&dyn Profiles> {
        Some(self)
    }

    fn calls(&self) -> Option<&dyn Calls> {
        Some(self)
    }
}
