//! The keys that make a phone the owner of its companions, and what it signs with them.
//!
//! Every companion carries an identity signed by its phone ("ADV"); others believe in a companion only with that signature and
//! when its index is in the phone's signed list.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use wacore_libsignal::protocol::{KeyPair, PrivateKey, PublicKey};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use crate::network::random::Random;
use crate::noise::certificate::public_bytes;

/// Signatures over a companion's identity start with this.
const DEVICE_PREFIX: [u8; 2] = [6, 0];
/// Signatures over the list of devices start with this.
const LIST_PREFIX: [u8; 2] = [6, 2];

/// A phone's long-term keys.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PhoneIdentity {
    private: [u8; 32],
    public: [u8; 32],
    pub(crate) registration_id: u32,
    /// Names this set of devices; a new one makes all companions unknown.
    pub(crate) raw_id: u32,
    seed: u64,
}

impl std::fmt::Debug for PhoneIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PhoneIdentity")
            .field("registration_id", &self.registration_id)
            .finish_non_exhaustive()
    }
}

impl PhoneIdentity {
    pub(crate) fn generate(random: &mut Random) -> Self {
        let pair = random.key_pair();
        Self {
            private: *pair.private_key.serialize(),
            public: public_bytes(&pair),
            registration_id: 1 + u32::from_be_bytes(random.bytes()) % 16_380,
            raw_id: u32::from_be_bytes(random.bytes()) & 0x7fff_ffff,
            seed: u64::from_be_bytes(random.bytes()),
        }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.public
    }

    pub(crate) fn key_pair(&self) -> KeyPair {
        KeyPair::new(
            PublicKey::from_djb_public_key_bytes(&self.public).expect("our own key has 32 bytes"),
            self.private_key(),
        )
    }

    fn private_key(&self) -> PrivateKey {
        PrivateKey::deserialize(&self.private).expect("our own key has 32 bytes")
    }

    /// The shared secret with another's public key; `None` for a key that is none.
    pub(crate) fn agree(&self, other: &[u8; 32]) -> Option<[u8; 32]> {
        let other = PublicKey::from_djb_public_key_bytes(other).ok()?;
        self.private_key().calculate_agreement(&other).ok()
    }

    /// Signs the parts, one after the other.
    pub(crate) fn sign(&self, random: &mut Random, parts: &[&[u8]]) -> Vec<u8> {
        self.private_key()
            .calculate_signature_for_multipart_message(parts, random.generator())
            .expect("signing with a Curve25519 key cannot fail")
            .to_vec()
    }

    /// Makes a companion one of ours: `ADVSignedDeviceIdentityHMAC`, encoded. `secret` is what the companion showed in its QR
    /// code, or agreed on by the 8-character code: it proves to the companion that this phone has seen it.
    pub(crate) fn sign_companion(
        &self,
        random: &mut Random,
        companion_identity: &[u8; 32],
        secret: &[u8],
        key_index: u32,
        timestamp: u64,
    ) -> Vec<u8> {
        let details = wa::ADVDeviceIdentity {
            raw_id: Some(self.raw_id),
            timestamp: Some(timestamp),
            key_index: Some(key_index),
            ..Default::default()
        }
        .encode_to_vec();
        let signature = self.sign(random, &[&DEVICE_PREFIX, &details, companion_identity]);
        let signed = wa::ADVSignedDeviceIdentity {
            account_signature_key: Some(self.public.to_vec()),
            account_signature: Some(signature),
            details: Some(details),
            ..Default::default()
        }
        .encode_to_vec();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
        mac.update(&signed);
        wa::ADVSignedDeviceIdentityHMAC {
            hmac: Some(mac.finalize().into_bytes().to_vec()),
            details: Some(signed),
            ..Default::default()
        }
        .encode_to_vec()
    }

    /// The companion's answer to [`Self::sign_companion`]: true when it is what we signed, counter-signed with the companion's
    /// identity key.
    pub(crate) fn accepts_companion(&self, companion_identity: &[u8; 32], signed: &[u8]) -> bool {
        let Ok(signed) = wa::ADVSignedDeviceIdentity::decode_from_slice(signed) else {
            return false;
        };
        let (Some(details), Some(account_signature), Some(device_signature)) = (
            signed.details,
            signed.account_signature,
            signed.device_signature,
        ) else {
            return false;
        };
        let (Ok(own), Ok(companion)) = (
            PublicKey::from_djb_public_key_bytes(&self.public),
            PublicKey::from_djb_public_key_bytes(companion_identity),
        ) else {
            return false;
        };
        own.verify_signature_for_multipart_message(
            &[&DEVICE_PREFIX, &details, companion_identity],
            &account_signature,
        ) && companion.verify_signature_for_multipart_message(
            &[&[6, 1], &details, companion_identity, &self.public],
            &device_signature,
        )
    }

    /// `ADVSignedKeyIndexList`, encoded: which devices are valid. The same list has the same signature.
    pub(crate) fn sign_device_list(
        &self,
        timestamp: u64,
        current_index: u32,
        valid: Vec<u32>,
    ) -> Vec<u8> {
        let details = wa::ADVKeyIndexList {
            raw_id: Some(self.raw_id),
            timestamp: Some(timestamp),
            current_index: Some(current_index),
            valid_indexes: valid,
            ..Default::default()
        }
        .encode_to_vec();
        let signature = self.sign(&mut Random::seeded(self.seed), &[&LIST_PREFIX, &details]);
        wa::ADVSignedKeyIndexList {
            account_signature: Some(signature),
            account_signature_key: Some(self.public.to_vec()),
            details: Some(details),
        }
        .encode_to_vec()
    }
}
