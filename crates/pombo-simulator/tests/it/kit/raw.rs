//! A client that speaks the protocol and does nothing by itself: it sends what a test wants it to send.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use pombo_simulator::Simulator;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Node, OwnedNodeRef, marshal};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{NoiseCipher, XxHandshakeState};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct RawClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: FrameDecoder,
    read: NoiseCipher,
    write: NoiseCipher,
    received: u32,
    sent: u32,
    /// How many bytes go into one WebSocket message.
    piece: usize,
}

/// How a raw client connects.
pub(crate) struct Approach {
    /// Sent before the prologue.
    pub(crate) routing: Option<Vec<u8>>,
    /// How many bytes go into one WebSocket message.
    pub(crate) piece: usize,
    pub(crate) payload: wa::ClientPayload,
}

impl Default for Approach {
    fn default() -> Self {
        Self {
            routing: None,
            piece: usize::MAX,
            payload: wa::ClientPayload::default(),
        }
    }
}

fn random() -> rand::rngs::StdRng {
    rand::make_rng()
}

impl RawClient {
    /// Connects and does the handshake.
    pub(crate) async fn connect(simulator: &Simulator, approach: Approach) -> Self {
        let (socket, _) = connect_async(simulator.url())
            .await
            .expect("the simulator listens");
        let mut start = Vec::new();
        if let Some(routing) = approach.routing {
            start.extend_from_slice(b"ED\x00\x01");
            start.extend_from_slice(
                &u32::try_from(routing.len()).expect("short").to_be_bytes()[1..],
            );
            start.extend_from_slice(&routing);
        }
        let mut handshake = XxHandshakeState::new(
            KeyPair::generate(&mut random()),
            approach.payload.encode_to_vec(),
            &WA_CONN_HEADER,
        )
        .expect("a handshake");
        start.extend_from_slice(&WA_CONN_HEADER);
        let hello = handshake.build_client_hello().expect("a hello");
        start.extend_from_slice(&encode_frame(&hello, None).expect("a frame"));
        let mut socket = socket;
        send_pieces(&mut socket, &start, approach.piece).await;
        let mut frames = FrameDecoder::new();
        let answer = next_frame(&mut socket, &mut frames)
            .await
            .expect("the server's hello");
        let finish = handshake
            .read_server_hello_and_build_client_finish(&answer)
            .expect("the server's hello is valid");
        let finish = encode_frame(&finish, None).expect("a frame");
        send_pieces(&mut socket, &finish, approach.piece).await;
        let outcome = handshake.finish().expect("the handshake is complete");
        Self {
            socket,
            frames,
            read: outcome.read_cipher,
            write: outcome.write_cipher,
            received: 0,
            sent: 0,
            piece: approach.piece,
        }
    }

    /// The next stanza; `None` when the server has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Node> {
        let mut frame = next_frame(&mut self.socket, &mut self.frames).await?;
        self.read
            .decrypt_in_place_with_counter(self.received, &mut frame)
            .expect("the frame is for us");
        self.received += 1;
        let bytes = wacore_binary::util::unpack_bytes(frame).expect("a stanza");
        Some(OwnedNodeRef::new(bytes).expect("a stanza").to_owned_node())
    }

    /// Waits for a stanza, passing over others.
    pub(crate) async fn wait(&mut self, find: impl Fn(&Node) -> bool) -> Node {
        loop {
            let stanza = self.next().await.expect("the connection is open");
            if find(&stanza) {
                return stanza;
            }
        }
    }

    pub(crate) async fn send(&mut self, stanza: &Node) {
        let bytes = self.encode(stanza);
        send_pieces(&mut self.socket, &bytes, self.piece).await;
    }

    /// Several stanzas in one WebSocket message.
    pub(crate) async fn send_joined(&mut self, stanzas: &[Node]) {
        let bytes: Vec<u8> = stanzas
            .iter()
            .flat_map(|stanza| self.encode(stanza))
            .collect();
        send_pieces(&mut self.socket, &bytes, usize::MAX).await;
    }

    /// Bytes that are no frame of ours.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        send_pieces(&mut self.socket, bytes, usize::MAX).await;
    }

    fn encode(&mut self, stanza: &Node) -> Vec<u8> {
        let mut bytes = marshal::marshal(stanza).expect("a stanza");
        self.write
            .encrypt_in_place_with_counter(self.sent, &mut bytes)
            .expect("encryption");
        self.sent += 1;
        encode_frame(&bytes, None).expect("a frame")
    }
}

async fn send_pieces(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    bytes: &[u8],
    piece: usize,
) {
    for part in bytes.chunks(piece.min(bytes.len().max(1))) {
        socket
            .send(Message::Binary(part.to_vec().into()))
            .await
            .expect("the connection is open");
    }
}

async fn next_frame(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: &mut FrameDecoder,
) -> Option<bytes::BytesMut> {
    let search = async {
        loop {
            if let Some(frame) = frames.decode_frame() {
                return Some(frame);
            }
            match socket.next().await {
                Some(Ok(Message::Binary(data))) => frames.feed(&data),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, search)
        .await
        .expect("the server says something in time")
}
