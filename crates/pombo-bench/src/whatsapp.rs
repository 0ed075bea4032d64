//! A client of WhatsApp's protocol that costs little: it links itself, logs in, and then passes opaque bytes as ciphertext. It
//! has no sessions and no store, so that a thousand of them fit beside the simulator that they load.

use std::io;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wacore::companion_reg::CompanionWebClientType;
use wacore::pair::{DeviceState, PairUtils};
use wacore::store::Device;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::consts::{NOISE_PATTERN_XX, WA_CONN_HEADER};
use wacore_binary::{Jid, Node, NodeContent, OwnedNodeRef, marshal};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Writes stanzas.
pub struct Sender {
    sink: SplitSink<Socket, Message>,
    cipher: NoiseCipher,
    sent: u32,
}

/// Reads stanzas.
pub struct Receiver {
    stream: SplitStream<Socket>,
    frames: FrameDecoder,
    cipher: NoiseCipher,
    received: u32,
}

/// A linked client that is online.
pub struct Client {
    /// Its address, with its device.
    pub jid: Jid,
    /// Writes stanzas.
    pub sender: Sender,
    /// Reads stanzas.
    pub receiver: Receiver,
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

impl Sender {
    /// Sends a stanza.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send(&mut self, stanza: &Node) -> io::Result<()> {
        let mut bytes = marshal::marshal(stanza).map_err(broken)?;
        self.cipher
            .encrypt_in_place_with_counter(self.sent, &mut bytes)
            .map_err(broken)?;
        self.sent += 1;
        let frame = encode_frame(&bytes, None).map_err(broken)?;
        self.sink
            .send(Message::Binary(frame.into()))
            .await
            .map_err(broken)
    }
}

impl Receiver {
    /// The next stanza.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn next(&mut self) -> io::Result<OwnedNodeRef> {
        let mut frame = next_frame(&mut self.stream, &mut self.frames).await?;
        self.cipher
            .decrypt_in_place_with_counter(self.received, &mut frame)
            .map_err(broken)?;
        self.received += 1;
        let bytes = wacore_binary::util::unpack_bytes(frame).map_err(broken)?;
        OwnedNodeRef::new(bytes).map_err(broken)
    }

    /// The next stanza of this name; others are passed over.
    async fn tag(&mut self, tag: &str) -> io::Result<Node> {
        loop {
            let stanza = self.next().await?;
            if stanza.tag() == tag {
                return Ok(stanza.to_owned_node());
            }
        }
    }
}

async fn next_frame(
    stream: &mut (
             impl futures_util::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>>
             + Unpin
         ),
    frames: &mut FrameDecoder,
) -> io::Result<bytes::BytesMut> {
    loop {
        if let Some(frame) = frames.decode_frame() {
            return Ok(frame);
        }
        match stream.next().await {
            Some(Ok(Message::Binary(data))) => frames.feed(&data),
            Some(Ok(Message::Close(_))) | None => {
                return Err(broken("the server closed the connection"));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(broken(error)),
        }
    }
}

async fn connect(url: &str, device: &Device) -> io::Result<(Sender, Receiver)> {
    let (mut socket, _) = connect_async(url).await.map_err(broken)?;
    let payload = device.get_client_payload().encode_to_vec();
    // Noise XX, without a look at the server's certificate: it is a simulator's.
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER).map_err(broken)?;
    let ephemeral = KeyPair::generate(&mut rand::make_rng::<rand::rngs::StdRng>());
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    let hello = wa::HandshakeMessage {
        client_hello: MessageField::some(wa::handshake_message::ClientHello {
            ephemeral: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let hello = encode_frame(&hello.encode_to_vec(), Some(&WA_CONN_HEADER)).map_err(broken)?;
    socket
        .send(Message::Binary(hello.into()))
        .await
        .map_err(broken)?;
    let mut frames = FrameDecoder::new();
    let answer = next_frame(&mut socket, &mut frames).await?;
    let answer = wa::HandshakeMessage::decode_from_slice(&answer).map_err(broken)?;
    let answer = answer
        .server_hello
        .as_option()
        .ok_or_else(|| broken("no answer to the hello"))?;
    let key = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| broken("not a key"));
    let server = key(answer.ephemeral.as_deref().unwrap_or_default())?;
    noise.authenticate(&server);
    noise
        .mix_shared_secret(ephemeral.private_key.serialize(), &server)
        .map_err(broken)?;
    let known = noise
        .decrypt(answer.r#static.as_deref().unwrap_or_default())
        .map_err(broken)?;
    noise
        .mix_shared_secret(ephemeral.private_key.serialize(), &key(&known)?)
        .map_err(broken)?;
    noise
        .decrypt(answer.payload.as_deref().unwrap_or_default())
        .map_err(broken)?;
    let own = noise
        .encrypt(device.noise_key.public_key.public_key_bytes())
        .map_err(broken)?;
    noise
        .mix_shared_secret(device.noise_key.private_key.serialize(), &server)
        .map_err(broken)?;
    let finish = wa::HandshakeMessage {
        client_finish: MessageField::some(wa::handshake_message::ClientFinish {
            r#static: Some(own),
            payload: Some(noise.encrypt(&payload).map_err(broken)?),
            ..Default::default()
        }),
        ..Default::default()
    };
    let finish = encode_frame(&finish.encode_to_vec(), None).map_err(broken)?;
    socket
        .send(Message::Binary(finish.into()))
        .await
        .map_err(broken)?;
    let (write, read) = noise.finish().map_err(broken)?;
    let (sink, stream) = socket.split();
    Ok((
        Sender {
            sink,
            cipher: write,
            sent: 0,
        },
        Receiver {
            stream,
            frames,
            cipher: read,
            received: 0,
        },
    ))
}

impl Client {
    /// Links a new client by a QR code, which `scan` shows to a phone, and logs it in.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn link<S, F>(url: &str, scan: S) -> io::Result<Self>
    where
        S: FnOnce(String) -> F,
        F: Future<Output = io::Result<()>>,
    {
        let mut device = Device::new();
        let state = DeviceState {
            identity_key: device.identity_key.clone(),
            noise_key: device.noise_key.clone(),
            adv_secret_key: device.adv_secret_key,
        };
        let (mut sender, mut receiver) = connect(url, &device).await?;
        let offer = receiver.tag("iq").await?;
        let reference = offer
            .get_optional_child("pair-device")
            .and_then(|offer| offer.get_optional_child("ref"))
            .and_then(Node::content_as_string)
            .ok_or_else(|| broken("no QR code"))?;
        if let Some(answer) = PairUtils::build_ack_node(&offer) {
            sender.send(&answer).await?;
        }
        scan(PairUtils::make_qr_data(
            &state,
            &reference,
            CompanionWebClientType::Chrome,
        ))
        .await?;
        let success = receiver.tag("iq").await?;
        let id = success
            .attrs
            .get("id")
            .map(|id| id.as_str().into_owned())
            .unwrap_or_default();
        let success = success
            .get_optional_child("pair-success")
            .ok_or_else(|| broken("not linked"))?;
        let identity = match success
            .get_optional_child("device-identity")
            .map(|node| &node.content)
        {
            Some(Some(NodeContent::Bytes(bytes))) => bytes,
            _ => return Err(broken("no identity")),
        };
        let (signed, key_index) =
            PairUtils::do_pair_crypto(&state, identity).map_err(|error| broken(error.text))?;
        let jid = success
            .get_optional_child("device")
            .and_then(|device| device.attrs.get("jid")?.to_jid())
            .ok_or_else(|| broken("no address"))?;
        sender
            .send(&PairUtils::build_pair_success_response(
                &id, signed, key_index,
            ))
            .await?;
        receiver.tag("stream:error").await?;
        device.pn = Some(jid.clone());
        let (mut sender, mut receiver) = connect(url, &device).await?;
        receiver.tag("success").await?;
        let active = NodeBuilder::new("iq")
            .attr("id", "active")
            .attr("type", "set")
            .attr("xmlns", "passive")
            .attr("to", "s.whatsapp.net")
            .children([NodeBuilder::new("active").build()])
            .build();
        sender.send(&active).await?;
        receiver.tag("iq").await?;
        Ok(Self {
            jid,
            sender,
            receiver,
        })
    }
}

/// A direct message with `size` bytes of what passes for ciphertext, for one device.
#[must_use]
pub fn message(to: &Jid, id: &str, size: usize) -> Node {
    let encrypted = NodeBuilder::new("enc")
        .attr("v", "2")
        .attr("type", "msg")
        .bytes(vec![7; size])
        .build();
    NodeBuilder::new("message")
        .attr("to", to.to_non_ad())
        .attr("id", id)
        .attr("type", "text")
        .attr("device_fanout", "false")
        .children([NodeBuilder::new("participants")
            .children([NodeBuilder::new("to")
                .attr("jid", to.clone())
                .children([encrypted])
                .build()])
            .build()])
        .build()
}

/// What a client answers to a stanza that must be answered: a receipt for a message, an acknowledgement for a receipt and a
/// notification.
#[must_use]
pub fn answer(stanza: &OwnedNodeRef) -> Option<Node> {
    let text = |name| {
        stanza
            .get_attr(name)
            .map(|value| value.as_str().into_owned())
    };
    let (id, from) = (text("id")?, stanza.get_attr("from")?.to_jid()?);
    match stanza.tag() {
        "message" => Some(
            NodeBuilder::new("receipt")
                .attr("id", id)
                .attr("to", from)
                .build(),
        ),
        class @ ("receipt" | "notification") => {
            let mut ack = NodeBuilder::new("ack")
                .attr("id", id)
                .attr("to", from)
                .attr("class", class.to_owned());
            if let Some(kind) = text("type") {
                ack = ack.attr("type", kind);
            }
            Some(ack.build())
        }
        _ => None,
    }
}
