//! How an instance reaches WhatsApp.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{
    AuthStore, Calls, ChannelInbox, Communities, Directory, Groups, MessageActions, Newsletters,
    Profiles, Protocol,
};
use crate::channel::{ChannelError, LinkingCode, PresenceState, SentMessage};
use crate::instance::{ChannelKind, ConnectionState, Instance};
use crate::message::{Outgoing, SendAction};
use crate::proxy::Proxy;
use crate::settings::Settings;

/// Opens channels of one kind.
#[async_trait]
pub trait ChannelFactory: Send + Sync {
    /// Which kind.
    fn kind(&self) -> ChannelKind;

    /// A channel for this instance. Does not wait for a connection, and does not connect by itself.
    ///
    /// # Errors
    /// When the instance lacks what the channel needs.
    async fn open(&self, opening: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError>;

    /// Whether a proxy is there, is one, and takes the login. What is behind it does not matter.
    ///
    /// # Errors
    /// `Invalid` says what is wrong with it.
    async fn try_proxy(&self, proxy: &Proxy) -> Result<(), ChannelError> {
        let _ = proxy;
        Ok(())
    }
}

/// What a channel gets when it is opened.
#[derive(Clone)]
pub struct ChannelOpening {
    /// Whose channel.
    pub instance: Arc<Instance>,
    /// Its settings at this moment; later ones come by [`Channel::settings_changed`].
    pub settings: Settings,
    /// Its proxy at this moment; later ones come by [`Channel::proxy_changed`].
    pub proxy: Option<Proxy>,
    /// Its credentials and keys.
    pub auth: Arc<dyn AuthStore>,
    /// Where what the channel sees goes.
    pub inbox: Arc<dyn ChannelInbox>,
}

/// What came of asking for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connecting {
    /// Connected.
    Open,
    /// On the way; with a code as soon as there is one.
    Linking(LinkingCode),
}

/// One instance's way to WhatsApp. Methods may take as long as the network does; the caller bounds them.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Whether the channel can do this at all.
    fn supports(&self, action: SendAction) -> bool;

    /// Sends a message under the id `id`, to the recipient `remote_jid`. Not retried by the caller.
    ///
    /// # Errors
    /// [`ChannelError`]; the message was certainly not sent unless the variant is `Failed` or `TimedOut`.
    async fn send(
        &self,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError>;

    /// Whether the rules should look a recipient up, fetch and prepare files, and find quoted messages before `send`
    /// (`Outgoing::resolved`).
    fn wants_resolved(&self) -> bool {
        false
    }

    /// Whether the channel has a connection of its own to open and lose. One that has none is always open.
    fn has_connection(&self) -> bool {
        false
    }

    /// The connection's state at this moment.
    fn state(&self) -> ConnectionState {
        ConnectionState::Open
    }

    /// Connects, and answers as soon as the connection is open, or there is a code to link the account with, or some
    /// seconds have passed. Asked again while linking it answers with the current code; with another `number` it begins anew.
    ///
    /// # Errors
    /// When it cannot even be tried.
    async fn connect(&self, number: Option<&str>) -> Result<Connecting, ChannelError> {
        let _ = number;
        Ok(Connecting::Open)
    }

    /// Connects when the credentials to log in are there, without waiting for it: the start of the server.
    async fn resume(&self) {}

    /// Closes the connection and opens it again, with the same credentials.
    ///
    /// # Errors
    /// When it cannot even be tried.
    async fn restart(&self) -> Result<Connecting, ChannelError> {
        self.connect(None).await
    }

    /// Unlinks the account: tells the network when it can be reached, closes, forgets the credentials.
    ///
    /// # Errors
    /// When the credentials could not be removed.
    async fn logout(&self) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Closes the connection for good and ends every task: the instance is deleted or the server stops. Keeps the credentials.
    async fn close(&self) {}

    /// The instance has other settings from now on.
    async fn settings_changed(&self, settings: &Settings) {
        let _ = settings;
    }

    /// The instance has another proxy from now on: the connection is opened anew through it.
    async fn proxy_changed(&self, proxy: Option<&Proxy>) {
        let _ = proxy;
    }

    /// Shows the account itself as online or not.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_presence(&self, state: PresenceState) -> Result<(), ChannelError> {
        let _ = state;
        Ok(())
    }

    /// Answers the network's question for a passkey (`PasskeyStep::Requested`): a WebAuthn assertion as
    /// `navigator.credentials.get` gives it, in JSON.
    ///
    /// # Errors
    /// `Invalid` when it is no assertion, `NotConnected` when nothing is being linked.
    async fn passkey(&self, assertion: &Value) -> Result<(), ChannelError> {
        let _ = assertion;
        Err(ChannelError::Invalid(
            "this channel links no passkeys".to_owned(),
        ))
    }

    /// The person has compared the codes (`PasskeyStep::Confirmation`).
    ///
    /// # Errors
    /// `NotConnected` when nothing is being linked.
    async fn confirm_passkey(&self) -> Result<(), ChannelError> {
        Err(ChannelError::Invalid(
            "this channel links no passkeys".to_owned(),
        ))
    }

    /// What can be done with messages that are already there.
    fn messages(&self) -> Option<&dyn MessageActions> {
        None
    }

    /// Who is on WhatsApp, and under which identity.
    fn directory(&self) -> Option<&dyn Directory> {
        None
    }

    /// Profiles, pictures, privacy, blocking, business profiles and catalogues; chats and labels.
    fn profiles(&self) -> Option<&dyn Profiles> {
        None
    }

    /// Groups.
    fn groups(&self) -> Option<&dyn Groups> {
        None
    }

    /// Communities.
    fn communities(&self) -> Option<&dyn Communities> {
        None
    }

    /// Newsletters.
    fn newsletters(&self) -> Option<&dyn Newsletters> {
        None
    }

    /// Calls.
    fn calls(&self) -> Option<&dyn Calls> {
        None
    }

    /// The protocol itself, for those who know it.
    fn protocol(&self) -> Option<&dyn Protocol> {
        None
    }
}
