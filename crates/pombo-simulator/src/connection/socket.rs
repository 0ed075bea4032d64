//! Runs one connection from its first byte to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::BytesMut;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_util::sync::CancellationToken;
use wacore_binary::{Node, OwnedNodeRef, marshal};
use wacore_noise::NoiseCipher;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use waproto::whatsapp as wa;

use super::intro::{Intro, NotWhatsApp};
use super::{Connection, Outbox, Outgoing, Peer, Role, mark_offline};
use crate::fault::{Emission, Ending, FaultPoint, Lane, Verdict};
use crate::network::{ConnectionId, Network};
use crate::noise::{Established, Handshake, HandshakeError, Step};
use crate::stanza::{login, router};

/// A client that has not finished its handshake by then is not going to.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);

/// A client that is to be disconnected has so long to read what was written before.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

/// Why a connection ended, other than by its own will.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error(transparent)]
    Intro(#[from] NotWhatsApp),
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeError),
    #[error("the handshake took too long")]
    Slow,
    #[error("the client does not read")]
    Unread,
    #[error("the client left during the handshake")]
    Gone,
    #[error("a frame cannot be decrypted: {0}")]
    Decrypt(String),
    #[error("a stanza cannot be decoded or encoded: {0}")]
    Stanza(#[from] wacore_binary::BinaryError),
    #[error("a frame cannot be written: {0}")]
    Frame(String),
    #[error("the socket failed: {0}")]
    Socket(#[from] axum::Error),
}

/// One client, until it leaves or the network stops.
pub(crate) async fn run(network: Arc<Network>, socket: WebSocket) {
    let stop = network.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        result = connect(&network, socket) => if let Err(error) = result {
            tracing::debug!(%error, "connection ended");
        }
    }
}

async fn connect(network: &Arc<Network>, socket: WebSocket) -> Result<(), ConnectionError> {
    let (mut sink, mut stream) = socket.split();
    let mut frames = FrameDecoder::new();
    let established = tokio::time::timeout(
        HANDSHAKE_TIME,
        handshake(network, &mut sink, &mut stream, &mut frames),
    )
    .await
    .map_err(|_| ConnectionError::Slow)??;
    let Established {
        read,
        write,
        client_key,
        payload,
        pattern,
    } = *established;
    tracing::debug!(?pattern, "handshake done");

    let (id, outbox, pause) = network.with(|state| {
        let id = state.next_connection();
        let outbox = Arc::new(Outbox::new(state.settings.outgoing_limit));
        state.connections.insert(
            id,
            Connection {
                outbox: Arc::clone(&outbox),
                client_key,
                role: Role::Refused,
            },
        );
        (id, outbox, state.settings.first_stanza_delay)
    });
    // Whatever ends this function, the network must know that the client is gone.
    let _gone = Gone { network, id };
    tokio::time::sleep(pause).await;
    if login_fault(network, &outbox, &payload).await == Next::Go {
        network.with(|state| login::open(state, id, payload));
    }

    let closed = CancellationToken::new();
    let writing = Writer {
        network,
        outbox: &outbox,
        cipher: write,
        counter: 0,
        sink,
    }
    .run(closed.clone());
    let reading = read_all(
        network,
        id,
        &outbox,
        &read,
        &mut frames,
        &mut stream,
        &closed,
    );
    let both = async {
        let (written, received) = tokio::join!(writing, async {
            let result = reading.await;
            outbox.push(Outgoing::Close);
            result
        });
        written.and(received)
    };
    // A client that does not read does not see the end either: it is not waited for.
    let unread = async {
        outbox.closing().await;
        tokio::time::sleep(GOODBYE_TIME).await;
    };
    tokio::select! {
        result = both => result,
        () = unread => Err(ConnectionError::Unread),
    }
}

/// What the faults do to a login.
async fn login_fault(network: &Network, outbox: &Outbox, payload: &wa::ClientPayload) -> Next {
    if network.faults.is_idle() {
        return Next::Go;
    }
    let peer = Peer {
        phone_number: payload
            .username
            .map(|user| user.to_string())
            .unwrap_or_default(),
        device: payload
            .device
            .and_then(|device| device.try_into().ok())
            .unwrap_or_default(),
    };
    let verdict = network.faults.judge(FaultPoint::Login, &peer, None);
    network.clock.sleep(verdict.delay).await;
    match verdict.ending {
        None => return Next::Go,
        Some(Ending::Stanza(last)) => outbox.push(Outgoing::Stanza(Arc::new(last))),
        Some(Ending::Close | Ending::CloseMidFrame) => {}
    }
    outbox.push(Outgoing::Close);
    Next::End
}

/// Tells the network when the connection is over, also when its task is dropped.
struct Gone<'a> {
    network: &'a Arc<Network>,
    id: ConnectionId,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.network.with(|state| login::closed(state, self.id));
    }
}

async fn handshake(
    network: &Arc<Network>,
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    frames: &mut FrameDecoder,
) -> Result<Box<Established>, ConnectionError> {
    let server = network.server();
    let mut random = network.with(|state| state.random.fork());
    let mut intro = Some(Intro::default());
    let mut handshake = Some(Handshake::Hello);
    while let Some(data) = next_bytes(stream).await? {
        match &mut intro {
            Some(expected) => {
                if let Some(rest) = expected.feed(&data)? {
                    intro = None;
                    frames.feed(&rest);
                }
            }
            None => frames.feed(&data),
        }
        while let Some(frame) = frames.decode_frame() {
            let Some(current) = handshake.take() else {
                return Err(ConnectionError::Gone);
            };
            match current.receive(&server, &mut random, &frame)? {
                Step::Answer(answer, next) => {
                    send_frame(sink, &answer).await?;
                    handshake = Some(next);
                }
                Step::Done(answer, established) => {
                    if let Some(answer) = answer {
                        send_frame(sink, &answer).await?;
                    }
                    return Ok(established);
                }
            }
        }
    }
    Err(ConnectionError::Gone)
}

async fn send_frame(
    sink: &mut SplitSink<WebSocket, Message>,
    payload: &[u8],
) -> Result<(), ConnectionError> {
    let frame =
        encode_frame(payload, None).map_err(|error| ConnectionError::Frame(error.to_string()))?;
    Ok(sink.send(Message::Binary(frame.into())).await?)
}

/// The next binary message; `None` at the end.
async fn next_bytes(
    stream: &mut SplitStream<WebSocket>,
) -> Result<Option<bytes::Bytes>, ConnectionError> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Binary(data))) => return Ok(Some(data)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_))) => {}
            Some(Ok(Message::Close(_))) | None => return Ok(None),
            Some(Err(error)) => return Err(error.into()),
        }
    }
}

async fn read_all(
    network: &Arc<Network>,
    id: ConnectionId,
    outbox: &Outbox,
    cipher: &NoiseCipher,
    frames: &mut FrameDecoder,
    stream: &mut SplitStream<WebSocket>,
    closed: &CancellationToken,
) -> Result<(), ConnectionError> {
    let mut counter = 0;
    let mut lane = Lane::default();
    loop {
        while let Some(frame) = frames.decode_frame() {
            let stanza = decode(cipher, counter, frame)?;
            counter += 1;
            let verdict = if network.faults.is_idle() {
                Verdict::default()
            } else {
                network
                    .faults
                    .judge(FaultPoint::FromClient, &outbox.peer(), Some(&stanza))
            };
            if receive(network, id, outbox, lane.pass(stanza, verdict)).await == Next::End {
                return Ok(());
            }
        }
        let data = tokio::select! {
            () = closed.cancelled() => return Ok(()),
            () = tokio::time::sleep(Lane::PATIENCE), if lane.holds() => {
                receive(network, id, outbox, lane.release()).await;
                continue;
            }
            data = next_bytes(stream) => data?,
        };
        match data {
            Some(data) => frames.feed(&data),
            None => return Ok(()),
        }
    }
}

/// Lets the network have what came from a client, or what the faults left of it.
async fn receive(
    network: &Arc<Network>,
    id: ConnectionId,
    outbox: &Outbox,
    emissions: Vec<Emission>,
) -> Next {
    for emission in emissions {
        match emission {
            Emission::Stanza(stanza, _) => network.with(|state| router::receive(state, id, stanza)),
            Emission::Last(stanza) => {
                outbox.push(Outgoing::Stanza(Arc::new(stanza)));
                return Next::End;
            }
            Emission::Answer(stanza) => outbox.push(Outgoing::Stanza(Arc::new(stanza))),
            Emission::Wait(delay) => network.clock.sleep(delay).await,
            Emission::Close => return Next::End,
            // `FaultRule::check` lets neither in at this point.
            Emission::Garbage(_) | Emission::HalfOf(_) => {}
        }
    }
    Next::Go
}

fn decode(
    cipher: &NoiseCipher,
    counter: u32,
    mut frame: BytesMut,
) -> Result<Node, ConnectionError> {
    cipher
        .decrypt_in_place_with_counter(counter, &mut frame)
        .map_err(|error| ConnectionError::Decrypt(error.to_string()))?;
    Ok(decode_stanza(frame)?)
}

/// The stanza in a frame that is decrypted.
pub(crate) fn decode_stanza(frame: BytesMut) -> Result<Node, wacore_binary::BinaryError> {
    let bytes = wacore_binary::util::unpack_bytes(frame)?;
    Ok(OwnedNodeRef::new(bytes)?.to_owned_node())
}

/// Writes what waits in the outbox.
struct Writer<'a> {
    network: &'a Arc<Network>,
    outbox: &'a Outbox,
    cipher: NoiseCipher,
    counter: u32,
    sink: SplitSink<WebSocket, Message>,
}

/// Whether the writer goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    End,
}

impl Writer<'_> {
    async fn run(mut self, closed: CancellationToken) -> Result<(), ConnectionError> {
        let _closed = closed.drop_guard();
        let mut lane = Lane::default();
        loop {
            let outgoing = match self.outbox.try_next() {
                Some(outgoing) => outgoing,
                None => {
                    self.sink.flush().await?;
                    tokio::select! {
                        outgoing = self.outbox.next() => outgoing,
                        () = tokio::time::sleep(Lane::PATIENCE), if lane.holds() => {
                            self.emit(lane.release()).await?;
                            continue;
                        }
                    }
                }
            };
            let stanza = match outgoing {
                Outgoing::Stanza(stanza) => stanza,
                Outgoing::Waited(stanza) => Arc::new(mark_offline(&stanza)),
                Outgoing::Close => {
                    self.emit(lane.release()).await?;
                    // The client may be gone already: then there is nobody to say goodbye to.
                    self.sink.close().await.ok();
                    return Ok(());
                }
            };
            let faults = &self.network.faults;
            if faults.is_idle() && !lane.holds() {
                let frame = self.frame(&stanza)?;
                self.feed(frame).await?;
                continue;
            }
            let verdict = faults.judge(FaultPoint::ToClient, &self.outbox.peer(), Some(&stanza));
            let emissions = lane.pass(Arc::unwrap_or_clone(stanza), verdict);
            if self.emit(emissions).await? == Next::End {
                self.sink.flush().await?;
                return Ok(());
            }
        }
    }

    async fn emit(&mut self, emissions: Vec<Emission>) -> Result<Next, ConnectionError> {
        for emission in emissions {
            match emission {
                Emission::Wait(delay) => {
                    self.sink.flush().await?;
                    self.network.clock.sleep(delay).await;
                }
                Emission::Garbage(bytes) => self.feed(whole_frame(&bytes)?).await?,
                Emission::Stanza(stanza, None) => {
                    let frame = self.frame(&stanza)?;
                    self.feed(frame).await?;
                }
                Emission::Stanza(stanza, Some(speed)) => {
                    let frame = self.frame(&stanza)?;
                    self.trickle(frame, speed).await?;
                }
                Emission::HalfOf(stanza) => {
                    let mut frame = self.frame(&stanza)?;
                    frame.truncate(frame.len() / 2);
                    self.feed(frame).await?;
                }
                Emission::Last(stanza) => {
                    let frame = self.frame(&stanza)?;
                    self.feed(frame).await?;
                    // As the server does it: the stanza, then an orderly end.
                    self.sink.close().await.ok();
                    return Ok(Next::End);
                }
                Emission::Close => return Ok(Next::End),
                // `FaultRule::check` does not let it in at this point.
                Emission::Answer(_) => {}
            }
        }
        Ok(Next::Go)
    }

    async fn feed(&mut self, frame: Vec<u8>) -> Result<(), ConnectionError> {
        Ok(self.sink.feed(Message::Binary(frame.into())).await?)
    }

    /// A frame in many small messages, over time.
    async fn trickle(&mut self, frame: Vec<u8>, speed: u64) -> Result<(), ConnectionError> {
        const STEP: Duration = Duration::from_millis(50);
        let piece = usize::try_from(speed / 20).unwrap_or(usize::MAX).max(1);
        let mut rest = bytes::Bytes::from(frame);
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(piece));
            self.sink.send(Message::Binary(piece)).await?;
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    fn frame(&mut self, stanza: &Node) -> Result<Vec<u8>, ConnectionError> {
        let mut bytes = marshal::marshal(stanza)?;
        self.cipher
            .encrypt_in_place_with_counter(self.counter, &mut bytes)
            .map_err(|error| ConnectionError::Decrypt(error.to_string()))?;
        self.counter += 1;
        whole_frame(&bytes)
    }
}

fn whole_frame(payload: &[u8]) -> Result<Vec<u8>, ConnectionError> {
    encode_frame(payload, None).map_err(|error| ConnectionError::Frame(error.to_string()))
}
