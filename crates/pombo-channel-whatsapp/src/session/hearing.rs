//! What a connection brings, and telling the rules of it.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{Account, ChannelEvent, ConnectionChange, LinkingCode, PasskeyStep};
use pombo_domain::instance::ConnectionState;
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};
use wacore::types::events::Event;

use super::build::Session;
use super::ending::Ending;
use super::life::{Life, Seen};
use super::linking::PairingCode;

/// How long a picture may delay the news that an account is connected.
const PICTURE: Duration = Duration::from_millis(700);
/// How long the rules may take for what came just before the end.
const REST: Duration = Duration::from_secs(1);
/// Between two attempts to tell the rules something that their store did not take.
const RETELL: Duration = Duration::from_millis(200);
/// How many news wait for the news that the account is connected. More are told before it.
const HELD: usize = 64;

impl Life {
    /// What came before the end and was acknowledged by the library. Not what concerns the connection, which is over.
    pub(super) async fn hear_the_rest(&self, session: &mut Session) {
        let rest = async {
            while let Some(event) = session.events.ready() {
                if tells_more(&event) {
                    self.tell(session, &event).await;
                }
            }
        };
        if timeout(REST, rest).await.is_err() {
            debug!(instance = %self.name(), "some of what came at the end was not told");
        }
    }

    pub(super) async fn hear(&mut self, session: &Session, event: &Arc<Event>, seen: &mut Seen) {
        if let Some(ending) = Ending::of(event) {
            debug!(instance = %self.name(), "{ending:?}");
            if ending.outweighs(seen.ending.as_ref()) {
                seen.ending = Some(ending);
            }
            return;
        }
        match &**event {
            Event::Connected(_) => {
                seen.opened = Some(Instant::now());
                session.opened();
                self.open(session).await;
                self.tell_held(session, seen).await;
                seen.catching_up.begin(&self.channel, &session.client);
            }
            Event::PairingQrCode(code) => {
                if !self.show(session, code).await {
                    seen.limit = true;
                }
            }
            Event::PairingCodeRefresh(_) => self.renew_pairing_code(session).await,
            Event::PairingQrCodesExhausted(exhausted) => {
                seen.ending = Some(Ending::Unscanned);
                if !exhausted.disconnected {
                    let left = self
                        .pairing
                        .as_ref()
                        .map(PairingCode::left)
                        .unwrap_or_default();
                    seen.pairing_until = Some(Instant::now() + left);
                }
            }
            Event::PairSuccess(_) => {
                info!(instance = %self.name(), "linked {}", self.name());
                seen.paired = true;
            }
            Event::QrScannedWithoutMultidevice(_) => {
                warn!(instance = %self.name(), "the phone that scanned the code does not link devices");
            }
            Event::PairPasskeyRequest(request) => {
                let options = serde_json::from_str(&request.request_options_json)
                    .unwrap_or(serde_json::Value::Null);
                self.tell_passkey(PasskeyStep::Requested(options)).await;
            }
            Event::PairPasskeyConfirmation(confirmation) => {
                let code = (!confirmation.skip_handoff_ux).then(|| confirmation.code.clone());
                self.tell_passkey(PasskeyStep::Confirmation(code)).await;
            }
            Event::PairPasskeyError(error) => {
                self.tell_passkey(PasskeyStep::Failed(error.error.clone()))
                    .await;
            }
            _ if !tells_more(event) => {}
            _ if seen.opened.is_none() => {
                seen.held.push(Arc::clone(event));
                if seen.held.len() >= HELD {
                    self.tell_held(session, seen).await;
                }
            }
            _ => {
                self.tell(session, event).await;
                seen.catching_up.hear(&self.channel, &session.client, event);
            }
        }
    }

    async fn tell(&self, session: &Session, event: &Event) {
        let events = self.channel.translate(&session.client, event).await;
        self.accept(events).await;
        if let Event::Messages(batch) = event {
            self.channel.posts_are_stored(batch).await;
        }
    }

    pub(super) async fn tell_held(&self, session: &Session, seen: &mut Seen) {
        for event in std::mem::take(&mut seen.held) {
            self.tell(session, &event).await;
            seen.catching_up
                .hear(&self.channel, &session.client, &event);
        }
    }

    /// Connected and logged in.
    async fn open(&mut self, session: &Session) {
        let client = &session.client;
        let own = client.pn();
        let picture = async {
            let own = own.as_ref()?.to_non_ad();
            client
                .contacts()
                .get_profile_picture(&own, false)
                .await
                .ok()?
        };
        let picture = timeout(PICTURE, picture).await.ok().flatten();
        let name = client.push_name();
        let account = Account {
            jid: own.map(|jid| jid.to_non_ad_string()).unwrap_or_default(),
            lid: client.lid().map(|jid| jid.to_non_ad_string()),
            name: (!name.is_empty()).then_some(name),
            picture_url: picture.map(|picture| picture.url),
        };
        self.number = None;
        self.pairing = None;
        self.codes = 0;
        self.announced = false;
        self.channel.set_client(Some(Arc::clone(client)));
        // The rules before those who wait, so that whoever is answered "open" finds it stored.
        self.accept(vec![ChannelEvent::Connection(ConnectionChange::Open(
            account,
        ))])
        .await;
        self.channel.update(|status| {
            status.state = ConnectionState::Open;
            status.code = LinkingCode::default();
            status.failure = None;
        });
        self.channel.show_presence(client).await;
        info!(instance = %self.name(), "{} is connected", self.name());
    }

    /// Tells the rules, as often as it takes.
    pub(super) async fn accept(&self, events: Vec<ChannelEvent>) {
        if events.is_empty() {
            return;
        }
        let mut pause = RETELL;
        while let Err(error) = self.channel.opening.inbox.accept(events.clone()).await {
            warn!(instance = %self.name(), "not stored, trying again: {error}");
            if !self.pause(pause).await {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }
}

/// Whether the rules hear of it. Not of messages that were stored in the durability hook.
fn tells_more(event: &Event) -> bool {
    !matches!(event, Event::Messages(batch) if batch.hook_committed)
}
