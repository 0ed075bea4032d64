//! Linking a client to an account that a passkey guards.
//!
//! After the scan the client is asked for an assertion by the account's passkey. Then client and phone exchange ephemeral keys, the
//! client's behind a commitment; from both comes a code of eight characters that the person compares, and a key with which the
//! client sends what a QR code would have told: its identity and a secret.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wacore::shortcake::ShortcakeUtils;
use wacore_binary::Node;
use wacore_libsignal::crypto::aes_256_gcm_decrypt;
use wacore_libsignal::protocol::{KeyPair, PublicKey};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::answer::{Answer, Refusal, Reply, result};
use super::pair_device::{self, PairingError};
use crate::connection::{Outgoing, Role};
use crate::network::{AccountId, ConnectionId, State};
use crate::node::{NodeExt as _, node, service};
use crate::noise::certificate::public_bytes;

/// A ceremony under way, with one connection.
pub(crate) struct Ceremony {
    account: AccountId,
    challenge: [u8; 32],
    reference: Option<String>,
    step: Step,
}

enum Step {
    /// The client was asked for an assertion.
    Asked,
    /// The client has the passkey, and has committed itself to a key.
    Committed(Commitment),
    /// The phone shows this code.
    Shown { code: String, with: Commitment },
}

struct Commitment {
    /// The client's ephemeral identity as it sent it, and what it says.
    identity: Vec<u8>,
    client: [u8; 32],
    platform: wa::device_props::PlatformType,
    reference: String,
    hash: [u8; 32],
    /// The phone's.
    ephemeral: KeyPair,
    nonce: [u8; 32],
}

impl std::fmt::Debug for Ceremony {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ceremony").finish_non_exhaustive()
    }
}

/// The phone has accepted the client: if a passkey guards the account, the client is asked for it first.
pub(crate) fn gate(
    state: &mut State,
    id: ConnectionId,
    account: AccountId,
) -> Result<(), PairingError> {
    let challenge: [u8; 32] = state.random.bytes();
    let Some(options) = options(state, account, &challenge) else {
        return Ok(());
    };
    let ceremony = Ceremony {
        account,
        challenge,
        reference: None,
        step: Step::Asked,
    };
    match state.connections.get_mut(&id).map(|known| &mut known.role) {
        Some(Role::Registering(registration)) => registration.passkey = Some(ceremony),
        Some(Role::Companion(_) | Role::Refused) | None => return Err(PairingError::Unknown),
    }
    let request = node("passkey_request_options")
        .bytes(options.to_string().into_bytes())
        .build();
    notify(state, id, "passkey_prologue_request", request);
    Err(PairingError::PasskeyWanted)
}

fn options(state: &State, account: AccountId, challenge: &[u8]) -> Option<Value> {
    let passkey = state.account(account)?.passkey.as_ref()?;
    Some(passkey.options(challenge))
}

fn notify(state: &mut State, id: ConnectionId, kind: &'static str, child: Node) {
    let notification = node("notification")
        .attr("from", service())
        .attr("type", kind)
        .attr("id", state.stanza_id())
        .attr("t", state.clock.now())
        .children([child])
        .build();
    state.push(id, Outgoing::Stanza(notification.into()));
}

/// The code that the phone of an account shows at the moment.
pub(crate) fn shown_code(state: &State, account: AccountId) -> Option<String> {
    state.connections.values().find_map(|connection| {
        let Role::Registering(registration) = &connection.role else {
            return None;
        };
        match registration.passkey.as_ref()? {
            Ceremony {
                account: of,
                step: Step::Shown { code, .. },
                ..
            } if *of == account => Some(code.clone()),
            _ => None,
        }
    })
}

/// The step that the client takes; `None` when it was not asked for any.
fn ceremony(state: &mut State, id: ConnectionId) -> Option<&mut Ceremony> {
    match &mut state.connections.get_mut(&id)?.role {
        Role::Registering(registration) => registration.passkey.as_mut(),
        Role::Companion(_) | Role::Refused => None,
    }
}

const UNASKED: Refusal =
    Refusal::Malformed("a step of linking with a passkey that was not asked for");

/// `<ref/>`: a name for this ceremony, which goes into its keys.
pub(crate) fn reference(state: &mut State, id: ConnectionId) -> Answer {
    let fresh = format!("4@{}", state.random.hex::<16>());
    let ceremony = ceremony(state, id).ok_or(UNASKED)?;
    ceremony.reference = Some(fresh.clone());
    Reply::node(node("ref").bytes(fresh.into_bytes()).build())
}

/// `<passkey_request_options/>`: asked for again.
pub(crate) fn request_options(state: &mut State, id: ConnectionId) -> Answer {
    let (account, challenge) = ceremony(state, id)
        .map(|ceremony| (ceremony.account, ceremony.challenge))
        .ok_or(UNASKED)?;
    let options = options(state, account, &challenge).ok_or(Refusal::NOT_FOUND)?;
    Reply::node(
        node("passkey_request_options")
            .bytes(options.to_string().into_bytes())
            .build(),
    )
}

/// `<passkey_prologue>`: the assertion, and the client's commitment. The phone answers with its own key.
pub(crate) fn prologue(state: &mut State, id: ConnectionId, iq: &Node) -> Answer {
    const BROKEN: Refusal = Refusal::Malformed("a prologue that cannot be read");
    let child = iq.child("passkey_prologue").ok_or(BROKEN)?;
    let part = |tag| child.child(tag).map(|part| part.body().to_vec());
    let credential = part("credential_id").ok_or(BROKEN)?;
    let assertion = part("webauthn_assertion").ok_or(BROKEN)?;
    let payload = part("prologue_payload").ok_or(BROKEN)?;
    if child.child("pairing_handoff_proof").is_some() {
        return Err(Refusal::Malformed(
            "the proof of an earlier link, which this client does not have",
        ));
    }
    let ephemeral = state.random.key_pair();
    let nonce = state.random.bytes();
    let (account, challenge, reference) = ceremony(state, id)
        .filter(|ceremony| matches!(ceremony.step, Step::Asked))
        .map(|ceremony| {
            (
                ceremony.account,
                ceremony.challenge,
                ceremony.reference.clone(),
            )
        })
        .ok_or(UNASKED)?;
    let passkey = state
        .account(account)
        .and_then(|known| known.passkey.as_ref());
    // Not a fault of the client: it passes on what its user's passkey says.
    if !passkey.is_some_and(|passkey| passkey.accepts(&challenge, &credential, &assertion)) {
        return Err(Refusal::UNAUTHORIZED);
    }
    let commitment = read_commitment(&payload, ephemeral, nonce)
        .filter(|commitment| Some(&commitment.reference) == reference.as_ref())
        .ok_or(BROKEN)?;
    let answer = wa::PrimaryEphemeralIdentity {
        public_key: Some(public_bytes(&commitment.ephemeral).to_vec()),
        nonce: Some(nonce.to_vec()),
    };
    if let Some(ceremony) = ceremony(state, id) {
        ceremony.step = Step::Committed(commitment);
    }
    let now = state.clock.now();
    state.push(id, Outgoing::Stanza(result(iq, Vec::new(), now).into()));
    let identity = node("primary_ephemeral_identity")
        .bytes(answer.encode_to_vec())
        .build();
    notify(state, id, "crsc_continuation", identity);
    Ok(Reply::Sent)
}

fn read_commitment(payload: &[u8], ephemeral: KeyPair, nonce: [u8; 32]) -> Option<Commitment> {
    let payload = wa::ProloguePayload::decode_from_slice(payload).ok()?;
    let hash = payload.commitment.as_option()?.hash.as_deref()?;
    let identity = payload.companion_ephemeral_identity?;
    let said = wa::CompanionEphemeralIdentity::decode_from_slice(&identity).ok()?;
    Some(Commitment {
        client: said.public_key?.as_slice().try_into().ok()?,
        platform: said.device_type?,
        reference: said.r#ref?,
        hash: hash.try_into().ok()?,
        identity,
        ephemeral,
        nonce,
    })
}

/// `<companion_nonce>`: the client opens its commitment, and both sides know the code.
pub(crate) fn nonce(state: &mut State, id: ConnectionId, iq: &Node) -> Answer {
    let client_nonce = iq
        .child("companion_nonce")
        .and_then(|nonce| nonce.body_key())
        .ok_or(Refusal::Malformed("a nonce of another length"))?;
    let ceremony = ceremony(state, id).ok_or(UNASKED)?;
    let Step::Committed(with) = std::mem::replace(&mut ceremony.step, Step::Asked) else {
        return Err(UNASKED);
    };
    let hash: [u8; 32] = Sha256::new()
        .chain_update(&with.identity)
        .chain_update(client_nonce)
        .finalize()
        .into();
    if hash != with.hash {
        return Err(Refusal::Malformed(
            "not what the client has committed itself to",
        ));
    }
    let code = ShortcakeUtils::derive_verification_code(
        &client_nonce,
        &public_bytes(&with.ephemeral),
        &with.nonce,
    );
    ceremony.step = Step::Shown { code, with };
    Reply::empty()
}

/// `<encrypted_pairing_request>`: the person has compared the codes. The phone links the client.
pub(crate) fn request(state: &mut State, id: ConnectionId, iq: &Node) -> Answer {
    let encrypted = iq
        .child("encrypted_pairing_request")
        .ok_or(Refusal::Malformed("no request"))?;
    let client_key = state
        .connections
        .get(&id)
        .map(|connection| connection.client_key);
    let ceremony = ceremony(state, id).ok_or(UNASKED)?;
    let Step::Shown { with, .. } = &ceremony.step else {
        return Err(UNASKED);
    };
    let account = ceremony.account;
    let (noise, identity, secret) = open_request(with, encrypted.body()).ok_or(
        Refusal::Malformed("a pairing request that cannot be opened"),
    )?;
    if Some(noise) != client_key {
        return Err(Refusal::Malformed("the pairing request of another client"));
    }
    let now = state.clock.now();
    state.push(id, Outgoing::Stanza(result(iq, Vec::new(), now).into()));
    if let Err(error) = pair_device::link(state, id, account, identity, &secret) {
        tracing::warn!(%error, "the client cannot be linked");
        state.push(id, Outgoing::Close);
    }
    Ok(Reply::Sent)
}

/// Noise key, identity key, secret.
fn open_request(with: &Commitment, bytes: &[u8]) -> Option<([u8; 32], [u8; 32], Vec<u8>)> {
    let request = wa::EncryptedPairingRequest::decode_from_slice(bytes).ok()?;
    let client = PublicKey::from_djb_public_key_bytes(&with.client).ok()?;
    let shared = with
        .ephemeral
        .private_key
        .calculate_agreement(&client)
        .ok()?;
    let key = ShortcakeUtils::derive_encryption_key_from_shared_secret(
        &shared,
        with.platform,
        &with.reference,
    )
    .ok()?;
    let iv: [u8; 12] = request.iv?.as_slice().try_into().ok()?;
    let mut plain = Vec::new();
    aes_256_gcm_decrypt(&key, &iv, b"", &request.encrypted_payload?, &mut plain).ok()?;
    let said = wa::PairingRequest::decode_from_slice(&plain).ok()?;
    Some((
        said.companion_public_key?.as_slice().try_into().ok()?,
        said.companion_identity_key?.as_slice().try_into().ok()?,
        said.adv_secret?,
    ))
}
