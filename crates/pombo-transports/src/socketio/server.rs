//! The Socket.IO protocol on top of Engine.IO sessions.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use engineioxide::handler::EngineIoHandler;
use engineioxide::socket::Sid;
use engineioxide::{DisconnectReason, ProtocolVersion, Str};
use pombo_domain::port::{ApiKeys, EventHistory, NodeSender};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::SocketIoConfig;
use super::connection::{Connection, Socket, Unfinished};
use super::gate::Hint;
use super::packet::{self, Malformed, Packet};
use super::rooms::Rooms;
use super::send_node::{Asker, UNDER_WAY};
use crate::metrics::LiveMetrics;

/// Everything that sessions, requests and events share.
pub(super) struct Server {
    pub(super) config: SocketIoConfig,
    pub(super) keys: Arc<dyn ApiKeys>,
    pub(super) history: Arc<dyn EventHistory>,
    pub(super) nodes: Arc<dyn NodeSender>,
    pub(super) nodes_under_way: Arc<Semaphore>,
    pub(super) rooms: Rooms,
    pub(super) metrics: Arc<LiveMetrics>,
    pub(super) upgrade_hint: Hint,
    pub(super) flood_hint: Hint,
    /// Timeouts and replays; all end with `stop`.
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    closing: AtomicBool,
    sessions: Mutex<HashMap<Sid, Arc<Socket>>>,
}

impl Server {
    pub(super) fn new(
        config: SocketIoConfig,
        keys: Arc<dyn ApiKeys>,
        history: Arc<dyn EventHistory>,
        nodes: Arc<dyn NodeSender>,
    ) -> Self {
        Self {
            config,
            keys,
            history,
            nodes,
            nodes_under_way: Arc::new(Semaphore::new(UNDER_WAY)),
            rooms: Rooms::default(),
            metrics: Arc::default(),
            upgrade_hint: Hint::default(),
            flood_hint: Hint::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            closing: AtomicBool::new(false),
            sessions: Mutex::default(),
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// From now on nobody is admitted.
    pub(super) fn start_closing(&self) -> Vec<Arc<Socket>> {
        let sessions = self.sessions();
        self.closing.store(true, Ordering::Relaxed);
        sessions.values().cloned().collect()
    }

    pub(super) fn knows_session(&self, sid: &str) -> bool {
        Sid::from_str(sid).is_ok_and(|sid| self.sessions().contains_key(&sid))
    }

    /// Ends a session: its seats are given up at once, whatever state the connection is in.
    pub(super) fn end_session(&self, socket: &Arc<Socket>, reason: DisconnectReason) {
        let seats = {
            let mut state = socket.data.state();
            state.closed = true;
            state.unfinished = None;
            std::mem::take(&mut state.seats)
        };
        for seat in seats.into_values() {
            seat.room.leave(seat.member);
        }
        if self.sessions().remove(&socket.id).is_some() {
            self.metrics.client_left();
        }
        socket.close(reason);
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Sid, Arc<Socket>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(self: &Arc<Self>, text: &str, socket: &Arc<Socket>) -> Result<(), Malformed> {
        {
            let state = socket.data.state();
            if state.closed {
                return Ok(());
            }
            if state.unfinished.is_some() {
                return Err(Malformed);
            }
        }
        match Packet::parse(text)? {
            Packet::Connect { namespace, auth } => self.join(socket, namespace, auth),
            Packet::Disconnect { namespace } => {
                let seat = socket.data.state().seats.remove(namespace);
                if let Some(seat) = seat {
                    seat.room.leave(seat.member);
                }
                Ok(())
            }
            Packet::Event {
                attachments: missing @ 1..,
                ..
            } => {
                socket.data.state().unfinished = Some(Unfinished {
                    missing,
                    attachments: Vec::new(),
                    text: Some(text.to_owned()),
                });
                Ok(())
            }
            Packet::Ack {
                attachments: missing @ 1..,
            } => {
                socket.data.state().unfinished = Some(Unfinished {
                    missing,
                    attachments: Vec::new(),
                    text: None,
                });
                Ok(())
            }
            Packet::Event {
                namespace,
                ack,
                data,
                ..
            } => self.event(socket, namespace, ack, data, &[]),
            Packet::Ack { .. } => Ok(()),
        }
    }

    fn receive_attachment(
        self: &Arc<Self>,
        bytes: Bytes,
        socket: &Arc<Socket>,
    ) -> Result<(), Malformed> {
        let finished = {
            let mut state = socket.data.state();
            if state.closed {
                return Ok(());
            }
            let unfinished = state.unfinished.as_mut().ok_or(Malformed)?;
            unfinished.missing -= 1;
            if unfinished.text.is_some() {
                let kept: usize = unfinished.attachments.iter().map(Bytes::len).sum();
                if kept.saturating_add(bytes.len()) > self.config.max_payload {
                    return Err(Malformed);
                }
                unfinished.attachments.push(bytes);
            }
            if unfinished.missing > 0 {
                return Ok(());
            }
            state.unfinished.take()
        };
        let Some(Unfinished {
            text: Some(text),
            attachments,
            ..
        }) = finished
        else {
            return Ok(());
        };
        match Packet::parse(&text)? {
            Packet::Event {
                namespace,
                ack,
                data,
                ..
            } => self.event(socket, namespace, ack, data, &attachments),
            _ => Ok(()),
        }
    }

    /// An event from a client. We know one; all others are ignored, for clients send what other servers know.
    fn event(
        self: &Arc<Self>,
        socket: &Arc<Socket>,
        namespace: &str,
        ack: Option<u64>,
        data: &str,
        attachments: &[Bytes],
    ) -> Result<(), Malformed> {
        let (name, arguments) = packet::arguments(data)?;
        if name != "sendNode" {
            return Ok(());
        }
        let Some(seat) = socket.data.state().seats.get(namespace).cloned() else {
            return Ok(());
        };
        let member = seat.room.members().by_id.get(&seat.member).cloned();
        let access = member.map(|member| member.access());
        let asker = Asker {
            socket,
            namespace,
            ack,
        };
        self.send_node(&asker, access.as_ref(), &arguments, attachments);
        Ok(())
    }

    fn close_if_malformed(&self, result: Result<(), Malformed>, socket: &Arc<Socket>) {
        if result == Err(Malformed) {
            tracing::debug!(
                "a Socket.IO client sent something that is not a packet; its session is closed"
            );
            self.end_session(socket, DisconnectReason::PacketParsingError);
        }
    }

    /// A session that joins nothing is closed, or it would be a way to hoard connections.
    fn watch_join(self: Arc<Self>, socket: Arc<Socket>) {
        let server = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = server.stop.cancelled() => {}
                () = socket.closed() => {}
                () = tokio::time::sleep(server.config.connect_timeout) => {
                    if !socket.data.has_joined() {
                        server.end_session(&socket, DisconnectReason::TransportClose);
                    }
                }
            }
        });
    }
}

impl EngineIoHandler for Server {
    type Data = Connection;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket>) {
        let late = {
            let mut sessions = self.sessions();
            sessions.insert(socket.id, socket.clone());
            self.metrics.client_came();
            self.is_closing()
        };
        if late {
            return self.end_session(&socket, DisconnectReason::ClosingServer);
        }
        if socket.protocol == ProtocolVersion::V3 {
            // Before revision 5 the root is joined by connecting. Without a key nothing is said: the client goes on to
            // the namespace that it wants, and brings the key in its query.
            if self.may_join_root(&socket) {
                let joined = self.join(&socket, "/", None);
                self.close_if_malformed(joined, &socket);
            }
        }
        self.watch_join(socket);
    }

    fn on_disconnect(&self, socket: Arc<Socket>, reason: DisconnectReason) {
        self.end_session(&socket, reason);
    }

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket>) {
        let received = self.receive(&text, &socket);
        self.close_if_malformed(received, &socket);
    }

    fn on_binary(self: &Arc<Self>, bytes: Bytes, socket: Arc<Socket>) {
        let received = self.receive_attachment(bytes, &socket);
        self.close_if_malformed(received, &socket);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
