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

use super::intro::{Intro, NotWhatsApp};
use super::{Connection, Outbox, Outgoing, Role, mark_offline};
use crate::faults::{FrameFault, StanzaFault};
use crate::network::{ConnectionId, Network};
use crate::noise::{Established, Handshake, HandshakeError, Step};
use crate::stanza::{login, router};

/// A client that has not finished its handshake by then is not going to.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);

/// Why a connection ended, other than by its own will.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error(transparent)]
    Intro(#[from] NotWhatsApp),
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeError),
    #[error("the handshake took too long")]
    Slow,
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
    network.with(|state| login::open(state, id, payload));

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
    let (written, received) = tokio::join!(writing, async {
        let result = reading.await;
        outbox.push(Outgoing::Close);
        result
    });
    written.and(received)
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
    let mut held = None;
    loop {
        while let Some(frame) = frames.decode_frame() {
            let stanza = decode(cipher, counter, frame)?;
            counter += 1;
            let receive = |stanza: Node| network.with(|state| router::receive(state, id, stanza));
            match network.faults.incoming(&outbox.peer(), &stanza) {
                StanzaFault::None => receive(stanza),
                StanzaFault::Drop => continue,
                StanzaFault::Delay(delay) => {
                    network.clock.sleep(delay).await;
                    receive(stanza);
                }
                StanzaFault::Duplicate => {
                    receive(stanza.clone());
                    receive(stanza);
                }
                StanzaFault::Hold => {
                    if let Some(earlier) = held.replace(stanza) {
                        receive(earlier);
                    }
                    continue;
                }
                StanzaFault::Replace(other) => receive(*other),
                StanzaFault::Close => return Ok(()),
            }
            if let Some(earlier) = held.take() {
                receive(earlier);
            }
        }
        let data = tokio::select! {
            () = closed.cancelled() => return Ok(()),
            data = next_bytes(stream) => data?,
        };
        match data {
            Some(data) => frames.feed(&data),
            None => return Ok(()),
        }
    }
}

fn decode(
    cipher: &NoiseCipher,
    counter: u32,
    mut frame: BytesMut,
) -> Result<Node, ConnectionError> {
    cipher
        .decrypt_in_place_with_counter(counter, &mut frame)
        .map_err(|error| ConnectionError::Decrypt(error.to_string()))?;
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
        let mut held = None;
        loop {
            let outgoing = match self.outbox.try_next() {
                Some(outgoing) => outgoing,
                None => {
                    self.sink.flush().await?;
                    self.outbox.next().await
                }
            };
            let stanza = match outgoing {
                Outgoing::Stanza(stanza) => stanza,
                Outgoing::Waited(stanza) => Arc::new(mark_offline(&stanza)),
                Outgoing::Close => {
                    // The client may be gone already: then there is nobody to say goodbye to.
                    self.sink.close().await.ok();
                    return Ok(());
                }
            };
            let next = match self.network.faults.outgoing(&self.outbox.peer(), &stanza) {
                StanzaFault::None => self.write(&stanza).await?,
                StanzaFault::Drop => continue,
                StanzaFault::Delay(delay) => {
                    self.sink.flush().await?;
                    self.network.clock.sleep(delay).await;
                    self.write(&stanza).await?
                }
                StanzaFault::Duplicate => match self.write(&stanza).await? {
                    Next::Go => self.write(&stanza).await?,
                    Next::End => Next::End,
                },
                StanzaFault::Hold => {
                    let earlier = held.replace(stanza);
                    match earlier {
                        Some(earlier) => self.write(&earlier).await?,
                        None => Next::Go,
                    };
                    continue;
                }
                StanzaFault::Replace(other) => self.write(&other).await?,
                StanzaFault::Close => Next::End,
            };
            let next = match (next, held.take()) {
                (Next::Go, Some(earlier)) => self.write(&earlier).await?,
                (next, _) => next,
            };
            if next == Next::End {
                self.sink.flush().await?;
                return Ok(());
            }
        }
    }

    async fn write(&mut self, stanza: &Node) -> Result<Next, ConnectionError> {
        let mut bytes = marshal::marshal(stanza)?;
        self.cipher
            .encrypt_in_place_with_counter(self.counter, &mut bytes)
            .map_err(|error| ConnectionError::Decrypt(error.to_string()))?;
        self.counter += 1;
        let mut frame = encode_frame(&bytes, None)
            .map_err(|error| ConnectionError::Frame(error.to_string()))?;
        let next = match self.network.faults.frame(&self.outbox.peer(), &frame) {
            FrameFault::None => Next::Go,
            FrameFault::Damage { position, mask } => {
                let position = position % frame.len().max(1);
                if let Some(byte) = frame.get_mut(position) {
                    *byte ^= mask;
                }
                Next::Go
            }
            FrameFault::Replace(other) => {
                frame = other;
                Next::Go
            }
            FrameFault::CutAfter(length) => {
                frame.truncate(length);
                Next::End
            }
        };
        self.sink.feed(Message::Binary(frame.into())).await?;
        Ok(next)
    }
}
