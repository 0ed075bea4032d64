//! One instance's connections, one after the other, until somebody or something ends it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelEvent, ConnectionChange, LinkingCode};
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
/// How long a ping may stay unanswered.
const PONG: Duration = Duration::from_secs(15);
/// How long a client may take to drop a dead connection before it is ended.
const DROP: Duration = Duration::from_secs(8);

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
    pub(super) announced: bool,
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
pub(super) struct Seen {
    pub(super) ending: Option<Ending>,
    pub(super) opened: Option<Instant>,
    /// The network closes by itself after this and wants a login.
    pub(super) paired: bool,
    /// News from before the account was connected: whoever is told them should know the account first.
    pub(super) held: Vec<Arc<Event>>,
    /// All QR codes were shown; the pairing code is still good until then.
    pub(super) pairing_until: Option<Instant>,
    pub(super) limit: bool,
    /// Reads what was posted in newsletters meanwhile; ends with the connection.
    pub(super) catching_up: CatchingUp,
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

    /// `false`: stopped meanwhile.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = sleep(pause) => true,
        }
    }
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
