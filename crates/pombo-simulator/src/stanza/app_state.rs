//! `w:sync:app:state`: collections of encrypted mutations, in versions. The server never needs their keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The collections of one account, by name.
pub(crate) type Collections = BTreeMap<String, Collection>;

/// One collection: patches that lead from one version to the next.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Collection {
    pub(crate) version: u64,
    /// Encoded `SyncdPatch`es, with the version that each leads to.
    pub(crate) patches: Vec<(u64, Vec<u8>)>,
}
