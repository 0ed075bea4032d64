//! Keys, versions and hashes of the collections.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use wacore_appstate::hash::{HashState, generate_patch_mac};
use wacore_appstate::{
    AppStateError, ExpandedAppStateKeys, Mutation, encode_record, expand_app_state_keys,
    process_patch,
};
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;

use super::change::Encoded;

/// Everything about an account's settings that its phone remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppState {
    key: SyncKey,
    collections: BTreeMap<String, HashState>,
}

/// A key of app state, as the phone shares it with its companions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SyncKey {
    /// The device that made it (2 bytes), and its number (4 bytes).
    pub(crate) id: [u8; 6],
    pub(crate) data: [u8; 32],
    /// When it was made (seconds).
    pub(crate) timestamp: i64,
}

impl std::fmt::Debug for SyncKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl AppState {
    pub(crate) fn new(random: &mut StdRng, now: u64) -> Self {
        let number: [u8; 2] = random.random();
        Self {
            key: SyncKey {
                id: [0, 0, 0, 1, number[0], number[1]],
                data: random.random(),
                timestamp: i64::try_from(now).unwrap_or(i64::MAX),
            },
            collections: BTreeMap::new(),
        }
    }

    pub(crate) fn key(&self) -> &SyncKey {
        &self.key
    }

    /// The version of a collection that the phone has seen.
    pub(crate) fn version(&self, name: &str) -> u64 {
        self.collections.get(name).map_or(0, |state| state.version)
    }

    /// Reads a patch that leads from the version that the phone has seen to the next.
    pub(crate) fn apply(
        &mut self,
        name: &str,
        patch: &wa::SyncdPatch,
    ) -> Result<Vec<Mutation>, AppStateError> {
        let keys = Arc::new(self.keys());
        let own = self.key.id;
        let mut state = self.collections.get(name).cloned().unwrap_or_default();
        let known = state.index_value_map.clone();
        let processed = process_patch(
            patch,
            &mut state,
            |id| {
                if id == own {
                    Ok(Arc::clone(&keys))
                } else {
                    Err(AppStateError::KeyNotFound)
                }
            },
            |index| Ok(known.get(&hex(index)).cloned()),
            true,
            name,
        )?;
        for removed in &processed.removed_index_macs {
            state.index_value_map.remove(&hex(removed));
        }
        for added in &processed.added_macs {
            state
                .index_value_map
                .insert(hex(&added.index_mac), added.value_mac.clone());
        }
        self.collections.insert(name.to_owned(), state);
        Ok(processed.mutations)
    }

    /// Makes the patch of a collection that holds these changes, and counts it as applied.
    pub(crate) fn patch(
        &mut self,
        random: &mut StdRng,
        name: &str,
        changes: &[Encoded],
        now_ms: i64,
    ) -> wa::SyncdPatch {
        let keys = self.keys();
        let state = self.collections.entry(name.to_owned()).or_default();
        let mut mutations = Vec::with_capacity(changes.len());
        for change in changes {
            let index = serde_json::to_vec(&change.index).expect("an index is a list of strings");
            let mut value = change.value.clone();
            value.timestamp = Some(now_ms);
            let (mutation, _) = encode_record(
                change.operation,
                &index,
                &value,
                &keys,
                &self.key.id,
                &random.random(),
                change.version,
            );
            mutations.push(mutation);
        }
        let known = state.index_value_map.clone();
        let (_, updated) =
            state.update_hash(&mutations, |index, _| Ok(known.get(&hex(index)).cloned()));
        updated.expect("looking up in memory cannot fail");
        for (mutation, change) in mutations.iter().zip(changes) {
            let record = &mutation.record;
            let index = hex(record.index.blob.as_deref().unwrap_or_default());
            let blob = record.value.blob.as_deref().unwrap_or_default();
            if change.operation == wa::syncd_mutation::SyncdOperation::REMOVE {
                state.index_value_map.remove(&index);
            } else {
                let mac = blob[blob.len().saturating_sub(32)..].to_vec();
                state.index_value_map.insert(index, mac);
            }
        }
        state.version += 1;
        let mut patch = wa::SyncdPatch {
            version: MessageField::some(wa::SyncdVersion {
                version: Some(state.version),
            }),
            snapshot_mac: Some(state.generate_snapshot_mac(name, &keys.snapshot_mac)),
            key_id: MessageField::some(wa::KeyId {
                id: Some(self.key.id.to_vec()),
            }),
            device_index: Some(0),
            mutations,
            ..Default::default()
        };
        patch.patch_mac = Some(generate_patch_mac(
            &patch,
            name,
            &keys.patch_mac,
            state.version,
        ));
        patch
    }

    fn keys(&self) -> ExpandedAppStateKeys {
        expand_app_state_keys(&self.key.data)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::super::Change;
    use super::*;

    fn two_sides() -> (AppState, AppState, StdRng) {
        let mut random = StdRng::seed_from_u64(4);
        let phone = AppState::new(&mut random, 1_700_000_000);
        (phone.clone(), phone, random)
    }

    fn patch(
        state: &mut AppState,
        random: &mut StdRng,
        change: &Change,
    ) -> (String, wa::SyncdPatch) {
        let encoded = change.encode();
        let name = encoded.collection.to_owned();
        let patch = state.patch(random, &name, std::slice::from_ref(&encoded), 5);
        (name, patch)
    }

    #[test]
    fn the_other_side_reads_what_was_written_with_all_macs_checked() {
        let (mut phone, mut companion, mut random) = two_sides();
        for (name, version) in [("One", 1), ("Two", 2)] {
            let (collection, patch) =
                patch(&mut phone, &mut random, &Change::PushName(name.to_owned()));
            assert_eq!(collection, "critical_block");
            let read = companion.apply(&collection, &patch).expect("valid");
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].index, ["setting_pushName"]);
            let value = read[0].action_value.as_ref().expect("a value");
            assert_eq!(value.push_name_setting.name.as_deref(), Some(name));
            assert_eq!(companion.version(&collection), version);
        }
    }

    #[test]
    fn a_removed_mutation_leaves_the_hash_as_if_it_had_never_been() {
        let (mut phone, mut companion, mut random) = two_sides();
        let contact = Change::Contact {
            jid: "5511900000001@s.whatsapp.net".to_owned(),
            lid: None,
            full_name: "Anna Berg".to_owned(),
            first_name: "Anna".to_owned(),
        };
        let remove = Change::RemoveContact {
            jid: "5511900000001@s.whatsapp.net".to_owned(),
        };
        for change in [contact, remove] {
            let (collection, patch) = patch(&mut phone, &mut random, &change);
            companion.apply(&collection, &patch).expect("valid");
        }
        let state = &companion.collections["critical_unblock_low"];
        assert_eq!(state.hash, HashState::default().hash);
        assert!(state.index_value_map.is_empty());
    }

    #[test]
    fn a_patch_that_was_tampered_with_is_refused() {
        let (mut phone, mut companion, mut random) = two_sides();
        let (collection, mut patch) =
            patch(&mut phone, &mut random, &Change::PushName("One".to_owned()));
        patch.patch_mac = Some(vec![0; 32]);
        assert!(companion.apply(&collection, &patch).is_err());
        assert_eq!(companion.version(&collection), 0);
    }
}
