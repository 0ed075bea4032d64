//! `w:sync:app:state`: collections of encrypted mutations, in versions. The server never needs their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wacore::download::MediaType;
use wacore_binary::Node;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

use super::answer::{Answer, Refusal, Reply};
use crate::media::{MediaKind, MediaStore};
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, node};
use crate::phone::Errand;

/// The collections of one account, by name.
pub(crate) type Collections = BTreeMap<String, Collection>;

/// The collections that there are.
const NAMES: [&str; 5] = [
    "critical_block",
    "critical_unblock_low",
    "regular_high",
    "regular_low",
    "regular",
];

/// One collection: patches that lead from one version to the next.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Collection {
    pub(crate) version: u64,
    /// Encoded `SyncdPatch`es, with the version that each leads to.
    pub(crate) patches: Vec<(u64, Vec<u8>)>,
}

impl Collection {
    /// Takes a patch that was made on the present version; the version goes up by one.
    pub(crate) fn append(&mut self, mut patch: wa::SyncdPatch) {
        self.version += 1;
        patch.version = MessageField::some(wa::SyncdVersion {
            version: Some(self.version),
        });
        self.patches.push((self.version, patch.encode_to_vec()));
    }

    /// All that is set, in one piece, for a device that has nothing yet. What each record is about is hidden from the server,
    /// but not which records are about the same thing: a later one replaces or removes the earlier.
    fn snapshot(&self) -> Option<wa::SyncdSnapshot> {
        let mut records: BTreeMap<Vec<u8>, wa::SyncdRecord> = BTreeMap::new();
        let mut last = None;
        for (_, patch) in &self.patches {
            let patch = wa::SyncdPatch::decode_from_slice(patch).ok()?;
            if patch.external_mutations.is_set() {
                // Mutations that are kept elsewhere, encrypted: only the patch leads there.
                return None;
            }
            for mutation in &patch.mutations {
                let record = mutation.record.as_option()?;
                let index = record.index.as_option()?.blob.clone()?;
                if mutation.operation? == SyncdOperation::REMOVE {
                    records.remove(&index);
                } else {
                    records.insert(index, record.clone());
                }
            }
            last = Some(patch);
        }
        let last = last?;
        Some(wa::SyncdSnapshot {
            version: last.version.clone(),
            records: records.into_values().collect(),
            mac: last.snapshot_mac.clone(),
            key_id: last.key_id.clone(),
        })
    }

    /// The patches that lead from a version to the present one.
    fn patches_since(&self, version: u64) -> Option<Node> {
        let newer: Vec<Node> = self
            .patches
            .iter()
            .filter(|(leads_to, _)| *leads_to > version)
            .map(|(_, patch)| node("patch").bytes(patch.clone()).build())
            .collect();
        (!newer.is_empty()).then(|| node("patches").children(newer).build())
    }
}

/// `<sync><collection name version>`: what is newer than the client's version, or a patch of the client.
pub(crate) fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let sync = iq.child("sync").ok_or(Refusal::Unknown)?;
    let media = Arc::clone(&state.media);
    let mut collections = Vec::new();
    let mut changed = Vec::new();
    for request in sync.nodes_named("collection") {
        let name = request.text("name");
        if !NAMES.contains(&name.as_ref()) {
            return Err(Refusal::Malformed("an unknown collection"));
        }
        let Some(account) = state.account_mut(from.account) else {
            return Err(Refusal::NOT_FOUND);
        };
        let collection = account.collections.entry(name.to_string()).or_default();
        let version: u64 = request.parsed("version").unwrap_or(0);
        let mut answer = node("collection").attr("name", name.as_ref());
        let mut children = Vec::new();
        match request.child("patch") {
            Some(_) if version != collection.version => {
                answer = answer.attr("type", "error");
                children.push(
                    node("error")
                        .attr("code", 409)
                        .attr("text", "conflict")
                        .build(),
                );
                children.extend(collection.patches_since(version));
            }
            Some(patch) => {
                let patch = wa::SyncdPatch::decode_from_slice(patch.body())
                    .map_err(|_| Refusal::Malformed("a patch that cannot be decoded"))?;
                collection.append(patch);
                changed.push(name.to_string());
            }
            None => {
                let wanted = version == 0 && request.text("return_snapshot") == "true";
                match wanted.then(|| collection.snapshot()).flatten() {
                    Some(snapshot) => children.extend(snapshot_node(&media, &snapshot)),
                    None => children.extend(collection.patches_since(version)),
                }
            }
        }
        answer = answer.attr("version", collection.version);
        collections.push(if children.is_empty() {
            answer.build()
        } else {
            answer.children(children).build()
        });
    }
    if collections.is_empty() {
        return Err(Refusal::Malformed("a synchronisation of nothing"));
    }
    notify(state, from.account, Some(from.device), &changed);
    if !changed.is_empty() {
        state.errand(from.account, Errand::SettingsChanged);
    }
    Reply::node(node("sync").children(collections).build())
}

/// `<snapshot>`: where the snapshot can be downloaded, and its key.
fn snapshot_node(media: &MediaStore, snapshot: &wa::SyncdSnapshot) -> Option<Node> {
    let plain = snapshot.encode_to_vec();
    let encrypted = wacore::upload::encrypt_media(&plain, MediaType::AppState).ok()?;
    let stored = media.store_in_memory(MediaKind::AppState, encrypted.data_to_upload);
    let reference = wa::ExternalBlobReference {
        media_key: Some(encrypted.media_key.to_vec()),
        direct_path: Some(stored.direct_path),
        handle: Some(stored.handle),
        file_size_bytes: Some(plain.len() as u64),
        file_sha256: Some(encrypted.file_sha256.to_vec()),
        file_enc_sha256: Some(encrypted.file_enc_sha256.to_vec()),
    };
    Some(node("snapshot").bytes(reference.encode_to_vec()).build())
}

/// A patch of the phone: stored whatever the version, since the phone has the last word, and announced to all companions.
pub(crate) fn append_from_phone(
    state: &mut State,
    account: AccountId,
    name: &str,
    patch: wa::SyncdPatch,
) {
    if let Some(account) = state.account_mut(account) {
        account
            .collections
            .entry(name.to_owned())
            .or_default()
            .append(patch);
    }
    notify(state, account, None, &[name.to_owned()]);
}

/// Tells companions, but the one that made the change, that collections have new versions.
fn notify(state: &mut State, id: AccountId, except: Option<DeviceNumber>, changed: &[String]) {
    let Some(account) = state.account(id).filter(|_| !changed.is_empty()) else {
        return;
    };
    let collections: Vec<Node> = changed
        .iter()
        .map(|name| {
            let version = account
                .collections
                .get(name)
                .map_or(0, |known| known.version);
            node("collection")
                .attr("name", name.as_str())
                .attr("version", version)
                .build()
        })
        .collect();
    let notification = node("notification")
        .attr("from", account.jid(Addressing::Pn))
        .attr("type", "server_sync")
        .attr("id", state.stanza_id())
        .attr("t", state.clock.now())
        .children(collections)
        .build();
    state.deliver_to_companions(id, except, notification);
}
