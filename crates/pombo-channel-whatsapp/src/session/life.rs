//! One instance's connections, one after the other, until somebody or something ends it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{Account, ChannelEvent, ConnectionChange, LinkingCode, PasskeyStep};
use pombo_domain::clock::{Clock, SystemClock};
use pombo_domain::instance::{ConnectionState, InstanceName};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use wacore::iq::keepalive::KeepaliveSpec;
use wacore::types::events::Event;

use super::build::Session;
use super::ending::{Ending, FIGHT, TAKEOVERS, TRUCE};
use super::linking::PairingCode;
use super::pacing::Backoff;
use super::posts::CatchingUp;
use crate::channel::WhatsappChannel;

/// How long a login may take before others get its place, and before it counts as failed.
const LOGIN: Duration = Duration::from_secs(45);
/// How long a picture may delay the news that an account is connected.
const PICTURE: Duration = Duration::from_millis(700);
/// How long a ping may stay unanswered.
const PONG: Duration = Duration::from_secs(15);
/// How long a client may take to drop a dead connection before it is ended.
const DROP: Duration = Duration::from_secs(8);
/// How long the rules may take for what came just before the end.
const REST: Duration = Duration::from_secs(1);
/// Between two attempts to tell the rules something that their store did not take.
const RETELL: Duration = Duration::from_millis(200);
/// How many news wait for the news that the account is connected. More are told before it.
const HELD: usize = 64;

/// One instance's connections.
pub(crate) struct Life {
    pub(super) channel: Arc<WhatsappChannel>,
    stop: CancellationToken,
    /// Whom a pairing code is for.
    pub(super) number: Option<String>,
    /// QR codes since linking began.
    pub(super) codes: u32,
    pub(super) pairing: Option<PairingCode>,
    /// Whether the rules know that we are on the way.
    announced: bool,
    backoff: Backoff,
    takeovers: VecDeque<Instant>,
    /// Whether a version of today was already refused.
    refused_version: bool,
}

/// What follows a connection.
enum Next {
    /// Another connection with the same client, after a pause.
    Again(Duration),
    /// Another client, after a pause.
    Anew(Duration),
    /// Nothing; somebody asks for it, or nothing can be done.
    Over(Ending),
    /// No phone scanned any code.
    Refused,
    /// Nothing, and whoever stopped us knows why.
    Stopped,
}

/// What happened during one connection.
#[derive(Default)]
struct Seen {
    ending: Option<Ending>,
    opened: Option<Instant>,
    /// The network closes by itself after this and wants a login.
    paired: bool,
    /// News from before the account was connected: whoever is told them should know the account first.
    held: Vec<Arc<Event>>,
    /// All QR codes were shown; the pairing code is still good until then.
    pairing_until: Option<Instant>,
    limit: bool,
    /// Reads what was posted in newsletters meanwhile; ends with the connection.
    catching_up: CatchingUp,
}

impl Life {
    pub(crate) fn new(
        channel: Arc<WhatsappChannel>,
        number: Option<String>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            channel,
            stop,
            number,
            codes: 0,
            pairing: None,
            announced: false,
            backoff: Backoff::default(),
            takeovers: VecDeque::new(),
            refused_version: false,
        }
    }

    pub(super) fn name(&self) -> &InstanceName {
        &self.channel.opening.instance.name
    }

    /// Runs until the end. When this returns, no client is left.
    pub(crate) async fn run(mut self) {
        let over = loop {
            let mut session = match Session::build(&self.channel).await {
                Ok(session) => session,
                Err(error) => {
                    warn!(instance = %self.name(), "cannot make a client: {error}");
                    self.channel
                        .update(|status| status.failure = Some(error.to_string()));
                    let pause = self.backoff.next(None);
                    if self.pause(pause).await {
                        continue;
                    }
                    break Next::Stopped;
                }
            };
            self.channel.set_linking(&session.client);
            let next = self.connections(&mut session).await;
            self.channel.set_client(None);
            session.end().await;
            self.hear_the_rest(&mut session).await;
            match next {
                Next::Anew(pause) if self.pause(pause).await => {}
                Next::Anew(_) | Next::Again(_) => break Next::Stopped,
                end @ (Next::Over(_) | Next::Refused | Next::Stopped) => break end,
            }
        };
        match over {
            Next::Over(ending) => self.close(&ending).await,
            Next::Refused => self.refuse().await,
            Next::Again(_) | Next::Anew(_) | Next::Stopped => {}
        }
    }

    /// Connections with one client.
    async fn connections(&mut self, session: &mut Session) -> Next {
        loop {
            if !self.announced {
                self.announced = true;
                self.channel.update(|status| {
                    status.state = ConnectionState::Connecting;
                    status.failure = None;
                });
                self.accept(vec![ChannelEvent::Connection(ConnectionChange::Connecting)])
                    .await;
            }
            // A passkey's steps end with their connection.
            self.channel.update(|status| status.code.passkey = None);
            let mut seen = Seen::default();
            let has_ended = self.connection(session, &mut seen).await;
            self.tell_held(session, &mut seen).await;
            if !has_ended {
                return Next::Anew(self.backoff.next(seen.opened));
            }
            self.channel.set_client(None);
            match self.next(session, seen).await {
                Next::Again(pause) => {
                    if !self.pause(pause).await {
                        return Next::Stopped;
                    }
                }
                other => return other,
            }
        }
    }

    /// One connection. `false`: the client does not let go of it and must be ended.
    async fn connection(&mut self, session: &mut Session, seen: &mut Seen) -> bool {
        let mut place = if session.is_linked() {
            let pacing = Arc::clone(&self.channel.shared.pacing);
            tokio::select! {
                () = self.stop.cancelled() => return true,
                place = pacing.place() => place,
            }
        } else {
            None
        };
        session.start();
        let began = Instant::now();
        let watch = self.channel.shared.config.watch;
        let mut tick = tokio::time::interval(watch.min(LOGIN) / 2);
        let mut ping: Option<Ping> = None;
        let mut pinged = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return true,
                // Only the sender's end can close the queue, and the client holds it.
                Some(event) = session.events.next() => {
                    self.hear(session, &event, seen).await;
                    if seen.opened.is_some() || session_is_waiting(&self.channel) {
                        place = None;
                    }
                    if seen.limit {
                        return true;
                    }
                }
                () = session.running.ended() => break,
                answered = answered(&mut ping) => {
                    ping = None;
                    if !answered {
                        warn!(instance = %self.name(), "the connection is open but dead; connecting anew");
                        return self.drop_dead(session, seen).await;
                    }
                }
                _ = tick.tick() => {
                    if place.is_some() && began.elapsed() > LOGIN {
                        place = None;
                    }
                    let linked = session.is_linked();
                    if seen.opened.is_none() && linked && began.elapsed() > LOGIN + PONG {
                        warn!(instance = %self.name(), "the login does not end; connecting anew");
                        return self.drop_dead(session, seen).await;
                    }
                    if seen.pairing_until.is_some_and(|until| until <= Instant::now()) {
                        seen.ending = Some(Ending::Unscanned);
                        return true;
                    }
                    if seen.opened.is_some() && ping.is_none() && pinged.elapsed() >= watch {
                        pinged = Instant::now();
                        let client = Arc::clone(&session.client);
                        ping = Some(Ping(tokio::spawn(async move {
                            client.execute(KeepaliveSpec::with_timeout(PONG)).await.is_ok()
                        })));
                    }
                }
            }
        }
        // What was heard before the end.
        while let Some(event) = session.events.ready() {
            self.hear(session, &event, seen).await;
        }
        true
    }

    /// Makes the client drop a connection that is dead. `false`: it cannot.
    async fn drop_dead(&mut self, session: &mut Session, seen: &mut Seen) -> bool {
        seen.ending.get_or_insert(Ending::Lost {
            code: 408,
            text: "the connection was open but dead".to_owned(),
        });
        let dropped = timeout(DROP, async {
            session.client.reconnect_immediately().await;
            session.running.ended().await;
        });
        let dropped = dropped.await.is_ok();
        while let Some(event) = session.events.ready() {
            self.hear(session, &event, seen).await;
        }
        dropped
    }

    /// What came before the end and was acknowledged by the library. Not what concerns the connection, which is over.
    async fn hear_the_rest(&self, session: &mut Session) {
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

    async fn hear(&mut self, session: &Session, event: &Arc<Event>, seen: &mut Seen) {
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

    async fn tell_held(&self, session: &Session, seen: &mut Seen) {
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

    async fn next(&mut self, session: &Session, seen: Seen) -> Next {
        if self.stop.is_cancelled() {
            return Next::Stopped;
        }
        if seen.limit {
            return Next::Refused;
        }
        if let Some(trouble) = session.dialer.trouble() {
            debug!(instance = %self.name(), "{trouble}");
            self.channel.update(|status| status.failure = Some(trouble));
        }
        let ending = seen.ending.unwrap_or(Ending::Silent);
        // A new series of codes is told as such.
        if self.codes > 0 && !seen.paired {
            self.announced = false;
        }
        let next = match &ending {
            // Linked: the network closes and expects the login at once. Nobody needs to hear of it.
            Ending::Silent if seen.paired => {
                self.announced = false;
                self.channel
                    .update(|status| status.code = LinkingCode::default());
                return Next::Again(Duration::ZERO);
            }
            Ending::Silent if seen.opened.is_some() => {
                Next::Again(self.backoff.next(seen.opened) / 4)
            }
            Ending::Lost { .. } if seen.paired => Next::Again(Duration::from_millis(100)),
            Ending::Silent | Ending::Lost { .. } => Next::Again(self.backoff.next(seen.opened)),
            Ending::Unscanned => {
                // A client whose codes are used up has ended itself.
                self.announced = false;
                self.pairing = None;
                return if self.codes >= self.channel.shared.config.qr_limit {
                    Next::Refused
                } else {
                    Next::Anew(Duration::ZERO)
                };
            }
            Ending::Replaced => {
                let now = Instant::now();
                self.takeovers.retain(|at| now.duration_since(*at) < FIGHT);
                self.takeovers.push_back(now);
                if self.takeovers.len() >= TAKEOVERS {
                    Next::Over(ending.clone())
                } else {
                    let times = u32::try_from(self.takeovers.len()).unwrap_or(1);
                    Next::Again(TRUCE * times)
                }
            }
            Ending::Outdated if !self.refused_version => {
                self.refused_version = true;
                if self.channel.shared.versions.refused().await {
                    Next::Anew(Duration::ZERO)
                } else {
                    Next::Over(ending.clone())
                }
            }
            Ending::LoggedOut { .. } | Ending::TemporaryBan { .. } | Ending::Outdated => {
                Next::Over(ending.clone())
            }
        };
        if seen.opened.is_some() && matches!(next, Next::Again(_) | Next::Anew(_)) {
            let mut closing = ending.closing(SystemClock.now());
            closing.retrying = true;
            self.channel
                .update(|status| status.state = ConnectionState::Connecting);
            self.accept(vec![ChannelEvent::Connection(ConnectionChange::Closed(
                closing,
            ))])
            .await;
        }
        next
    }

    /// It is over, for a reason that trying again does not change.
    async fn close(&self, ending: &Ending) {
        if ending.ends_the_link()
            && let Err(error) = self.channel.opening.auth.clear().await
        {
            warn!(instance = %self.name(), "credentials that are worth nothing stay: {error}");
        }
        let closing = ending.closing(SystemClock.now());
        info!(instance = %self.name(), "{} is closed: {}", self.name(), closing.text);
        let text = closing.text.clone();
        self.accept(vec![ChannelEvent::Connection(ConnectionChange::Closed(
            closing,
        ))])
        .await;
        self.shut(text);
    }

    async fn refuse(&self) {
        self.accept(vec![ChannelEvent::Connection(ConnectionChange::Refused)])
            .await;
        self.shut("QR code limit reached, please login again".to_owned());
    }

    fn shut(&self, why: String) {
        self.channel.update(|status| {
            status.state = ConnectionState::Close;
            status.code = LinkingCode::default();
            status.failure = Some(why);
        });
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

    /// `false`: stopped meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = sleep(pause) => true,
        }
    }
}

/// Whether the rules hear of it. Not of messages that were stored in the durability hook.
fn tells_more(event: &Event) -> bool {
    !matches!(event, Event::Messages(batch) if batch.hook_committed)
}

/// Whether somebody looks at a code: then the login is not ours to hurry.
fn session_is_waiting(channel: &WhatsappChannel) -> bool {
    channel.status().code.code.is_some()
}

/// A ping under way; nobody waits for it any more when it is dropped.
struct Ping(JoinHandle<bool>);

impl Drop for Ping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the ping was answered. Cancel-safe; never returns without one.
async fn answered(ping: &mut Option<Ping>) -> bool {
    match ping {
        Some(ping) => (&mut ping.0).await.unwrap_or(false),
        None => std::future::pending().await,
    }
}
