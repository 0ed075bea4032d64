//! Sessions and sender keys of one phone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;

use futures_util::FutureExt as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{
    CiphertextMessage, CiphertextMessageType, DeviceId, GenericSignedPreKey as _, IdentityKey,
    IdentityKeyPair, KeyPair, PreKeyBundle, PreKeyRecord, PreKeySignalMessage, ProtocolAddress,
    PublicKey, SenderKeyDistributionMessage, SenderKeyName, SignalMessage, SignalProtocolError,
    SignedPreKeyRecord, Timestamp, UsePQRatchet, create_sender_key_distribution_message,
    group_decrypt, group_encrypt, message_decrypt, message_encrypt, process_prekey_bundle,
    process_sender_key_distribution_message,
};

use super::store::{Identities, PreKeys, SenderKeys, Sessions, SignedPreKeys};

use super::super::identity::PhoneIdentity;
use crate::network::device::{Bundle, PreKey, SignedPreKey};
use crate::network::{AccountId, DeviceNumber};
use crate::noise::certificate::public_bytes;

/// The one signed pre-key of a phone.
const SIGNED_PRE_KEY: u32 = 1;

/// One device of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PeerAddress {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceNumber,
}

impl PeerAddress {
    pub(crate) fn new(account: AccountId, device: DeviceNumber) -> Self {
        Self { account, device }
    }

    fn signal(self) -> ProtocolAddress {
        ProtocolAddress::new(
            &account_name(self.account),
            DeviceId::from(u32::from(self.device)),
        )
    }
}

/// How an account is called in the stores.
fn account_name(account: AccountId) -> String {
    account.0.to_string()
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.account.0, self.device)
    }
}

/// How a ciphertext is announced in its stanza.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CipherKind {
    /// `pkmsg`: begins a session.
    PreKey,
    /// `msg`: continues one.
    Message,
    /// `skmsg`: under the sender's key of a group.
    SenderKey,
}

impl CipherKind {
    /// The `type` attribute of `<enc>`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreKey => "pkmsg",
            Self::Message => "msg",
            Self::SenderKey => "skmsg",
        }
    }

    /// Reads the `type` attribute of `<enc>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "pkmsg" => Some(Self::PreKey),
            "msg" => Some(Self::Message),
            "skmsg" => Some(Self::SenderKey),
            _ => None,
        }
    }
}

/// An encrypted message for one device, or for one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ciphertext {
    /// How it is announced.
    pub(crate) kind: CipherKind,
    /// What is sent.
    pub(crate) bytes: Vec<u8>,
}

/// Why a phone could not encrypt or decrypt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignalError {
    /// There is no session with that device, or no sender key of it.
    #[error("no session with {0}")]
    NoSession(PeerAddress),
    /// The same message was decrypted before.
    #[error("the message was decrypted before")]
    Duplicate,
    /// Anything else that the protocol refuses.
    #[error("the Signal protocol refused a message")]
    Protocol(#[source] SignalProtocolError),
    /// The plaintext ended in a padding that cannot be.
    #[error("a decrypted message has a wrong padding")]
    Padding,
}

impl SignalError {
    fn from_protocol(error: SignalProtocolError, peer: &PeerAddress) -> Self {
        match error {
            SignalProtocolError::SessionNotFound(_) | SignalProtocolError::NoSenderKeyState(_) => {
                Self::NoSession(*peer)
            }
            SignalProtocolError::DuplicatedMessage(..) => Self::Duplicate,
            other => Self::Protocol(other),
        }
    }
}

/// Keys and sessions of one phone.
#[derive(Deserialize)]
#[serde(try_from = "super::store::Record")]
pub(crate) struct Signal {
    pub(super) identities: Identities,
    pub(super) sessions: Sessions,
    pub(super) pre_keys: PreKeys,
    pub(super) signed_pre_keys: SignedPreKeys,
    pub(super) sender_keys: SenderKeys,
    pub(super) next_pre_key: u32,
    /// Per group: who holds our current sender key.
    pub(super) distributed: BTreeMap<String, BTreeSet<PeerAddress>>,
    /// What the generator was made from, and how often the phone was restored since.
    pub(super) seed: (u64, u64),
    pub(super) random: StdRng,
}

impl Serialize for Signal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::store::Record::from(self).serialize(serializer)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("next_pre_key", &self.next_pre_key)
            .finish_non_exhaustive()
    }
}

impl Signal {
    /// A phone that was just installed.
    pub(crate) fn new(identity: &PhoneIdentity, installed_at: u64, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let pair = identity.key_pair();
        let own = IdentityKeyPair::new(IdentityKey::new(pair.public_key), pair.private_key);
        let signed = KeyPair::generate(&mut random);
        let signature = own
            .private_key()
            .calculate_signature(&signed.public_key.serialize(), &mut random)
            .expect("a fresh key signs");
        let record = SignedPreKeyRecord::new(
            SIGNED_PRE_KEY.into(),
            Timestamp::from_epoch_millis(installed_at * 1000),
            &signed,
            &signature,
        );
        Self {
            identities: Identities::new(own, identity.registration_id),
            sessions: Sessions::default(),
            pre_keys: PreKeys::default(),
            signed_pre_keys: SignedPreKeys::with(SIGNED_PRE_KEY, record),
            sender_keys: SenderKeys::default(),
            next_pre_key: 1,
            distributed: BTreeMap::new(),
            seed: (seed, 0),
            random,
        }
    }

    /// Public identity key.
    pub(crate) fn identity(&self) -> &PublicKey {
        self.identities.own().public_key()
    }

    /// The signed pre-key, as the server keeps it.
    pub(crate) fn signed_pre_key(&self) -> SignedPreKey {
        let signed = self
            .signed_pre_keys
            .get(SIGNED_PRE_KEY)
            .expect("a phone is installed with a signed pre-key");
        SignedPreKey {
            id: SIGNED_PRE_KEY,
            public: key_bytes(
                &signed
                    .public_key()
                    .expect("our own record has a public key"),
            ),
            signature: signed.signature().expect("our own record has a signature"),
        }
    }

    /// A fresh one-time key for the server's pool.
    pub(crate) fn new_pre_key(&mut self) -> PreKey {
        let id = self.next_pre_key;
        self.next_pre_key += 1;
        let pair = KeyPair::generate(&mut self.random);
        self.pre_keys
            .insert(id, PreKeyRecord::new(id.into(), &pair));
        PreKey {
            id,
            public: public_bytes(&pair),
        }
    }

    /// Whether a session with that device exists.
    pub(crate) fn has_session(&self, peer: &PeerAddress) -> bool {
        self.sessions.contains(&peer.signal())
    }

    /// Begins a session from a published bundle, replacing what there was as the current one.
    pub(crate) fn start_session(
        &mut self,
        peer: &PeerAddress,
        bundle: &Bundle,
    ) -> Result<(), SignalError> {
        let protocol = |error| SignalError::from_protocol(error, peer);
        let one_time = match &bundle.pre_key {
            Some(key) => Some((key.id.into(), public_key(&key.public).map_err(protocol)?)),
            None => None,
        };
        let bundle = PreKeyBundle::new(
            bundle.registration_id,
            DeviceId::from(u32::from(peer.device)),
            one_time,
            bundle.signed_pre_key.id.into(),
            public_key(&bundle.signed_pre_key.public).map_err(protocol)?,
            bundle.signed_pre_key.signature.clone(),
            IdentityKey::new(public_key(&bundle.identity).map_err(protocol)?),
        )
        .map_err(protocol)?;
        let address = peer.signal();
        let started = process_prekey_bundle(
            &address,
            &mut self.sessions,
            &mut self.identities,
            &bundle,
            &mut self.random,
            UsePQRatchet::No,
        );
        now(started).map(drop).map_err(protocol)
    }

    /// Forgets the session with a device: the next message to it begins a new one.
    pub(crate) fn forget_session(&mut self, peer: &PeerAddress) {
        self.sessions.remove(&peer.signal());
    }

    /// Forgets sessions and sender keys of every device of an account: it was reinstalled, or unlinked.
    pub(crate) fn forget_account(&mut self, account: AccountId) {
        let name = account_name(account);
        self.sessions.remove_user(&name);
        self.sender_keys.remove_sender(&name);
        for holders in self.distributed.values_mut() {
            holders.retain(|holder| holder.account != account);
        }
    }

    /// Encrypts a padded message for one device with which there is a session.
    pub(crate) fn encrypt(
        &mut self,
        peer: &PeerAddress,
        plaintext: &[u8],
    ) -> Result<Ciphertext, SignalError> {
        let padded = self.pad(plaintext);
        let address = peer.signal();
        let sealed = message_encrypt(&padded, &address, &mut self.sessions, &mut self.identities);
        let sealed = now(sealed).map_err(|error| SignalError::from_protocol(error, peer))?;
        let kind = match sealed.message_type() {
            CiphertextMessageType::PreKey => CipherKind::PreKey,
            _ => CipherKind::Message,
        };
        Ok(Ciphertext {
            kind,
            bytes: sealed.serialize().to_vec(),
        })
    }

    /// Decrypts a `pkmsg` or `msg` of one device and takes the padding off.
    pub(crate) fn decrypt(
        &mut self,
        peer: &PeerAddress,
        kind: CipherKind,
        bytes: &[u8],
    ) -> Result<Vec<u8>, SignalError> {
        let protocol = |error| SignalError::from_protocol(error, peer);
        let sealed = if kind == CipherKind::PreKey {
            CiphertextMessage::PreKeySignalMessage(
                PreKeySignalMessage::try_from(bytes).map_err(protocol)?,
            )
        } else {
            CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes).map_err(protocol)?)
        };
        let address = peer.signal();
        let opened = now(message_decrypt(
            &sealed,
            &address,
            &mut self.sessions,
            &mut self.identities,
            &mut self.pre_keys,
            &self.signed_pre_keys,
            &mut self.random,
            UsePQRatchet::No,
        ))
        .map_err(protocol)?;
        if let Some(id) = opened.consumed_prekey_id {
            self.pre_keys.remove(id.into());
        }
        unpad(&opened.plaintext)
    }

    /// The key that `holders` must be given before they can read what we send to `group`, with those who lack it.
    ///
    /// Whoever held the key and is no longer among them makes us draw a new key, which everybody lacks.
    pub(crate) fn distribute(
        &mut self,
        group: &str,
        own: &PeerAddress,
        holders: &BTreeSet<PeerAddress>,
    ) -> Result<(Vec<u8>, Vec<PeerAddress>), SignalError> {
        let gone = self
            .distributed
            .get(group)
            .is_some_and(|known| !known.is_subset(holders));
        if gone {
            self.rotate_sender_key(group, own);
        }
        let name = sender_key_name(group, own);
        let message = now(create_sender_key_distribution_message(
            &name,
            &mut self.sender_keys,
            &mut self.random,
        ))
        .map_err(|error| SignalError::from_protocol(error, own))?;
        let known = self.distributed.entry(group.to_owned()).or_default();
        let missing: Vec<PeerAddress> = holders.difference(known).copied().collect();
        known.extend(missing.iter().copied());
        Ok((message.serialized().to_vec(), missing))
    }

    /// Our sender key of `group` as it is now, for somebody who has lost it.
    pub(crate) fn current_distribution(
        &mut self,
        group: &str,
        own: &PeerAddress,
    ) -> Result<Vec<u8>, SignalError> {
        let name = sender_key_name(group, own);
        let message = now(create_sender_key_distribution_message(
            &name,
            &mut self.sender_keys,
            &mut self.random,
        ))
        .map_err(|error| SignalError::from_protocol(error, own))?;
        Ok(message.serialized().to_vec())
    }

    /// Makes a device count as one that lacks our sender key of `group`.
    pub(crate) fn forget_holder(&mut self, group: &str, holder: &PeerAddress) {
        if let Some(known) = self.distributed.get_mut(group) {
            known.remove(holder);
        }
    }

    /// Throws our sender key of `group` away.
    pub(crate) fn rotate_sender_key(&mut self, group: &str, own: &PeerAddress) {
        self.sender_keys.remove(&sender_key_name(group, own));
        self.distributed.remove(group);
    }

    /// Encrypts for everybody who holds our sender key of `group`.
    pub(crate) fn encrypt_group(
        &mut self,
        group: &str,
        own: &PeerAddress,
        plaintext: &[u8],
    ) -> Result<Ciphertext, SignalError> {
        let padded = self.pad(plaintext);
        let name = sender_key_name(group, own);
        let sealed = now(group_encrypt(
            &mut self.sender_keys,
            &name,
            &padded,
            &mut self.random,
        ))
        .map_err(|error| SignalError::from_protocol(error, own))?;
        Ok(Ciphertext {
            kind: CipherKind::SenderKey,
            bytes: sealed.serialized().to_vec(),
        })
    }

    /// Keeps the sender key that a device gave us for `group`.
    pub(crate) fn accept_distribution(
        &mut self,
        group: &str,
        sender: &PeerAddress,
        bytes: &[u8],
    ) -> Result<(), SignalError> {
        let protocol = |error| SignalError::from_protocol(error, sender);
        let message = SenderKeyDistributionMessage::try_from(bytes).map_err(protocol)?;
        let name = sender_key_name(group, sender);
        now(process_sender_key_distribution_message(
            &name,
            &message,
            &mut self.sender_keys,
        ))
        .map_err(protocol)
    }

    /// Decrypts an `skmsg` that a device sent to `group`.
    pub(crate) fn decrypt_group(
        &mut self,
        group: &str,
        sender: &PeerAddress,
        bytes: &[u8],
    ) -> Result<Vec<u8>, SignalError> {
        let name = sender_key_name(group, sender);
        let opened = now(group_decrypt(bytes, &mut self.sender_keys, &name))
            .map_err(|error| SignalError::from_protocol(error, sender))?;
        unpad(&opened)
    }

    /// The phone's generator.
    pub(crate) fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    /// 1 to 16 bytes, each of the value of their number.
    fn pad(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let padding: u8 = self.random.random_range(1..=16);
        let mut padded = Vec::with_capacity(plaintext.len() + usize::from(padding));
        padded.extend_from_slice(plaintext);
        padded.resize(plaintext.len() + usize::from(padding), padding);
        padded
    }
}

fn unpad(padded: &[u8]) -> Result<Vec<u8>, SignalError> {
    let padding = padded.last().copied().map_or(0, usize::from);
    let length = padded
        .len()
        .checked_sub(padding)
        .ok_or(SignalError::Padding)?;
    if padding == 0 {
        return Err(SignalError::Padding);
    }
    Ok(padded[..length].to_vec())
}

fn sender_key_name(group: &str, sender: &PeerAddress) -> SenderKeyName {
    SenderKeyName::from_parts(group, &sender.to_string())
}

fn public_key(bytes: &[u8; 32]) -> Result<PublicKey, SignalProtocolError> {
    PublicKey::from_djb_public_key_bytes(bytes).map_err(SignalProtocolError::from)
}

pub(crate) fn key_bytes(key: &PublicKey) -> [u8; 32] {
    key.public_key_bytes()
        .try_into()
        .expect("a Curve25519 key has 32 bytes")
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("stores in memory never make the library wait")
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::network::random::Random;

    fn phone(seed: u64) -> Signal {
        let identity = PhoneIdentity::generate(&mut Random::seeded(seed));
        Signal::new(&identity, 1_700_000_000, seed)
    }

    fn bundle(phone: &mut Signal) -> Bundle {
        Bundle {
            registration_id: 7,
            identity: key_bytes(phone.identity()),
            signed_pre_key: phone.signed_pre_key(),
            pre_key: Some(phone.new_pre_key()),
            signed_identity: None,
        }
    }

    fn anna() -> PeerAddress {
        PeerAddress::new(AccountId(1), 0)
    }

    fn bert() -> PeerAddress {
        PeerAddress::new(AccountId(2), 3)
    }

    #[test]
    fn a_session_begins_with_pre_key_messages_and_settles_after_the_answer() {
        let (mut a, mut b) = (phone(1), phone(2));
        a.start_session(&bert(), &bundle(&mut b)).expect("bundle");

        let first = a.encrypt(&bert(), b"hello").expect("encrypt");
        assert_eq!(first.kind, CipherKind::PreKey);
        assert_eq!(
            b.decrypt(&anna(), first.kind, &first.bytes)
                .expect("decrypt"),
            b"hello"
        );

        let answer = b.encrypt(&anna(), b"hi").expect("encrypt");
        assert_eq!(answer.kind, CipherKind::Message);
        assert_eq!(
            a.decrypt(&bert(), answer.kind, &answer.bytes)
                .expect("decrypt"),
            b"hi"
        );

        let second = a.encrypt(&bert(), b"and now").expect("encrypt");
        assert_eq!(second.kind, CipherKind::Message);
        assert_eq!(
            b.decrypt(&anna(), second.kind, &second.bytes)
                .expect("decrypt"),
            b"and now"
        );
    }

    #[test]
    fn the_same_message_twice_is_called_a_duplicate_and_a_damaged_one_is_not() {
        let (mut a, mut b) = (phone(1), phone(2));
        a.start_session(&bert(), &bundle(&mut b)).expect("bundle");
        let sealed = a.encrypt(&bert(), b"once").expect("encrypt");
        b.decrypt(&anna(), sealed.kind, &sealed.bytes)
            .expect("decrypt");
        let again = b.decrypt(&anna(), sealed.kind, &sealed.bytes);
        assert!(matches!(again, Err(SignalError::Duplicate)), "{again:?}");

        let mut damaged = a.encrypt(&bert(), b"twice").expect("encrypt");
        let at = damaged.bytes.len() / 2;
        damaged.bytes[at] ^= 0x55;
        let refused = b.decrypt(&anna(), damaged.kind, &damaged.bytes);
        assert!(
            matches!(refused, Err(SignalError::Protocol(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn without_a_session_there_is_an_error_that_says_so() {
        let refused = phone(1).encrypt(&bert(), b"hello");
        assert!(matches!(refused, Err(SignalError::NoSession(peer)) if peer == bert()));
    }

    #[test]
    fn a_sender_key_is_given_once_and_drawn_anew_when_somebody_leaves() {
        let (mut a, mut b, mut c) = (phone(1), phone(2), phone(3));
        let carla = PeerAddress::new(AccountId(3), 0);
        let both = BTreeSet::from([bert(), carla]);

        let (key, missing) = a.distribute("team", &anna(), &both).expect("distribute");
        assert_eq!(missing, vec![bert(), carla]);
        b.accept_distribution("team", &anna(), &key)
            .expect("accept");
        c.accept_distribution("team", &anna(), &key)
            .expect("accept");
        let sealed = a
            .encrypt_group("team", &anna(), b"hello all")
            .expect("encrypt");
        assert_eq!(
            b.decrypt_group("team", &anna(), &sealed.bytes)
                .expect("decrypt"),
            b"hello all"
        );
        assert_eq!(
            c.decrypt_group("team", &anna(), &sealed.bytes)
                .expect("decrypt"),
            b"hello all"
        );
        assert_eq!(
            a.distribute("team", &anna(), &both).expect("distribute").1,
            vec![]
        );

        let (key, missing) = a
            .distribute("team", &anna(), &BTreeSet::from([bert()]))
            .expect("distribute");
        assert_eq!(missing, vec![bert()]);
        b.accept_distribution("team", &anna(), &key)
            .expect("accept");
        let sealed = a
            .encrypt_group("team", &anna(), b"without carla")
            .expect("encrypt");
        assert_eq!(
            b.decrypt_group("team", &anna(), &sealed.bytes)
                .expect("decrypt"),
            b"without carla"
        );
        assert!(c.decrypt_group("team", &anna(), &sealed.bytes).is_err());
    }

    #[test]
    fn two_phones_with_the_same_seed_have_the_same_keys() {
        assert_eq!(phone(7).new_pre_key(), phone(7).new_pre_key());
        assert_ne!(phone(7).identity(), phone(8).identity());
    }

    #[test]
    fn a_phone_that_was_saved_goes_on_with_its_sessions() {
        let (mut a, mut b) = (phone(1), phone(2));
        a.start_session(&bert(), &bundle(&mut b)).expect("bundle");
        let first = a.encrypt(&bert(), b"hello").expect("encrypt");
        let saved = serde_json::to_string(&b).expect("save");
        let mut b: Signal = serde_json::from_str(&saved).expect("restore");
        assert_eq!(
            b.decrypt(&anna(), first.kind, &first.bytes)
                .expect("decrypt"),
            b"hello"
        );
        let saved = serde_json::to_string(&b).expect("save");
        let mut b: Signal = serde_json::from_str(&saved).expect("restore");
        let answer = b.encrypt(&anna(), b"hi").expect("encrypt");
        assert_eq!(
            a.decrypt(&bert(), answer.kind, &answer.bytes)
                .expect("decrypt"),
            b"hi"
        );
        assert_ne!(b.new_pre_key().public, phone(2).new_pre_key().public);
    }

    #[test]
    fn a_padding_that_cannot_be_is_refused() {
        assert!(matches!(unpad(&[1, 2, 9]), Err(SignalError::Padding)));
        assert!(matches!(unpad(&[1, 2, 0]), Err(SignalError::Padding)));
        assert!(matches!(unpad(&[]), Err(SignalError::Padding)));
        assert_eq!(unpad(&[1, 2, 2, 2]).expect("padding"), vec![1, 2]);
    }
}
