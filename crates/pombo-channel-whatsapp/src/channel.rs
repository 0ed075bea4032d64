//! One instance's way to WhatsApp.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use pombo_domain::channel::{
    ChannelError, ChannelEvent, CloseReason, Closing, ConnectionChange, PasskeyStep, PresenceState,
    SentMessage,
};
use pombo_domain::instance::ConnectionState;
use pombo_domain::message::{Outgoing, SendAction};
use pombo_domain::port::{
    Calls, Channel, ChannelOpening, Communities, Connecting, Directory, Groups, MessageActions,
    Newsletters, Profiles, Protocol,
};
use pombo_domain::proxy::Proxy;
use pombo_domain::settings::Settings;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use whatsapp_rust::Client;
use whatsapp_rust::passkey::Assertion;

use crate::factory::Shared;
use crate::incoming::CallKinds;
use crate::outgoing::Audiences;
use crate::query::groups::KnownGroups;
use crate::session::acks::Acks;
use crate::session::build::is_linked;
use crate::session::life::Life;
use crate::session::posts::Posts;
use crate::session::status::Status;
use crate::transport::Route;

/// How long `connect` waits for something to look at.
const FIRST_NEWS: Duration = Duration::from_secs(20);
/// How long the network may take to hear that we unlink.
const UNLINK: Duration = Duration::from_secs(2);
/// How long the connection may take to end.
const END: Duration = Duration::from_secs(5);
/// How long a small request may take.
const SMALL: Duration = Duration::from_secs(10);

/// One instance's way to WhatsApp.
pub struct WhatsappChannel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) opening: ChannelOpening,
    /// Who saw the newest status posts.
    pub(crate) audiences: Audiences,
    /// What kind of calls the newest ones are.
    pub(crate) calls: CallKinds,
    /// What the network has not acknowledged yet.
    pub(crate) acks: Acks,
    /// What this connection has seen of newsletters.
    pub(crate) posts: Posts,
    /// What is known of groups.
    pub(crate) groups: KnownGroups,
    pub(crate) status: watch::Sender<Status>,
    state: Mutex<State>,
    /// The present life. Held while one begins or ends, so that there is never a second one.
    life: tokio::sync::Mutex<Option<Living>>,
    me: Weak<Self>,
}

/// What changes while the channel lives.
struct State {
    settings: Settings,
    proxy: Option<Proxy>,
    /// The client while it is connected and logged in.
    client: Option<Arc<Client>>,
    /// The client, connected or not.
    linking: Weak<Client>,
    /// Closed for good.
    gone: bool,
}

struct Living {
    stop: CancellationToken,
    task: JoinHandle<()>,
    number: Option<String>,
}

impl WhatsappChannel {
    pub(crate) fn open(shared: Arc<Shared>, opening: ChannelOpening) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            shared,
            audiences: Audiences::default(),
            calls: CallKinds::default(),
            acks: Acks::default(),
            posts: Posts::default(),
            groups: KnownGroups::default(),
            status: watch::Sender::new(Status::default()),
            state: Mutex::new(State {
                settings: opening.settings.clone(),
                proxy: opening.proxy.clone(),
                client: None,
                linking: Weak::new(),
                gone: false,
            }),
            opening,
            life: tokio::sync::Mutex::new(None),
            me: Weak::clone(me),
        })
    }

    /// The connected client.
    ///
    /// # Errors
    /// `NotConnected`.
    pub(crate) fn client(&self) -> Result<Arc<Client>, ChannelError> {
        self.inner()
            .client
            .clone()
            .ok_or(ChannelError::NotConnected)
    }

    pub(crate) fn set_client(&self, client: Option<Arc<Client>>) {
        let ended = client.is_none();
        // What changes while there is no connection is not always told afterwards.
        self.groups.clear();
        self.posts.forget();
        self.inner().client = client;
        if ended {
            self.acks.lost();
        }
    }

    pub(crate) fn set_linking(&self, client: &Arc<Client>) {
        self.inner().linking = Arc::downgrade(client);
    }

    /// The channel itself, for work that outlives a call.
    pub(crate) fn handle(&self) -> Weak<Self> {
        Weak::clone(&self.me)
    }

    /// The instance's settings at this moment.
    pub(crate) fn settings(&self) -> Settings {
        self.inner().settings.clone()
    }

    /// Through what the instance reaches the network.
    pub(crate) fn route(&self) -> Result<Option<Route>, ChannelError> {
        let own = self.inner().proxy.clone().filter(|proxy| proxy.enabled);
        match own.as_ref().or(self.shared.config.proxy.as_ref()) {
            Some(proxy) => Route::of(proxy),
            None => Ok(None),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(change);
    }

    /// Shows the account as online or not, as the settings say.
    pub(crate) async fn show_presence(&self, client: &Arc<Client>) {
        // Without a name the network takes no presence; the library sends it when the name comes.
        if client.push_name().is_empty() {
            return;
        }
        let presence = client.presence();
        let shown = if self.settings().always_online {
            timeout(SMALL, presence.set_available()).await
        } else {
            timeout(SMALL, presence.set_unavailable()).await
        };
        if let Ok(Err(error)) = shown {
            debug!(instance = %self.opening.instance.name, "presence is not shown: {error}");
        }
    }

    fn inner(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a life unless there is one. Another `number` ends the present one first.
    async fn begin(&self, number: Option<&str>) -> Result<(), ChannelError> {
        let mut life = self.life.lock().await;
        if self.inner().gone {
            return Err(ChannelError::NotConnected);
        }
        if let Some(living) = life.as_ref() {
            let state = self.status().state;
            let over = living.task.is_finished() || state == ConnectionState::Close;
            let other = number.is_some() && number != living.number.as_deref();
            let begins_anew = other && state != ConnectionState::Open;
            if !over && !begins_anew {
                return Ok(());
            }
            Self::end(&mut life).await;
        }
        // Refused here, where somebody hears it.
        self.route()?;
        let me = self.me.upgrade().ok_or(ChannelError::NotConnected)?;
        let stop = CancellationToken::new();
        self.update(|status| {
            *status = Status {
                state: ConnectionState::Connecting,
                ..Status::default()
            };
        });
        let run = Life::new(me, number.map(str::to_owned), stop.clone());
        *life = Some(Living {
            stop,
            task: tokio::spawn(run.run()),
            number: number.map(str::to_owned),
        });
        Ok(())
    }

    /// Ends the present life, within a bound.
    async fn end(life: &mut Option<Living>) {
        let Some(mut living) = life.take() else {
            return;
        };
        living.stop.cancel();
        if timeout(END, &mut living.task).await.is_err() {
            warn!("a connection did not end in time; leaving it behind");
            living.task.abort();
        }
    }

    /// Ends the present life; what it was waiting for is answered with "closed".
    async fn halt(&self) {
        let mut life = self.life.lock().await;
        Self::end(&mut life).await;
        self.set_client(None);
        self.update(|status| *status = Status::default());
    }

    /// What there is to look at, as soon as there is something.
    async fn first_news(&self, wants_pairing_code: bool) -> Result<Connecting, ChannelError> {
        let mut status = self.status.subscribe();
        let waited = timeout(
            FIRST_NEWS,
            status.wait_for(|status| status.has_news(wants_pairing_code)),
        );
        drop(waited.await);
        let status = self.status();
        match (status.state, status.failure) {
            (ConnectionState::Open, _) => Ok(Connecting::Open),
            (ConnectionState::Close, Some(why)) => Err(ChannelError::Failed(why)),
            (ConnectionState::Close, None) => Err(ChannelError::NotConnected),
            (ConnectionState::Connecting, _) => Ok(Connecting::Linking(status.code)),
        }
    }

    /// Opens the connection anew if there is one.
    async fn renew(&self) {
        let living = {
            let life = self.life.lock().await;
            life.as_ref()
                .filter(|living| !living.task.is_finished())
                .map(|living| living.number.clone())
        };
        if let Some(number) = living {
            self.halt().await;
            if let Err(error) = self.begin(number.as_deref()).await {
                warn!(instance = %self.opening.instance.name, "cannot connect anew: {error}");
            }
        }
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
        self.send_acknowledged(id, remote_jid, message).await
    }

    fn wants_resolved(&self) -> bool {
        true
    }

    fn has_connection(&self) -> bool {
        true
    }

    fn state(&self) -> ConnectionState {
        self.status.borrow().state
    }

    async fn connect(&self, number: Option<&str>) -> Result<Connecting, ChannelError> {
        self.begin(number).await?;
        self.first_news(number.is_some()).await
    }

    async fn resume(&self) {
        self.inner().gone = false;
        if is_linked(self).await
            && let Err(error) = self.begin(None).await
        {
            warn!(instance = %self.opening.instance.name, "cannot connect: {error}");
        }
    }

    async fn restart(&self) -> Result<Connecting, ChannelError> {
        let number = {
            let life = self.life.lock().await;
            life.as_ref().and_then(|living| living.number.clone())
        };
        self.halt().await;
        self.begin(number.as_deref()).await?;
        let mut status = self.status.subscribe();
        let waited = timeout(
            UNLINK,
            status.wait_for(|status| status.has_news(number.is_some())),
        );
        drop(waited.await);
        let status = self.status();
        Ok(match status.state {
            ConnectionState::Open => Connecting::Open,
            ConnectionState::Connecting | ConnectionState::Close => {
                Connecting::Linking(status.code)
            }
        })
    }

    async fn logout(&self) -> Result<(), ChannelError> {
        if let Ok(client) = self.client()
            && let Some(own) = client.pn()
        {
            let unlink = wacore::iq::devices::RemoveCompanionDeviceSpec::new(&own);
            match timeout(UNLINK, client.execute(unlink)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => debug!("the network was not told of the logout: {error}"),
                Err(_) => debug!("the network did not answer to the logout"),
            }
        }
        self.halt().await;
        self.opening
            .auth
            .clear()
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))?;
        let closing = Closing {
            reason: CloseReason::LoggedOut,
            code: 401,
            text: "Intentional Logout".to_owned(),
            retrying: false,
        };
        self.opening
            .inbox
            .accept(vec![ChannelEvent::Connection(ConnectionChange::Closed(
                closing,
            ))])
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))
    }

    async fn close(&self) {
        self.inner().gone = true;
        self.halt().await;
    }

    async fn settings_changed(&self, settings: &Settings) {
        let before = std::mem::replace(&mut self.inner().settings, settings.clone());
        if before.always_online != settings.always_online
            && let Ok(client) = self.client()
        {
            self.show_presence(&client).await;
        }
    }

    async fn proxy_changed(&self, proxy: Option<&Proxy>) {
        let before = std::mem::replace(&mut self.inner().proxy, proxy.cloned());
        let used = |proxy: Option<&Proxy>| proxy.filter(|proxy| proxy.enabled).cloned();
        if used(before.as_ref()) != used(proxy) {
            self.renew().await;
        }
    }

    async fn set_presence(&self, state: PresenceState) -> Result<(), ChannelError> {
        let client = self.client()?;
        let presence = client.presence();
        let shown = match state {
            PresenceState::Available => timeout(SMALL, presence.set_available()).await,
            PresenceState::Unavailable => timeout(SMALL, presence.set_unavailable()).await,
            // Of a chat, not of an account; the original sends them to nobody as well.
            PresenceState::Composing | PresenceState::Recording | PresenceState::Paused => {
                return Ok(());
            }
        };
        match shown {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ChannelError::Failed(error.to_string())),
            Err(_) => Err(ChannelError::TimedOut(
                "the presence was not shown".to_owned(),
            )),
        }
    }

    async fn passkey(&self, assertion: &Value) -> Result<(), ChannelError> {
        let client = self.linking_client()?;
        if !matches!(self.status().code.passkey, Some(PasskeyStep::Requested(_))) {
            return Err(ChannelError::Invalid("no passkey is asked for".to_owned()));
        }
        let assertion = read_assertion(assertion)?;
        client
            .send_passkey_response(assertion)
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))
    }

    async fn confirm_passkey(&self) -> Result<(), ChannelError> {
        let client = self.linking_client()?;
        if !matches!(
            self.status().code.passkey,
            Some(PasskeyStep::Confirmation(_))
        ) {
            return Err(ChannelError::Invalid(
                "there is no code to confirm".to_owned(),
            ));
        }
        client
            .send_passkey_confirmation()
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))
    }

    fn messages(&self) -> Option<&dyn MessageActions> {
        Some(self)
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self)
    }

    fn profiles(&self) -> Option<&dyn Profiles> {
        Some(self)
    }

    fn groups(&self) -> Option<&dyn Groups> {
        Some(self)
    }

    fn communities(&self) -> Option<&dyn Communities> {
        Some(self)
    }

    fn newsletters(&self) -> Option<&dyn Newsletters> {
        Some(self)
    }

    fn calls(&self) -> Option<&dyn Calls> {
        Some(self)
    }

    fn protocol(&self) -> Option<&dyn Protocol> {
        Some(self)
    }
}

impl WhatsappChannel {
    /// The client while it is linking.
    fn linking_client(&self) -> Result<Arc<Client>, ChannelError> {
        self.inner()
            .linking
            .upgrade()
            .ok_or(ChannelError::NotConnected)
    }
}

/// A WebAuthn assertion as `navigator.credentials.get` gives it, in JSON.
fn read_assertion(assertion: &Value) -> Result<Assertion, ChannelError> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let invalid = |what: &str| ChannelError::Invalid(format!("the assertion has no {what}"));
    let id = assertion
        .get("rawId")
        .or_else(|| assertion.get("id"))
        .and_then(Value::as_str)
        .ok_or_else(|| invalid("id"))?;
    let response = assertion
        .get("response")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid("response"))?;
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        if !response.get(member).is_some_and(Value::is_string) {
            return Err(invalid(member));
        }
    }
    let credential_id = URL_SAFE_NO_PAD
        .decode(id.trim_end_matches('='))
        .map_err(|_| ChannelError::Invalid("the assertion's id is not base64url".to_owned()))?;
    Ok(Assertion {
        assertion_json: assertion.to_string().into_bytes(),
        credential_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_assertion_is_checked_before_it_is_sent() {
        let whole = json!({"id": "AQID", "rawId": "AQID", "type": "public-key", "response": {
            "clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA", "userHandle": null}});
        assert_eq!(
            read_assertion(&whole).expect("an assertion").credential_id,
            [1, 2, 3]
        );
        let mut part = whole.clone();
        part["response"]["signature"] = Value::Null;
        assert!(matches!(
            read_assertion(&part),
            Err(ChannelError::Invalid(_))
        ));
        assert!(read_assertion(&json!({"id": "é", "response": {}})).is_err());
    }
}
