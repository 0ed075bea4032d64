//! The responder of the three Noise patterns: XX on first contact, IK once the client knows our key, and XXfallback when the
//! key that it knows is no longer ours.

use rand::rngs::StdRng;
use wacore_binary::consts::{
    NOISE_PATTERN_IK, NOISE_PATTERN_XX, NOISE_PATTERN_XXFALLBACK, WA_CONN_HEADER,
};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;

use super::ServerIdentity;

/// What the handshake agreed on.
pub(crate) struct Established {
    /// Decrypts what the client sends.
    pub(crate) read: NoiseCipher,
    /// Encrypts what the client gets.
    pub(crate) write: NoiseCipher,
    /// The client's static key: a companion is known by it.
    pub(crate) client_key: [u8; 32],
    pub(crate) payload: wa::ClientPayload,
    pub(crate) pattern: Pattern,
}

/// Which of the three patterns was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Xx,
    Ik,
    XxFallback,
}

/// A handshake under way: fed with the client's frames, one after the other.
pub(crate) enum Handshake {
    /// Nothing received yet.
    Hello,
    /// Answered the hello; the client's static key is still to come.
    Finish {
        noise: NoiseHandshake,
        ephemeral: KeyPair,
        pattern: Pattern,
    },
}

/// What one frame led to.
pub(crate) enum Step {
    /// Send this and wait for the client's next frame.
    Answer(Vec<u8>, Handshake),
    /// Both sides have their keys. The bytes, if any, are still to be sent unencrypted.
    Done(Option<Vec<u8>>, Box<Established>),
}

/// Why a handshake failed; the connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("the frame is not a handshake message: {0}")]
    Protobuf(#[from] waproto::buffa::DecodeError),
    #[error("the message lacks {0}")]
    Missing(&'static str),
    #[error("a key has {0} bytes instead of 32")]
    KeyLength(usize),
    #[error("cryptography refused: {0}")]
    Crypto(String),
}

impl Handshake {
    /// Takes the client's next frame.
    pub(crate) fn receive(
        self,
        server: &ServerIdentity,
        random: &mut StdRng,
        frame: &[u8],
    ) -> Result<Step, HandshakeError> {
        let message = wa::HandshakeMessage::decode_from_slice(frame)?;
        match self {
            Self::Hello => {
                let hello = message
                    .client_hello
                    .into_option()
                    .ok_or(HandshakeError::Missing("client_hello"))?;
                on_hello(server, random, hello)
            }
            Self::Finish {
                noise,
                ephemeral,
                pattern,
            } => {
                let finish = message
                    .client_finish
                    .into_option()
                    .ok_or(HandshakeError::Missing("client_finish"))?;
                on_finish(noise, &ephemeral, pattern, finish)
            }
        }
    }
}

fn on_hello(
    server: &ServerIdentity,
    random: &mut StdRng,
    hello: wa::handshake_message::ClientHello,
) -> Result<Step, HandshakeError> {
    let client_ephemeral = key(&hello
        .ephemeral
        .ok_or(HandshakeError::Missing("ephemeral"))?)?;
    let (Some(client_static), Some(payload)) = (hello.r#static, hello.payload) else {
        return xx(server, random, client_ephemeral, Pattern::Xx);
    };
    match ik(server, random, client_ephemeral, &client_static, &payload) {
        Ok(step) => Ok(step),
        Err(error) => {
            tracing::debug!(%error, "the client knows another server key: falling back to XX");
            xx(server, random, client_ephemeral, Pattern::XxFallback)
        }
    }
}

/// Tokens of the answer: e, ee, s, es; then our certificates.
fn xx(
    server: &ServerIdentity,
    random: &mut StdRng,
    client_ephemeral: [u8; 32],
    pattern: Pattern,
) -> Result<Step, HandshakeError> {
    let name = match pattern {
        Pattern::XxFallback => NOISE_PATTERN_XXFALLBACK,
        Pattern::Xx | Pattern::Ik => NOISE_PATTERN_XX,
    };
    let mut noise = NoiseHandshake::new(name, &WA_CONN_HEADER).map_err(crypto)?;
    noise.authenticate(&client_ephemeral);
    let ephemeral = KeyPair::generate(random);
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    noise
        .mix_shared_secret(ephemeral.private_key.serialize(), &client_ephemeral)
        .map_err(crypto)?;
    let encrypted_static = noise
        .encrypt(server.key.public_key.public_key_bytes())
        .map_err(crypto)?;
    noise
        .mix_shared_secret(server.key.private_key.serialize(), &client_ephemeral)
        .map_err(crypto)?;
    let encrypted_chain = noise.encrypt(server.chain()).map_err(crypto)?;
    let answer = server_hello(&ephemeral, Some(encrypted_static), encrypted_chain);
    Ok(Step::Answer(
        answer,
        Handshake::Finish {
            noise,
            ephemeral,
            pattern,
        },
    ))
}

/// The client's tokens: e, es, s, ss; ours: e, ee, se. Our static key is known to it and is not sent.
fn ik(
    server: &ServerIdentity,
    random: &mut StdRng,
    client_ephemeral: [u8; 32],
    client_static: &[u8],
    payload: &[u8],
) -> Result<Step, HandshakeError> {
    let own = server.key.private_key.serialize();
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER).map_err(crypto)?;
    noise.authenticate(server.key.public_key.public_key_bytes());
    noise.authenticate(&client_ephemeral);
    noise
        .mix_shared_secret(own, &client_ephemeral)
        .map_err(crypto)?;
    let client_key = key(&noise.decrypt(client_static).map_err(crypto)?)?;
    noise.mix_shared_secret(own, &client_key).map_err(crypto)?;
    let payload = wa::ClientPayload::decode_from_slice(&noise.decrypt(payload).map_err(crypto)?)?;

    let ephemeral = KeyPair::generate(random);
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    let own_ephemeral = ephemeral.private_key.serialize();
    noise
        .mix_shared_secret(own_ephemeral, &client_ephemeral)
        .map_err(crypto)?;
    noise
        .mix_shared_secret(own_ephemeral, &client_key)
        .map_err(crypto)?;
    let encrypted_chain = noise.encrypt(server.chain()).map_err(crypto)?;
    let (read, write) = noise.finish().map_err(crypto)?;
    Ok(Step::Done(
        Some(server_hello(&ephemeral, None, encrypted_chain)),
        Box::new(Established {
            read,
            write,
            client_key,
            payload,
            pattern: Pattern::Ik,
        }),
    ))
}

fn on_finish(
    mut noise: NoiseHandshake,
    ephemeral: &KeyPair,
    pattern: Pattern,
    finish: wa::handshake_message::ClientFinish,
) -> Result<Step, HandshakeError> {
    let encrypted_static = finish.r#static.ok_or(HandshakeError::Missing("static"))?;
    let encrypted_payload = finish.payload.ok_or(HandshakeError::Missing("payload"))?;
    let client_key = key(&noise.decrypt(&encrypted_static).map_err(crypto)?)?;
    noise
        .mix_shared_secret(ephemeral.private_key.serialize(), &client_key)
        .map_err(crypto)?;
    let payload = noise.decrypt(&encrypted_payload).map_err(crypto)?;
    let payload = wa::ClientPayload::decode_from_slice(&payload)?;
    let (read, write) = noise.finish().map_err(crypto)?;
    Ok(Step::Done(
        None,
        Box::new(Established {
            read,
            write,
            client_key,
            payload,
            pattern,
        }),
    ))
}

fn server_hello(ephemeral: &KeyPair, r#static: Option<Vec<u8>>, payload: Vec<u8>) -> Vec<u8> {
    wa::HandshakeMessage {
        server_hello: MessageField::some(wa::handshake_message::ServerHello {
            ephemeral: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            r#static,
            payload: Some(payload),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}

fn key(bytes: &[u8]) -> Result<[u8; 32], HandshakeError> {
    bytes
        .try_into()
        .map_err(|_| HandshakeError::KeyLength(bytes.len()))
}

fn crypto(error: impl std::fmt::Display) -> HandshakeError {
    HandshakeError::Crypto(error.to_string())
}
