use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engineioxide::DisconnectReason;
use engineioxide::config::EngineIoConfig;
use engineioxide::service::{EngineIoService, NotFoundService};
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{ApiKeys, EventHistory, LiveEvent, LiveTransport, NodeSender};
use tokio::time::{Instant, sleep, timeout};

use super::config::SocketIoConfig;
use super::encode::Packets;
use super::layer::SocketIoLayer;
use super::member::Member;
use super::rooms::Room;
use super::server::Server;
use crate::metrics::LiveMetrics;
use crate::replay::SendError;

/// How long clients may take to notice that the server goes away.
const GOODBYE: Duration = Duration::from_secs(3);

/// Shows events to Socket.IO clients.
#[derive(Clone)]
pub struct SocketIoLive {
    server: Arc<Server>,
}

/// Makes the Socket.IO server: the end that events go in at, and the layer that clients come in at.
#[must_use]
pub fn build(
    config: SocketIoConfig,
    keys: Arc<dyn ApiKeys>,
    history: Arc<dyn EventHistory>,
    nodes: Arc<dyn NodeSender>,
) -> (SocketIoLive, SocketIoLayer) {
    if config.allowed_hosts.is_everybody() {
        tracing::warn!("WEBSOCKET_ALLOWED_HOSTS contains `*`: Socket.IO clients need no key");
    }
    let engine = EngineIoConfig::builder()
        .req_path("/socket.io")
        .ping_interval(config.ping_interval)
        .ping_timeout(config.ping_timeout)
        .upgrade_timeout(config.upgrade_timeout)
        .max_buffer_size(config.queue)
        .max_payload(u64::try_from(config.max_payload).unwrap_or(u64::MAX))
        .ws_max_message_size(config.max_payload)
        .ws_max_frame_size(config.max_payload)
        .build();
    let server = Arc::new(Server::new(config, keys, history, nodes));
    let engine = EngineIoService::with_config_inner(NotFoundService, server.clone(), engine);
    (
        SocketIoLive {
            server: server.clone(),
        },
        SocketIoLayer { server, engine },
    )
}

impl SocketIoLive {
    /// What there is to count.
    #[must_use]
    pub fn metrics(&self) -> Arc<LiveMetrics> {
        self.server.metrics.clone()
    }

    fn show(&self, room: &Room, event: &LiveEvent, packets: &mut Packets<'_>) {
        let server = &self.server;
        let logged = &event.event;
        let (mut delivered, mut lost) = (0, Vec::new());
        {
            let members = room.members();
            for member in members.by_id.values() {
                if room.instance.is_none() && !member.may_see(logged) {
                    continue;
                }
                let droppable = may_be_dropped(event, member);
                let mut send = || {
                    let packet = packets.get(member);
                    if droppable {
                        member.send_if_spare(packet)
                    } else {
                        member.send(packet)
                    }
                };
                let sent = match &member.progress {
                    None => Some(send()),
                    Some(progress) => progress.offer(logged.seq, send),
                };
                match sent {
                    None => {}
                    Some(Ok(())) => delivered += 1,
                    Some(Err(SendError::Full)) if droppable => server.metrics.volatile_dropped(),
                    Some(Err(error)) => lost.push((member.clone(), error)),
                }
            }
        }
        server.metrics.add_delivered(delivered);
        for (member, error) in lost {
            if error == SendError::Full {
                server.metrics.slow_client();
                tracing::debug!("a Socket.IO client fell behind and is disconnected");
            }
            server.end_session(&member.socket, DisconnectReason::TransportError);
        }
    }

    /// The members no longer belong here: they are told, and forgotten.
    fn dismiss(&self, members: Vec<Arc<Member>>) {
        for member in members {
            member.leave();
            {
                let mut state = member.socket.data.state();
                if state
                    .seats
                    .get(&member.namespace)
                    .is_some_and(|seat| seat.member == member.id)
                {
                    state.seats.remove(&member.namespace);
                }
            }
            if member.say_goodbye().is_err() {
                self.server
                    .end_session(&member.socket, DisconnectReason::TransportError);
            }
        }
    }

    /// Asks again what the keys of a room's members open, and dismisses those whose key opens nothing here any more.
    fn ask_again(&self, room: &Room) {
        let mut strangers = Vec::new();
        room.members().by_id.retain(|_, member| {
            let access = member.credentials.access(&*self.server.keys);
            let access = access.filter(|access| {
                room.instance
                    .as_ref()
                    .is_none_or(|own| access.opens(&own.id))
            });
            match access {
                Some(access) => {
                    member.set_access(access);
                    true
                }
                None => {
                    strangers.push(member.clone());
                    false
                }
            }
        });
        self.dismiss(strangers);
    }
}

/// Presence is news only while it is new: a client with a full queue does without. Unless it counts places.
fn may_be_dropped(event: &LiveEvent, member: &Member) -> bool {
    event.event.event.kind.is_volatile() && (member.progress.is_none() || event.event.seq.is_none())
}

#[async_trait]
impl LiveTransport for SocketIoLive {
    fn instance_added(&self, instance: &InstanceRef) {
        self.server.rooms.open(instance);
        // A token may open several instances, the new one among them.
        self.ask_again(&self.server.rooms.root);
    }

    async fn instance_removed(&self, instance: &InstanceRef) {
        if let Some(room) = self.server.rooms.close(instance) {
            let members = {
                let mut members = room.members();
                members.gone = true;
                std::mem::take(&mut members.by_id)
            };
            self.dismiss(members.into_values().collect());
        }
        self.ask_again(&self.server.rooms.root);
    }

    async fn keys_changed(&self, instance: &InstanceRef) {
        if let Some(room) = self.server.rooms.by_id(&instance.id) {
            self.ask_again(&room);
        }
        self.ask_again(&self.server.rooms.root);
    }

    async fn emit(&self, event: &LiveEvent) {
        let mut packets = Packets::new(event);
        if event.to_instance
            && let Some(room) = self.server.rooms.by_id(&event.event.event.instance.id)
        {
            self.show(&room, event, &mut packets);
        }
        if event.to_all {
            self.show(&self.server.rooms.root, event, &mut packets);
        }
    }

    fn shows_raw_nodes(&self) -> bool {
        true
    }

    async fn close(&self) {
        let server = &self.server;
        for socket in server.start_closing() {
            socket.close(DisconnectReason::ClosingServer);
        }
        let deadline = Instant::now() + GOODBYE;
        while server.metrics.clients() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        server.stop.cancel();
        server.tasks.close();
        if timeout(GOODBYE, server.tasks.wait()).await.is_err() {
            tracing::warn!("some Socket.IO tasks did not end in time");
        }
    }

    fn clients(&self) -> usize {
        self.server.metrics.clients()
    }
}

impl fmt::Debug for SocketIoLive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SocketIoLive")
            .field("clients", &self.clients())
            .finish_non_exhaustive()
    }
}
