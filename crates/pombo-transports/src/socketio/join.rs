//! A client joins a namespace: an instance's, or the root.

use std::sync::Arc;

use engineioxide::{DisconnectReason, ProtocolVersion};
use pombo_domain::port::Access;
use serde::Deserialize;
use serde_json::Value;

use super::access::Credentials;
use super::connection::{self, Socket};
use super::member::Member;
use super::packet::{self, Malformed};
use super::query::{self, InvalidOffset};
use super::rooms::{Room, Seat};
use super::server::Server;
use crate::replay::{Interrupted, Start, catch_up};

/// The `auth` object of a client. Whatever else is in it is nobody's business.
#[derive(Debug, Default, Deserialize)]
struct Auth {
    #[serde(default)]
    apikey: Value,
    #[serde(default)]
    token: Value,
    /// Absent is not the same as `null`, which asks for the present place.
    #[serde(default, deserialize_with = "present")]
    offset: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What a client wants and shows.
struct Wish {
    /// In the order in which they are tried.
    credentials: Vec<Credentials>,
    offset: Option<Result<Start, InvalidOffset>>,
}

/// Why a join is refused; the texts are the reference's.
#[derive(Debug, Clone, Copy)]
enum Refused {
    InvalidNamespace,
    Unauthorized,
    InvalidOffset,
}

impl Refused {
    fn text(self) -> &'static str {
        match self {
            Self::InvalidNamespace => "Invalid namespace",
            Self::Unauthorized => "Unauthorized",
            Self::InvalidOffset => "Invalid offset",
        }
    }
}

/// What came of it, short of a refusal.
enum Joined {
    Yes(Arc<Member>, Option<Start>),
    /// Joined before, or leaving; nothing is answered.
    Ignored,
    /// Its queue has no room for the answer.
    Full,
}

impl Server {
    /// Whether a client of the old protocol may see the root.
    pub(super) fn may_join_root(&self, socket: &Socket) -> bool {
        connection::handshake(socket)
            .is_some_and(|known| known.credentials.access(&*self.keys).is_some())
    }

    /// A CONNECT packet.
    pub(super) fn join(
        &self,
        socket: &Arc<Socket>,
        namespace: &str,
        auth: Option<&str>,
    ) -> Result<(), Malformed> {
        let auth = auth
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| Malformed)?
            .unwrap_or_default();
        match self.try_join(socket, namespace, &auth) {
            Ok(Joined::Yes(member, start)) => {
                socket.data.set_joined();
                if let Some(start) = start {
                    self.replay(member, start);
                }
            }
            Ok(Joined::Ignored) => {}
            Ok(Joined::Full) => self.end_session(socket, DisconnectReason::TransportError),
            Err(refused) => self.refuse(socket, namespace, refused),
        }
        Ok(())
    }

    fn try_join(
        &self,
        socket: &Arc<Socket>,
        namespace: &str,
        auth: &Auth,
    ) -> Result<Joined, Refused> {
        let old = socket.protocol == ProtocolVersion::V3;
        // Clients of Socket.IO 2 put their query behind the namespace: `40/acme?apikey=..`.
        let (path, query) = match namespace.split_once('?') {
            Some((path, query)) if old => (path, query),
            _ => (namespace, ""),
        };
        let wish = Wish::of(socket, auth, query);
        if !wish
            .credentials
            .iter()
            .any(|credentials| credentials.access(&*self.keys).is_some())
        {
            return Err(Refused::Unauthorized);
        }
        let start = wish
            .offset
            .transpose()
            .map_err(|InvalidOffset| Refused::InvalidOffset)?;
        let room = match path.strip_prefix('/').unwrap_or(path) {
            "" => self.rooms.root.clone(),
            name => self.rooms.by_name(name).ok_or(Refused::InvalidNamespace)?,
        };

        let mut members = room.members();
        if members.gone {
            return Err(Refused::InvalidNamespace);
        }
        // Asked while the room is locked, so that a change of keys either is seen here or sees the member.
        let (credentials, access) = self
            .opening(&wish.credentials, &room)
            .ok_or(Refused::Unauthorized)?;
        let id = self.rooms.next_member();
        // Answers and events carry the namespace as the client knows it, without the query.
        let own_name: Arc<str> = path.into();
        let binary = self.config.binary && !old;
        let member = Arc::new(Member::new(
            id,
            socket.clone(),
            own_name.clone(),
            (credentials, access),
            start.is_some(),
            (self.config.queue, binary),
        ));
        {
            let mut state = socket.data.state();
            if state.closed || state.seats.contains_key(&own_name) {
                return Ok(Joined::Ignored);
            }
            state.seats.insert(
                own_name,
                Seat {
                    room: room.clone(),
                    member: id,
                },
            );
        }
        members.by_id.insert(id, member.clone());
        let sid = (!old).then(new_sid);
        if member
            .send_text(packet::connected(path, sid.as_deref()))
            .is_err()
        {
            return Ok(Joined::Full);
        }
        Ok(Joined::Yes(member, start))
    }

    /// The first credentials that open the room, with what else they open.
    fn opening(&self, candidates: &[Credentials], room: &Room) -> Option<(Credentials, Access)> {
        candidates.iter().find_map(|credentials| {
            let access = credentials.access(&*self.keys)?;
            let opens = room
                .instance
                .as_ref()
                .is_none_or(|instance| access.opens(&instance.id));
            opens.then(|| (credentials.clone(), access))
        })
    }

    fn refuse(&self, socket: &Arc<Socket>, namespace: &str, refused: Refused) {
        self.metrics.join_refused();
        let times = {
            let mut state = socket.data.state();
            state.refused += 1;
            state.refused
        };
        let revision5 = socket.protocol == ProtocolVersion::V4;
        let path = if revision5 {
            namespace
        } else {
            namespace.split('?').next().unwrap_or(namespace)
        };
        let text = packet::connect_error(path, refused.text(), revision5);
        if times > self.config.max_refused_joins || socket.emit(text).is_err() {
            if self.flood_hint.due() {
                tracing::warn!("a Socket.IO client was disconnected after {times} refused joins");
            }
            self.end_session(socket, DisconnectReason::TransportClose);
        }
    }

    /// Brings a member up to date; live events wait in the log meanwhile.
    fn replay(&self, member: Arc<Member>, start: Start) {
        let (history, stop) = (self.history.clone(), self.stop.clone());
        let (metrics, rooms) = (self.metrics.clone(), self.seat_of(&member));
        self.tasks.spawn(async move {
            let scope = rooms.and_then(|room| room.instance.clone()).map(|instance| instance.id);
            let caught_up = catch_up(&*history, scope.as_ref(), |event| member.may_see(event), start, &*member);
            let Some(caught_up) = stop.run_until_cancelled(caught_up).await else { return };
            if caught_up == Err(Interrupted::History) {
                tracing::warn!("a Socket.IO client could not be brought up to date: the event log does not answer");
                metrics.slow_client();
                member.socket.close(DisconnectReason::TransportError);
            }
        });
    }

    fn seat_of(&self, member: &Member) -> Option<Arc<Room>> {
        member
            .socket
            .data
            .state()
            .seats
            .get(&member.namespace)
            .map(|seat| seat.room.clone())
    }
}

impl Wish {
    fn of(socket: &Socket, auth: &Auth, query: &str) -> Self {
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let shown = text(&auth.apikey)
            .or_else(|| text(&auth.token))
            .or_else(|| {
                query::decoded(query, "apikey")
                    .filter(|key| !key.is_empty())
                    .map(|key| key.into_owned())
            });
        let handshake = connection::handshake(socket);
        let credentials = shown
            .map(Credentials::Key)
            .into_iter()
            .chain(handshake.map(|handshake| handshake.credentials.clone()))
            .collect();
        let offset = match &auth.offset {
            Some(Value::Null) => Some(Ok(Start::Latest)),
            Some(Value::String(text)) => Some(query::offset(text)),
            Some(Value::Number(number)) => Some(query::offset(&number.to_string())),
            Some(_) => Some(Err(InvalidOffset)),
            None => query::decoded(query, "offset")
                .map(|text| query::offset(&text))
                .or_else(|| handshake.and_then(|handshake| handshake.offset)),
        };
        Self {
            credentials,
            offset,
        }
    }
}

/// The id that the client sees. Not the session's, which is a secret of the two.
fn new_sid() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(fastrand::u128(..).to_be_bytes())
}
