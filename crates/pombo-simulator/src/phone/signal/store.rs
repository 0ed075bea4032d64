//! The stores that the Signal library asks for, as maps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::error::Result;
use wacore_libsignal::protocol::{
    DeviceId, Direction, GenericSignedPreKey as _, IdentityChange, IdentityKey, IdentityKeyPair,
    IdentityKeyStore, PreKeyId, PreKeyRecord, PreKeyStore, ProtocolAddress, SenderKeyName,
    SenderKeyRecord, SenderKeyStore, SessionRecord, SessionStore, SignalProtocolError,
    SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore,
};

use super::sessions::{PeerAddress, Signal};

/// A phone's keys and sessions as they are saved.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    identity: Vec<u8>,
    registration_id: u32,
    /// Account and device, then the library's own encoding.
    sessions: Vec<(String, u32, Vec<u8>)>,
    identities: Vec<(String, u32, Vec<u8>)>,
    pre_keys: Vec<(u32, Vec<u8>)>,
    signed_pre_keys: Vec<(u32, Vec<u8>)>,
    /// Group, sender, key.
    sender_keys: Vec<(String, String, Vec<u8>)>,
    next_pre_key: u32,
    distributed: BTreeMap<String, BTreeSet<PeerAddress>>,
    seed: (u64, u64),
}

impl From<&Signal> for Record {
    fn from(signal: &Signal) -> Self {
        let saved = "the library encodes what it made";
        let place =
            |address: &ProtocolAddress| (address.name().to_owned(), u32::from(address.device_id()));
        let with = |(name, device): (String, u32), bytes| (name, device, bytes);
        Self {
            identity: signal.identities.own.serialize().to_vec(),
            registration_id: signal.identities.registration_id,
            sessions: (signal.sessions.0.iter())
                .map(|(address, record)| with(place(address), record.serialize().expect(saved)))
                .collect(),
            identities: (signal.identities.known.iter())
                .map(|(address, key)| with(place(address), key.serialize().to_vec()))
                .collect(),
            pre_keys: (signal.pre_keys.0.iter())
                .map(|(id, record)| (*id, record.serialize().expect(saved)))
                .collect(),
            signed_pre_keys: (signal.signed_pre_keys.0.iter())
                .map(|(id, record)| (*id, record.serialize().expect(saved)))
                .collect(),
            sender_keys: (signal.sender_keys.0.iter())
                .map(|(name, record)| {
                    let (group, sender) = (name.group_id().to_owned(), name.sender_id().to_owned());
                    (group, sender, record.serialize().expect(saved))
                })
                .collect(),
            next_pre_key: signal.next_pre_key,
            distributed: signal.distributed.clone(),
            seed: signal.seed,
        }
    }
}

impl TryFrom<Record> for Signal {
    type Error = SignalProtocolError;

    fn try_from(record: Record) -> Result<Self> {
        let place = |name: &str, device: u32| ProtocolAddress::new(name, DeviceId::from(device));
        let own = IdentityKeyPair::try_from(record.identity.as_slice())?;
        let mut identities = Identities::new(own, record.registration_id);
        for (name, device, key) in &record.identities {
            identities
                .known
                .insert(place(name, *device), IdentityKey::decode(key)?);
        }
        let mut sessions = Sessions::default();
        for (name, device, session) in &record.sessions {
            sessions
                .0
                .insert(place(name, *device), SessionRecord::deserialize(session)?);
        }
        let mut pre_keys = PreKeys::default();
        for (id, key) in &record.pre_keys {
            pre_keys.0.insert(*id, PreKeyRecord::deserialize(key)?);
        }
        let mut signed_pre_keys = SignedPreKeys(HashMap::new());
        for (id, key) in &record.signed_pre_keys {
            signed_pre_keys
                .0
                .insert(*id, SignedPreKeyRecord::deserialize(key)?);
        }
        let mut sender_keys = SenderKeys::default();
        for (group, sender, key) in &record.sender_keys {
            let name = SenderKeyName::from_parts(group, sender);
            sender_keys
                .0
                .insert(name, SenderKeyRecord::deserialize(key)?);
        }
        // Never the same randomness twice: each restored phone has a generator of its own.
        let seed = (record.seed.0, record.seed.1 + 1);
        Ok(Self {
            identities,
            sessions,
            pre_keys,
            signed_pre_keys,
            sender_keys,
            next_pre_key: record.next_pre_key,
            distributed: record.distributed,
            seed,
            random: StdRng::seed_from_u64(seed.0 ^ seed.1.rotate_left(32)),
        })
    }
}

#[derive(Default)]
pub(super) struct Sessions(HashMap<ProtocolAddress, SessionRecord>);

impl Sessions {
    pub(super) fn contains(&self, address: &ProtocolAddress) -> bool {
        self.0.contains_key(address)
    }

    pub(super) fn remove(&mut self, address: &ProtocolAddress) {
        self.0.remove(address);
    }

    pub(super) fn remove_user(&mut self, user: &str) {
        self.0.retain(|address, _| address.name() != user);
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.0.get(address).cloned())
    }

    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.0.contains_key(address))
    }

    async fn store_session(
        &mut self,
        address: &ProtocolAddress,
        record: SessionRecord,
    ) -> Result<()> {
        self.0.insert(address.clone(), record);
        Ok(())
    }
}

pub(super) struct Identities {
    own: IdentityKeyPair,
    registration_id: u32,
    known: HashMap<ProtocolAddress, IdentityKey>,
}

impl Identities {
    pub(super) fn new(own: IdentityKeyPair, registration_id: u32) -> Self {
        Self {
            own,
            registration_id,
            known: HashMap::new(),
        }
    }

    pub(super) fn own(&self) -> &IdentityKeyPair {
        &self.own
    }
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.own.clone())
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration_id)
    }

    async fn save_identity(
        &mut self,
        address: &ProtocolAddress,
        identity: &IdentityKey,
    ) -> Result<IdentityChange> {
        match self.known.insert(address.clone(), *identity) {
            Some(before) if before != *identity => Ok(IdentityChange::ReplacedExisting),
            _ => Ok(IdentityChange::NewOrUnchanged),
        }
    }

    /// A phone accepts a changed identity, as WhatsApp does: it shows that the security code changed, and goes on.
    async fn is_trusted_identity(
        &self,
        _: &ProtocolAddress,
        _: &IdentityKey,
        _: Direction,
    ) -> Result<bool> {
        Ok(true)
    }

    async fn get_identity(&self, address: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.known.get(address).copied())
    }
}

#[derive(Default)]
pub(super) struct PreKeys(HashMap<u32, PreKeyRecord>);

impl PreKeys {
    pub(super) fn insert(&mut self, id: u32, record: PreKeyRecord) {
        self.0.insert(id, record);
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.0.remove(&id);
    }
}

#[async_trait]
impl PreKeyStore for PreKeys {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        self.0
            .get(&id.into())
            .cloned()
            .ok_or(SignalProtocolError::InvalidPreKeyId)
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Result<()> {
        self.0.insert(id.into(), record.clone());
        Ok(())
    }

    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.0.remove(&id.into());
        Ok(())
    }
}

pub(super) struct SignedPreKeys(HashMap<u32, SignedPreKeyRecord>);

impl SignedPreKeys {
    pub(super) fn with(id: u32, record: SignedPreKeyRecord) -> Self {
        Self(HashMap::from([(id, record)]))
    }

    pub(super) fn get(&self, id: u32) -> Option<&SignedPreKeyRecord> {
        self.0.get(&id)
    }
}

#[async_trait]
impl SignedPreKeyStore for SignedPreKeys {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        self.0
            .get(&id.into())
            .cloned()
            .ok_or(SignalProtocolError::InvalidSignedPreKeyId)
    }

    async fn save_signed_pre_key(
        &mut self,
        id: SignedPreKeyId,
        record: &SignedPreKeyRecord,
    ) -> Result<()> {
        self.0.insert(id.into(), record.clone());
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct SenderKeys(HashMap<SenderKeyName, SenderKeyRecord>);

impl SenderKeys {
    pub(super) fn remove(&mut self, name: &SenderKeyName) {
        self.0.remove(name);
    }

    /// Sender ids are `user:device`.
    pub(super) fn remove_sender(&mut self, user: &str) {
        self.0
            .retain(|name, _| name.sender_id().split(':').next() != Some(user));
    }
}

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(
        &mut self,
        name: &SenderKeyName,
        record: SenderKeyRecord,
    ) -> Result<()> {
        self.0.insert(name.clone(), record);
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        Ok(self.0.get(name).cloned())
    }
}
