//! Pairing with an 8-character code that the client shows and the user types into the phone.
//!
//! The client wraps an ephemeral key with the code; the phone, once the code is typed, answers with an ephemeral key of its own,
//! wrapped the same way. From the two and from both identities comes the secret that a QR code would have carried.

use std::collections::HashMap;
use std::sync::Arc;

use wacore::pair_code::PairCodeUtils;
use wacore_binary::Node;
use wacore_libsignal::crypto::aes_256_gcm_decrypt;
use wacore_libsignal::protocol::{KeyPair, PublicKey};

use super::answer::{Answer, Refusal, Reply, result};
use super::pair_device::{self, PairingError};
use super::passkey;
use crate::connection::Outgoing;
use crate::network::{AccountId, ConnectionId, Network, State};
use crate::node::{NodeExt as _, node, service};
use crate::noise::certificate::public_bytes;

/// How long a code can be typed.
const VALID_MS: u64 = 180_000;

/// Clients that wait for their code to be typed.
#[derive(Default)]
pub(crate) struct LinkCodes {
    waiting: HashMap<AccountId, Waiting>,
}

struct Waiting {
    connection: ConnectionId,
    reference: String,
    /// The client's ephemeral key, wrapped with the code.
    wrapped: Vec<u8>,
    /// Milliseconds.
    until: u64,
    hello: Option<Hello>,
}

/// The code was typed.
struct Hello {
    ephemeral: KeyPair,
    /// The client's ephemeral key, if the code was right; otherwise some other bytes.
    client_ephemeral: [u8; 32],
}

impl LinkCodes {
    /// The client has gone, or is linked.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.waiting
            .retain(|_, waiting| waiting.connection != connection);
    }

    pub(crate) fn is_waiting(&self, connection: ConnectionId) -> bool {
        self.waiting
            .values()
            .any(|waiting| waiting.connection == connection)
    }
}

/// `<link_code_companion_reg>`, in its two stages.
pub(crate) fn answer(state: &mut State, id: ConnectionId, iq: &Node) -> Answer {
    let registration = iq
        .child("link_code_companion_reg")
        .ok_or(Refusal::Unknown)?;
    let jid = registration
        .jid("jid")
        .ok_or(Refusal::Malformed("a code for nobody"))?;
    // A number that is not on WhatsApp cannot be linked to.
    let account = state.resolve(&jid).ok_or(Refusal::BAD_REQUEST)?;
    match registration.text("stage").as_ref() {
        "companion_hello" => hello(state, id, account, registration),
        "companion_finish" => finish(state, id, account, iq, registration),
        _ => Err(Refusal::Unknown),
    }
}

/// The client shows a code.
fn hello(state: &mut State, id: ConnectionId, account: AccountId, registration: &Node) -> Answer {
    let wrapped = registration
        .child("link_code_pairing_wrapped_companion_ephemeral_pub")
        .map(|wrapped| wrapped.body().to_vec())
        .filter(|wrapped| wrapped.len() == 80)
        .ok_or(Refusal::Malformed("a code without a wrapped key"))?;
    let reference = format!("3@{}", state.random.hex::<16>());
    let until = state.clock.now_ms() + VALID_MS;
    state.link_codes.waiting.insert(
        account,
        Waiting {
            connection: id,
            reference: reference.clone(),
            wrapped,
            until,
            hello: None,
        },
    );
    Reply::node(
        node("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .children([node("link_code_pairing_ref")
                .bytes(reference.into_bytes())
                .build()])
            .build(),
    )
}

/// The user types a code into the phone of that number. The derivation of the key is slow on purpose, so it runs aside.
///
/// A wrong code cannot be told from a right one here: what comes of it is known when the client answers.
pub(crate) async fn type_code(
    network: &Arc<Network>,
    phone_number: &str,
    code: &str,
) -> Result<(), PairingError> {
    let code = code.replace(['-', ' '], "").to_uppercase();
    let (account, reference, wrapped, ephemeral) = network.with(|state| {
        let account = state
            .account_of(phone_number)
            .ok_or(PairingError::NoAccount)?
            .id;
        let now = state.clock.now_ms();
        let ephemeral = state.random.key_pair();
        let waiting = state
            .link_codes
            .waiting
            .get(&account)
            .ok_or(PairingError::NoCodeRequested)?;
        if now >= waiting.until {
            return Err(PairingError::Expired);
        }
        Ok((
            account,
            waiting.reference.clone(),
            waiting.wrapped.clone(),
            ephemeral,
        ))
    })?;
    let own = public_bytes(&ephemeral);
    let derived = tokio::task::spawn_blocking(move || {
        let client = PairCodeUtils::decrypt_primary_ephemeral_pub(&wrapped, &code).ok()?;
        Some((client, PairCodeUtils::encrypt_ephemeral_pub(&own, &code)))
    })
    .await;
    let Ok(Some((client_ephemeral, wrapped))) = derived else {
        return Err(PairingError::WrongCode);
    };
    network.with(|state| {
        let now = state.clock.now();
        let stanza_id = state.stanza_id();
        let identity = state
            .account(account)
            .ok_or(PairingError::NoAccount)?
            .identity
            .public();
        let waiting = state
            .link_codes
            .waiting
            .get_mut(&account)
            .filter(|waiting| waiting.reference == reference)
            .ok_or(PairingError::NoCodeRequested)?;
        waiting.hello = Some(Hello {
            ephemeral,
            client_ephemeral,
        });
        let connection = waiting.connection;
        let child = |tag: &'static str, bytes: Vec<u8>| node(tag).bytes(bytes).build();
        let notification = node("notification")
            .attr("from", service())
            .attr("type", "link_code_companion_reg")
            .attr("id", stanza_id)
            .attr("t", now)
            .children([node("link_code_companion_reg")
                .attr("stage", "primary_hello")
                .children([
                    child(
                        "link_code_pairing_wrapped_primary_ephemeral_pub",
                        wrapped.to_vec(),
                    ),
                    child("primary_identity_pub", identity.to_vec()),
                    child("link_code_pairing_ref", reference.into_bytes()),
                ])
                .build()])
            .build();
        state.push(connection, Outgoing::Stanza(notification.into()));
        Ok(())
    })
}

/// The client has got the phone's key and sends what both can compute the secret from. With a wrong code nothing fits; the code
/// can be typed again.
fn finish(
    state: &mut State,
    id: ConnectionId,
    account: AccountId,
    iq: &Node,
    registration: &Node,
) -> Answer {
    let bundle = registration
        .child("link_code_pairing_wrapped_key_bundle")
        .ok_or(Refusal::Malformed("the end of a pairing without keys"))?;
    let identity = registration
        .child("companion_identity_public")
        .and_then(|identity| identity.body_key())
        .ok_or(Refusal::Malformed(
            "the end of a pairing without an identity",
        ))?;
    let reference = registration
        .child("link_code_pairing_ref")
        .map(|reference| reference.body_text().into_owned());
    let waiting = state
        .link_codes
        .waiting
        .get_mut(&account)
        .filter(|waiting| {
            waiting.connection == id && Some(&waiting.reference) == reference.as_ref()
        })
        .ok_or(Refusal::BAD_REQUEST)?;
    let hello = waiting.hello.take().ok_or(Refusal::BAD_REQUEST)?;
    let phone = &state
        .accounts
        .get(&account)
        .ok_or(Refusal::BAD_REQUEST)?
        .identity;
    let secret = open_bundle(&hello, bundle.body(), &identity)
        .and_then(|(shared, random)| {
            let identities = phone.agree(&identity)?;
            derive(&[shared, identities, random].concat(), None, b"adv_secret")
        })
        .ok_or(Refusal::BAD_REQUEST)?;
    let now = state.clock.now();
    state.push(id, Outgoing::Stanza(result(iq, Vec::new(), now).into()));
    if passkey::gate(state, id, account).is_err() {
        return Ok(Reply::Sent);
    }
    if let Err(error) = pair_device::link(state, id, account, identity, &secret) {
        tracing::warn!(%error, "the client cannot be linked");
        state.push(id, Outgoing::Close);
    }
    Ok(Reply::Sent)
}

/// Decrypts the client's bundle: the secret of both ephemeral keys, and the client's random bytes. The bundle is 32 bytes of salt,
/// 12 of nonce, and then, encrypted: the client's identity, the phone's identity, 32 random bytes.
fn open_bundle(hello: &Hello, bundle: &[u8], identity: &[u8; 32]) -> Option<([u8; 32], [u8; 32])> {
    let client = PublicKey::from_djb_public_key_bytes(&hello.client_ephemeral).ok()?;
    let shared = hello
        .ephemeral
        .private_key
        .calculate_agreement(&client)
        .ok()?;
    let (salt, rest) = bundle.split_at_checked(32)?;
    let (nonce, encrypted) = rest.split_at_checked(12)?;
    let key = derive(
        &shared,
        Some(salt),
        b"link_code_pairing_key_bundle_encryption_key",
    )?;
    let mut plain = Vec::new();
    aes_256_gcm_decrypt(&key, nonce.try_into().ok()?, b"", encrypted, &mut plain).ok()?;
    let (identities, random) = plain.split_at_checked(64)?;
    if identities.get(..32)? != identity {
        return None;
    }
    Some((shared, random.try_into().ok()?))
}

fn derive(secret: &[u8], salt: Option<&[u8]>, purpose: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    wacore::crypto::hkdf_sha256_into(secret, salt, purpose, &mut key).ok()?;
    Some(key)
}
