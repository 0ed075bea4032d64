//! Who has joined which namespace.
//!
//! One room per instance, however clients spell its namespace, and one for the root. A room's lock orders everything that
//! its members are sent: the answer to a join comes before the first event.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use percent_encoding::percent_decode_str;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::InstanceRef;

use super::member::Member;

/// A membership, seen from the session: enough to give it up.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) room: Arc<Room>,
    pub(super) member: u64,
}

/// The members of one namespace.
#[derive(Debug)]
pub(super) struct Room {
    /// `None`: the root.
    pub(super) instance: Option<InstanceRef>,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) by_id: HashMap<u64, Arc<Member>>,
    /// The instance is gone; nobody joins any more.
    pub(super) gone: bool,
}

impl Room {
    fn new(instance: Option<InstanceRef>) -> Arc<Self> {
        Arc::new(Self {
            instance,
            members: Mutex::default(),
        })
    }

    pub(super) fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up a seat.
    pub(super) fn leave(&self, member: u64) {
        if let Some(member) = self.members().by_id.remove(&member) {
            member.leave();
        }
    }
}

/// Every room.
#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) root: Arc<Room>,
    instances: RwLock<Instances>,
    next_member: AtomicU64,
}

#[derive(Debug, Default)]
struct Instances {
    by_id: HashMap<InstanceId, Arc<Room>>,
    by_name: HashMap<String, Arc<Room>>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            root: Room::new(None),
            instances: RwLock::default(),
            next_member: AtomicU64::new(1),
        }
    }
}

impl Rooms {
    pub(super) fn next_member(&self) -> u64 {
        self.next_member.fetch_add(1, Ordering::Relaxed)
    }

    /// Opens the instance's room. For a known instance nothing happens.
    pub(super) fn open(&self, instance: &InstanceRef) {
        let mut instances = self
            .instances
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if instances.by_id.contains_key(&instance.id) {
            return;
        }
        let room = Room::new(Some(instance.clone()));
        instances.by_id.insert(instance.id.clone(), room.clone());
        instances
            .by_name
            .insert(instance.name.as_str().to_owned(), room);
    }

    /// Takes the instance's room away. A new instance may already have its name; that one stays.
    pub(super) fn close(&self, instance: &InstanceRef) -> Option<Arc<Room>> {
        let mut instances = self
            .instances
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let room = instances.by_id.remove(&instance.id)?;
        let name = instance.name.as_str();
        if instances
            .by_name
            .get(name)
            .is_some_and(|named| Arc::ptr_eq(named, &room))
        {
            instances.by_name.remove(name);
        }
        Some(room)
    }

    pub(super) fn by_id(&self, id: &InstanceId) -> Option<Arc<Room>> {
        self.instances
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .get(id)
            .cloned()
    }

    /// The room of a name, written plainly or percent-encoded, as in the path of a URL.
    pub(super) fn by_name(&self, name: &str) -> Option<Arc<Room>> {
        let instances = self
            .instances
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = instances.by_name.get(name) {
            return Some(room.clone());
        }
        let decoded = percent_decode_str(name).decode_utf8().ok()?;
        instances.by_name.get(decoded.as_ref()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use pombo_domain::instance::InstanceName;

    use super::*;

    fn instance(name: &str) -> InstanceRef {
        InstanceRef {
            id: InstanceId::random(),
            name: InstanceName::new(name).unwrap(),
        }
    }

    #[test]
    fn every_spelling_of_a_name_leads_to_one_room() {
        let rooms = Rooms::default();
        let original = instance("Ora é/100%,x");
        rooms.open(&original);
        let room = rooms.by_id(&original.id).unwrap();
        for name in [
            "Ora é/100%,x",
            "Ora%20%C3%A9/100%25,x",
            "Ora%20%c3%a9%2F100%25%2Cx",
        ] {
            assert!(Arc::ptr_eq(&rooms.by_name(name).unwrap(), &room), "{name}");
        }
        assert!(rooms.by_name("ora é/100%,x").is_none());
        assert!(rooms.by_name("%ff").is_none());
    }

    #[test]
    fn a_plain_name_wins_over_an_encoded_one() {
        let rooms = Rooms::default();
        let (encoded, plain) = (instance("a%20b"), instance("a b"));
        rooms.open(&encoded);
        rooms.open(&plain);
        assert_eq!(rooms.by_name("a%20b").unwrap().instance, Some(encoded));
        assert_eq!(rooms.by_name("a b").unwrap().instance, Some(plain));
    }

    #[test]
    fn a_late_goodbye_leaves_the_successor_alone() {
        let rooms = Rooms::default();
        let (old, new) = (instance("a"), instance("a"));
        rooms.open(&old);
        rooms.open(&new);
        assert!(rooms.close(&old).is_some());
        assert_eq!(rooms.by_name("a").unwrap().instance, Some(new));
        assert!(rooms.close(&old).is_none());
    }
}
