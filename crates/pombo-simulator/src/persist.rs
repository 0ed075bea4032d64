//! What a network knows, in a file, so that a restarted simulator is the same one: its key, accounts, devices, keys, queues,
//! groups, settings, files, and the memories of its phones. Clients come back without a new QR code.
//!
//! The file is JSON, written beside the old one and then put in its place, so that there is always a whole one. It is written
//! soon after something changed and at the end. What is left out: connections, rules of faults, pairings under way, and what a
//! phone was about to do in the very moment of a crash.
//!
//! Phones are looked at after the rest and without the network's lock, as the order of locks wants it. A phone can therefore be
//! a moment ahead of the network in the file, as a real one can be ahead of its last backup.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::media::MediaSnapshot;
use crate::network::account::Account;
use crate::network::group::Group;
use crate::network::newsletter::Newsletter;
use crate::network::{AccountId, Network, State};
use crate::noise::certificate::StoredIdentity;
use crate::stanza::spam::SpamReport;

/// The form of the file. Another one is refused.
const VERSION: u32 = 1;
/// How long after a change the file is written.
const SOON: Duration = Duration::from_millis(300);

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The system says no.
    #[error("{path}: cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is not what this simulator writes.
    #[error("{path}: not a state that this simulator has written")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Another version has written it.
    #[error("{path}: written in form {found}; this simulator reads form {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
    /// A key in it is none.
    #[error("{path}: the server's key is damaged")]
    Key {
        /// The file.
        path: PathBuf,
    },
}

/// Everything in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    version: u32,
    /// What randomness was made from, and how often the network was started since.
    pub(crate) seed: u64,
    pub(crate) starts: u64,
    pub(crate) server: StoredIdentity,
    /// The same without their phones.
    accounts: Vec<Value>,
    phones: BTreeMap<AccountId, Value>,
    groups: BTreeMap<String, Group>,
    newsletters: BTreeMap<String, Newsletter>,
    props: BTreeMap<u32, String>,
    spam_reports: Vec<SpamReport>,
    next_account: u32,
    next_stanza: u64,
    media: MediaSnapshot,
}

/// The file, if there is one.
pub(crate) fn read(path: &Path) -> Result<Option<Stored>, StateFileError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(StateFileError::File {
                path: path.to_owned(),
                source,
            });
        }
    };
    let content = |source| StateFileError::Content {
        path: path.to_owned(),
        source,
    };
    let value: Value = serde_json::from_slice(&text).map_err(content)?;
    let found = value["version"]
        .as_u64()
        .and_then(|version| version.try_into().ok());
    if let Some(found) = found.filter(|found| *found != VERSION) {
        return Err(StateFileError::Version {
            path: path.to_owned(),
            found,
        });
    }
    serde_json::from_value(value).map(Some).map_err(content)
}

impl Stored {
    /// Puts what was stored into a state that is new.
    pub(crate) fn restore(self, state: &mut State, path: &Path) -> Result<(), StateFileError> {
        let content = |source| StateFileError::Content {
            path: path.to_owned(),
            source,
        };
        let mut phones = self.phones;
        for mut account in self.accounts {
            let id = account["id"]
                .as_u64()
                .and_then(|id| id.try_into().ok())
                .map(AccountId);
            let phone = id.and_then(|id| phones.remove(&id)).unwrap_or_default();
            if let Value::Object(members) = &mut account {
                members.insert("phone".to_owned(), phone);
            }
            let account: Account = serde_json::from_value(account).map_err(content)?;
            state
                .directory
                .insert(account.phone_number.clone(), account.id);
            state.directory.insert(account.lid.clone(), account.id);
            state.accounts.insert(account.id, account);
        }
        state.groups = self.groups;
        state.newsletters = self.newsletters;
        state.props = self.props;
        state.spam_reports = self.spam_reports;
        state.set_counters(self.next_account, self.next_stanza);
        state
            .media
            .restore(self.media)
            .map_err(|error| StateFileError::File {
                path: path.to_owned(),
                source: io::Error::other(error.to_string()),
            })
    }
}

/// Where a network keeps itself.
#[derive(Debug, Clone)]
pub(crate) struct StateFile {
    path: PathBuf,
    seed: u64,
    starts: u64,
    /// Whoever holds it writes: an older state never comes after a newer one. `true`: nothing is to be written any more.
    ended: Arc<Mutex<bool>>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf, seed: u64, starts: u64) -> Self {
        Self {
            path,
            seed,
            starts,
            ended: Arc::default(),
        }
    }

    /// Writes the file now, unless it was written for the last time.
    fn save(&self, network: &Arc<Network>) -> Result<(), StateFileError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if *ended {
            return Ok(());
        }
        self.write(network)
    }

    /// Writes the file for the last time. What is still being written is finished before, and what comes later is not written:
    /// the file belongs to the next network.
    pub(crate) fn save_last(&self, network: &Arc<Network>) -> Result<(), StateFileError> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *ended = true;
        self.write(network)
    }

    fn write(&self, network: &Arc<Network>) -> Result<(), StateFileError> {
        let content = |source| StateFileError::Content {
            path: self.path.clone(),
            source,
        };
        let stored = network.with(|state| {
            let accounts: Result<Vec<Value>, _> =
                state.accounts.values().map(serde_json::to_value).collect();
            let phones: Vec<_> = state
                .accounts
                .iter()
                .map(|(id, account)| (*id, Arc::clone(&account.phone)))
                .collect();
            let (next_account, next_stanza) = state.counters();
            let stored = Stored {
                version: VERSION,
                seed: self.seed,
                starts: self.starts,
                server: network.server().to_stored(),
                accounts: accounts?,
                phones: BTreeMap::new(),
                groups: state.groups.clone(),
                newsletters: state.newsletters.clone(),
                props: state.props.clone(),
                spam_reports: state.spam_reports.clone(),
                next_account,
                next_stanza,
                media: state.media.snapshot(),
            };
            Ok((stored, phones))
        });
        let (mut stored, phones) = stored.map_err(content)?;
        for (id, phone) in phones {
            let phone =
                serde_json::to_value(&*phone.lock().unwrap_or_else(PoisonError::into_inner));
            stored.phones.insert(id, phone.map_err(content)?);
        }
        let text = serde_json::to_vec(&stored).map_err(content)?;
        write_whole(&self.path, &text).map_err(|source| StateFileError::File {
            path: self.path.clone(),
            source,
        })
    }

    /// Writes the file soon after each change, until the network stops.
    pub(crate) fn keep(self, network: &Arc<Network>) {
        let kept = Arc::clone(network);
        network.spawn(async move {
            loop {
                tokio::time::sleep(SOON).await;
                if kept.touched.swap(false, Ordering::AcqRel) {
                    let (file, network) = (self.clone(), Arc::clone(&kept));
                    let saved = tokio::task::spawn_blocking(move || {
                        let saved = file.save(&network);
                        // Looking is no change.
                        network.touched.store(false, Ordering::Release);
                        saved
                    })
                    .await;
                    if let Ok(Err(error)) = saved {
                        tracing::error!("the network's state is not kept: {error}");
                    }
                }
            }
        });
    }
}

/// A new file in the old one's place: readers see the one or the other, also after a crash.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulator;

    #[tokio::test]
    async fn a_write_that_comes_late_does_not_replace_the_last_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("network.json");
        let simulator = Simulator::builder().start().await.expect("a network");
        let file = StateFile::new(path.clone(), 1, 1);
        // As by the task that keeps the file up to date.
        let late = file.clone();
        file.save(simulator.network()).expect("written");
        simulator.add_account("5511900000001", "Ann");
        file.save_last(simulator.network()).expect("written");
        let last = std::fs::read(&path).expect("a file");
        simulator.add_account("5511900000002", "Bob");
        late.save(simulator.network()).expect("nothing to do");
        assert!(std::fs::read(&path).expect("a file") == last);
        let stored = read(&path).expect("good").expect("there");
        assert_eq!(stored.accounts.len(), 1);
    }
}
