//! Who the server is: its Noise key, and the chain of certificates from our root down to that key.

use rand::{CryptoRng, Rng};
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{CurveError, KeyPair, PrivateKey};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;

const DAY: u64 = 86_400;
const INTERMEDIATE_SERIAL: u32 = 1;
const LEAF_SERIAL: u32 = 2;

/// The server's key and its certificate chain: root, intermediate, leaf.
///
/// Clients that have seen the chain use its leaf for the shorter handshake until it runs out, hence real dates.
#[derive(Clone)]
pub(crate) struct ServerIdentity {
    pub(crate) key: KeyPair,
    root: KeyPair,
    chain: Vec<u8>,
}

impl ServerIdentity {
    /// Makes a root, an intermediate and a leaf, valid from yesterday for a year.
    pub(crate) fn generate<R: Rng + CryptoRng>(random: &mut R, now_seconds: u64) -> Self {
        let root = KeyPair::generate(random);
        Self::under(root, random, now_seconds)
    }

    /// A new key and intermediate under the same root: what clients see when the server's key is rotated.
    pub(crate) fn rotated<R: Rng + CryptoRng>(&self, random: &mut R, now_seconds: u64) -> Self {
        Self::under(self.root.clone(), random, now_seconds)
    }

    fn under<R: Rng + CryptoRng>(root: KeyPair, random: &mut R, now_seconds: u64) -> Self {
        let intermediate = KeyPair::generate(random);
        let key = KeyPair::generate(random);
        let intermediate_certificate = certificate(
            INTERMEDIATE_SERIAL,
            0,
            &intermediate,
            &root,
            random,
            now_seconds,
        );
        let leaf = certificate(
            LEAF_SERIAL,
            INTERMEDIATE_SERIAL,
            &key,
            &intermediate,
            random,
            now_seconds,
        );
        let chain = wa::CertChain {
            leaf: MessageField::some(leaf),
            intermediate: MessageField::some(intermediate_certificate),
        }
        .encode_to_vec();
        Self { key, root, chain }
    }

    /// The chain as the handshake sends it.
    pub(crate) fn chain(&self) -> &[u8] {
        &self.chain
    }

    /// The key that a client must trust.
    pub(crate) fn root_public(&self) -> [u8; 32] {
        public_bytes(&self.root)
    }

    /// What is kept in a file, so that a restarted simulator is the same server.
    pub(crate) fn to_stored(&self) -> StoredIdentity {
        StoredIdentity {
            key: *self.key.private_key.serialize(),
            root: *self.root.private_key.serialize(),
            chain: self.chain.clone(),
        }
    }

    /// The server that was kept.
    pub(crate) fn from_stored(stored: &StoredIdentity) -> Result<Self, CurveError> {
        Ok(Self {
            key: KeyPair::try_from(PrivateKey::deserialize(&stored.key)?)?,
            root: KeyPair::try_from(PrivateKey::deserialize(&stored.root)?)?,
            chain: stored.chain.clone(),
        })
    }
}

/// The private keys and the chain of a server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredIdentity {
    key: [u8; 32],
    root: [u8; 32],
    chain: Vec<u8>,
}

/// The 32 bytes of a public key, without the type that Signal puts in front.
pub(crate) fn public_bytes(pair: &KeyPair) -> [u8; 32] {
    pair.public_key
        .public_key_bytes()
        .try_into()
        .expect("a Curve25519 key has 32 bytes")
}

fn certificate<R: Rng + CryptoRng>(
    serial: u32,
    issuer: u32,
    subject: &KeyPair,
    signer: &KeyPair,
    random: &mut R,
    now_seconds: u64,
) -> wa::cert_chain::NoiseCertificate {
    let details = wa::cert_chain::noise_certificate::Details {
        serial: Some(serial),
        issuer_serial: Some(issuer),
        key: Some(subject.public_key.public_key_bytes().to_vec()),
        not_before: Some(now_seconds.saturating_sub(DAY)),
        not_after: Some(now_seconds + 365 * DAY),
    }
    .encode_to_vec();
    let signature = signer
        .private_key
        .calculate_signature(&details, random)
        .expect("signing with a Curve25519 key cannot fail");
    wa::cert_chain::NoiseCertificate {
        details: Some(details),
        signature: Some(signature.to_vec()),
    }
}
