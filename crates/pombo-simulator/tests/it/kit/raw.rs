//! A client that speaks the protocol and does nothing by itself: it sends what a test wants it to send.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use pombo_simulator::Simulator;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Jid, Node, NodeContent, OwnedNodeRef, marshal};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{NoiseCipher, XxHandshakeState};
use waproto::buffa::{Message as _, MessageField};
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
    /// The client's static key.
    pub(crate) key: KeyPair,
}

impl Default for Approach {
    fn default() -> Self {
        Self {
            routing: None,
            piece: usize::MAX,
            payload: wa::ClientPayload::default(),
            key: KeyPair::generate(&mut random()),
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
            approach.key,
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

/// A raw client that is linked and logged in.
pub(crate) struct RawCompanion {
    pub(crate) connection: RawClient,
    pub(crate) number: String,
    pub(crate) lid: String,
    pub(crate) device: u16,
    key: KeyPair,
    identity: KeyPair,
    signed: KeyPair,
}

impl RawCompanion {
    /// How a client comes that wants to be linked, with keys that nobody has.
    pub(crate) fn registration() -> Approach {
        let keys = wa::client_payload::DevicePairingRegistrationData {
            e_regid: Some(vec![0, 0, 0, 7]),
            e_skey_id: Some(vec![0, 0, 1]),
            e_skey_val: Some(vec![1; 32]),
            e_skey_sig: Some(vec![2; 64]),
            ..Default::default()
        };
        Approach {
            payload: wa::ClientPayload {
                device_pairing_data: MessageField::some(keys),
                ..Default::default()
            },
            ..Approach::default()
        }
    }

    /// Links a client to the account of that number, which is made if need be, and fetches its stanzas.
    pub(crate) async fn linked(simulator: &Simulator, number: &str) -> Self {
        simulator.add_account(number, "Test");
        let random = &mut random();
        let key = KeyPair::generate(random);
        let identity = KeyPair::generate(random);
        let signed_pre_key = KeyPair::generate(random);
        let signature = identity
            .calculate_signature(&signed_pre_key.public_key.serialize(), random)
            .expect("a signature");
        let payload = wa::ClientPayload {
            device_pairing_data: MessageField::some(
                wa::client_payload::DevicePairingRegistrationData {
                    e_regid: Some(vec![0, 0, 0, 7]),
                    e_keytype: Some(vec![5]),
                    e_ident: Some(public(&identity)),
                    e_skey_id: Some(vec![0, 0, 1]),
                    e_skey_val: Some(public(&signed_pre_key)),
                    e_skey_sig: Some(signature.to_vec()),
                    ..Default::default()
                },
            ),
            ..Default::default()
        };
        let approach = Approach {
            payload,
            key: key.clone(),
            ..Approach::default()
        };
        let mut pairing = RawClient::connect(simulator, approach).await;
        let offer = pairing.next().await.expect("the references");
        let reference = offer
            .get_optional_child("pair-device")
            .and_then(|pair| pair.get_optional_child("ref"))
            .and_then(|reference| reference.content_as_string())
            .expect("a reference");
        let secret = [9; 32];
        let qr = format!(
            "{reference},{},{},{}",
            STANDARD.encode(public(&key)),
            STANDARD.encode(public(&identity)),
            STANDARD.encode(secret)
        );
        let device = simulator.scan(number, &qr).expect("the code is valid");
        let success = pairing.next().await.expect("the pairing");
        let request = attribute(&success, "id");
        let success = success
            .get_optional_child("pair-success")
            .expect("the pairing");
        let lid = success
            .get_optional_child("device")
            .and_then(|device| device.attrs.get("lid"))
            .and_then(|lid| lid.to_jid())
            .expect("a LID");
        assert_eq!(lid.device, device);
        let signed = success
            .get_optional_child("device-identity")
            .map(bytes)
            .expect("an identity");
        let signed = wa::ADVSignedDeviceIdentityHMAC::decode_from_slice(&signed)
            .expect("an identity")
            .details
            .expect("an identity");
        let mut signed =
            wa::ADVSignedDeviceIdentity::decode_from_slice(&signed).expect("an identity");
        let details = signed.details.clone().expect("details");
        let account = signed.account_signature_key.clone().expect("a key");
        let message = [&[6, 1][..], &details, &public(&identity), &account].concat();
        let signature = identity
            .calculate_signature(&message, random)
            .expect("a signature");
        signed.device_signature = Some(signature.to_vec());
        let confirmation = NodeBuilder::new("iq")
            .attr("id", request)
            .attr("type", "result")
            .children([NodeBuilder::new("pair-device-sign")
                .children([NodeBuilder::new("device-identity")
                    .bytes(signed.encode_to_vec())
                    .build()])
                .build()])
            .build();
        pairing.send(&confirmation).await;
        let restart = pairing.next().await.expect("the restart");
        assert_eq!(attribute(&restart, "code"), "515");
        assert!(pairing.next().await.is_none());
        let mut companion = Self {
            connection: Self::login(simulator, number, device, key.clone()).await,
            number: number.to_owned(),
            lid: lid.user.to_string(),
            device,
            key,
            identity,
            signed: signed_pre_key,
        };
        companion.activate().await;
        companion
    }

    /// Connects anew; the stanzas are not fetched yet.
    pub(crate) async fn reconnect(&mut self, simulator: &Simulator) {
        self.connection = Self::login(simulator, &self.number, self.device, self.key.clone()).await;
    }

    async fn login(simulator: &Simulator, number: &str, device: u16, key: KeyPair) -> RawClient {
        let approach = Approach {
            payload: wa::ClientPayload {
                username: Some(number.parse().expect("digits")),
                device: Some(u32::from(device)),
                ..Default::default()
            },
            key,
            ..Approach::default()
        };
        let mut connection = RawClient::connect(simulator, approach).await;
        let success = connection.next().await.expect("the login");
        assert_eq!(success.tag, "success");
        let lid = success.attrs.get("lid").and_then(|lid| lid.to_jid());
        assert_eq!(lid.map(|lid| lid.device), Some(device));
        connection
    }

    /// An upload of that many one-time keys; its id is `upload`.
    pub(crate) fn upload(&self, count: u32) -> Node {
        let random = &mut random();
        let node = |tag: &'static str, bytes: Vec<u8>| NodeBuilder::new(tag).bytes(bytes).build();
        let keys = (1..=count).map(|id| {
            NodeBuilder::new("key")
                .children([
                    node("id", id.to_be_bytes()[1..].to_vec()),
                    node("value", public(&KeyPair::generate(random))),
                ])
                .build()
        });
        let keys: Vec<Node> = keys.collect();
        let signature = self
            .identity
            .calculate_signature(&self.signed.public_key.serialize(), random)
            .expect("a signature");
        NodeBuilder::new("iq")
            .attr("id", "upload")
            .attr("xmlns", "encrypt")
            .attr("type", "set")
            .attr("to", "s.whatsapp.net")
            .children([
                node("registration", vec![0, 0, 0, 7]),
                node("type", vec![5]),
                node("identity", public(&self.identity)),
                NodeBuilder::new("list").children(keys).build(),
                NodeBuilder::new("skey")
                    .children([
                        node("id", vec![0, 0, 1]),
                        node("value", public(&self.signed)),
                        node("signature", signature.to_vec()),
                    ])
                    .build(),
            ])
            .build()
    }

    /// Asks for its stanzas.
    pub(crate) async fn activate(&mut self) {
        let active = NodeBuilder::new("iq")
            .attr("id", "active")
            .attr("xmlns", "passive")
            .attr("type", "set")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new("active").build()])
            .build();
        self.connection.send(&active).await;
        self.connection
            .wait(|stanza| stanza.tag == "iq" && attribute(stanza, "id") == "active")
            .await;
    }

    pub(crate) async fn send(&mut self, stanza: Node) {
        self.connection.send(&stanza).await;
    }

    /// The next stanza of that name.
    pub(crate) async fn next(&mut self, tag: &str) -> Node {
        self.connection.wait(|stanza| stanza.tag == tag).await
    }

    pub(crate) fn pn(&self) -> Jid {
        Jid::pn_device(self.number.as_str(), self.device)
    }

    pub(crate) fn lid(&self) -> Jid {
        Jid::lid_device(self.lid.as_str(), self.device)
    }
}

fn public(pair: &KeyPair) -> Vec<u8> {
    pair.public_key.public_key_bytes().to_vec()
}

/// An attribute as text; empty when it is missing.
pub(crate) fn attribute(stanza: &Node, key: &str) -> String {
    stanza
        .attrs
        .get(key)
        .map(|value| value.as_str().into_owned())
        .unwrap_or_default()
}

fn bytes(node: &Node) -> Vec<u8> {
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
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
