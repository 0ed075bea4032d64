//! What is there, until when, and what is still coming in.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use pombo_domain::clock::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::auth::{MediaAuth, Sealer};
use super::content::{Content, Folder, Growing};
use super::kind::MediaKind;
use crate::network::clock::Clock;

/// How much is kept, how long and where.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// How long a file can be downloaded; afterwards the answer is 410.
    pub lifetime: Duration,
    /// How long the hosts of `media_conn` are good.
    pub connection_lifetime: Duration,
    /// How long its token is good.
    pub auth_lifetime: Duration,
    /// Files up to so many bytes stay in memory.
    pub memory_limit: u64,
    /// Larger uploads are refused.
    pub size_limit: u64,
    /// Where larger files go; `None`: a temporary folder that is removed at the end.
    pub folder: Option<PathBuf>,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(30 * 86_400),
            connection_lifetime: Duration::from_secs(300),
            auth_lifetime: Duration::from_secs(6 * 3_600),
            memory_limit: 256 * 1024,
            size_limit: 2 << 30,
            folder: None,
        }
    }
}

/// Everything that was uploaded.
#[derive(Debug)]
pub struct MediaStore {
    settings: MediaSettings,
    sealer: Sealer,
    folder: Folder,
    clock: Clock,
    host: OnceLock<SocketAddr>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    serial: u64,
    files: BTreeMap<String, File>,
    /// Uploads that broke off, by hash.
    partial: HashMap<[u8; 32], Growing>,
}

#[derive(Debug)]
struct File {
    kind: MediaKind,
    hash: [u8; 32],
    stored_at: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    Here {
        content: Content,
        expires_at: Timestamp,
    },
    /// Expired or deleted, and answered with this status.
    Gone(u16),
}

/// Where a file went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMedia {
    /// `/v/...`: what goes into a message.
    pub direct_path: String,
    /// The address that goes beside it; on WhatsApp's own host, where nobody who talks to a simulator looks.
    pub url: String,
    /// A channel's handle of the file.
    pub handle: String,
    /// SHA-256 of what is stored.
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
}

/// What is known about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaInfo {
    /// `/v/...`
    pub direct_path: String,
    /// What it is for.
    pub kind: MediaKind,
    /// Bytes; absent when it is gone.
    pub size: Option<u64>,
    /// SHA-256 of what is stored, base64url without padding: the token of its upload.
    pub token: String,
    /// When it came.
    pub stored_at: Timestamp,
    /// Until when it can be downloaded; absent when it is gone.
    pub expires_at: Option<Timestamp>,
    /// 404 or 410, when it is gone.
    pub gone: Option<u16>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// Never stored, or deleted.
    #[error("no media at `{0}`")]
    Unknown(String),
    /// Its time was over.
    #[error("the media at `{0}` expired")]
    Expired(String),
    /// The disk failed us.
    #[error("the media cannot be read or written")]
    Disk(#[from] std::io::Error),
}

/// What a new simulator needs to know of the files of an old one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MediaSnapshot {
    serial: u64,
    files: Vec<FileSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileSnapshot {
    direct_path: String,
    kind: MediaKind,
    token: String,
    stored_at_ms: i64,
    expires_at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<u16>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    /// A name in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default)]
    size: u64,
}

impl MediaStore {
    /// An empty one. Tokens are sealed with `secret`.
    #[must_use]
    pub fn new(settings: MediaSettings, secret: [u8; 32], clock: Clock) -> Self {
        let folder = settings
            .folder
            .clone()
            .map_or_else(Folder::temporary, Folder::kept);
        Self {
            settings,
            sealer: Sealer::new(secret),
            folder,
            clock,
            host: OnceLock::new(),
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX))
    }

    /// Where it can be reached; set once, when the listener is there.
    pub(crate) fn set_host(&self, host: SocketAddr) {
        self.host.get_or_init(|| host);
    }

    /// Where it can be reached: `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> Option<SocketAddr> {
        self.host.get().copied()
    }

    pub(super) fn settings(&self) -> &MediaSettings {
        &self.settings
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What `media_conn` hands out.
    pub(crate) fn authorise(&self) -> MediaAuth {
        MediaAuth {
            auth: self
                .sealer
                .seal(self.now().plus(self.settings.auth_lifetime)),
            ttl: self.settings.connection_lifetime.as_secs(),
            auth_ttl: self.settings.auth_lifetime.as_secs(),
        }
    }

    pub(super) fn lets_in(&self, auth: &str) -> bool {
        self.sealer.accepts(auth, self.now())
    }

    /// Stores what a phone or the server itself uploads, always under a new path.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn store(
        &self,
        kind: MediaKind,
        bytes: impl Into<Bytes>,
    ) -> Result<StoredMedia, MediaError> {
        let bytes = bytes.into();
        if bytes.len() as u64 <= self.settings.memory_limit {
            return Ok(self.store_in_memory(kind, bytes));
        }
        let mut growing = Growing::new();
        growing
            .push(&bytes, self.settings.memory_limit, &self.folder)
            .await?;
        let (content, hash) = growing.finish().await?;
        Ok(self.insert(kind, content, hash))
    }

    /// Like [`MediaStore::store`], for what is small enough not to need the disk: pictures, previews.
    pub fn store_in_memory(&self, kind: MediaKind, bytes: impl Into<Bytes>) -> StoredMedia {
        let bytes = bytes.into();
        let hash = Sha256::digest(&bytes).into();
        self.insert(kind, Content::Memory(bytes), hash)
    }

    pub(super) fn insert(&self, kind: MediaKind, content: Content, hash: [u8; 32]) -> StoredMedia {
        let now = self.now();
        let mut inner = self.inner();
        inner.serial += 1;
        let name = BASE64_URL_SAFE_NO_PAD.encode(&hash[..12]);
        let direct_path = format!(
            "/v/{}/{:08}_{name}_n.{}",
            kind.folder(),
            inner.serial,
            kind.extension()
        );
        let stored = stored(&direct_path, hash, content.size());
        let file = File {
            kind,
            hash,
            stored_at: now,
            state: State::Here {
                content,
                expires_at: now.plus(self.settings.lifetime),
            },
        };
        inner.files.insert(direct_path, file);
        stored
    }

    /// The file of this kind and hash that can still be downloaded.
    pub(super) fn existing(&self, kind: MediaKind, hash: &[u8; 32]) -> Option<StoredMedia> {
        let now = self.now();
        let inner = self.inner();
        inner
            .files
            .iter()
            .find_map(|(path, file)| match &file.state {
                State::Here {
                    content,
                    expires_at,
                } if file.kind == kind && file.hash == *hash && now < *expires_at => {
                    Some(stored(path, *hash, content.size()))
                }
                _ => None,
            })
    }

    /// What a path leads to.
    pub(super) fn find(&self, path: &str) -> Result<(Content, [u8; 32]), MediaError> {
        let now = self.now();
        let mut inner = self.inner();
        let unknown = || MediaError::Unknown(path.to_owned());
        let file = inner.files.get_mut(path).ok_or_else(unknown)?;
        let expired = matches!(&file.state, State::Here { expires_at, .. } if *expires_at <= now);
        if expired
            && let State::Here { content, .. } =
                std::mem::replace(&mut file.state, State::Gone(410))
        {
            content.forget();
        }
        match &file.state {
            State::Here { content, .. } => Ok((content.clone(), file.hash)),
            State::Gone(404) => Err(unknown()),
            State::Gone(_) => Err(MediaError::Expired(path.to_owned())),
        }
    }

    /// The bytes at a path, for the simulator's own phones.
    ///
    /// # Errors
    /// When there is nothing (any more), or the disk fails.
    pub async fn read(&self, path: &str) -> Result<Bytes, MediaError> {
        let (content, _) = self.find(path)?;
        Ok(content.read().await?)
    }

    /// The bytes at a path, for phones, which never wait; `None` also when they are on disk.
    pub(crate) fn in_memory(&self, path: &str) -> Option<Bytes> {
        match self.find(path).ok()?.0 {
            Content::Memory(bytes) => Some(bytes),
            Content::Disk { .. } => None,
        }
    }

    /// From now on the answer for this path is 410, or 404 as if it had never been. `false` when there is no such path.
    pub fn remove(&self, path: &str, status: u16) -> bool {
        let mut inner = self.inner();
        let Some(file) = inner.files.get_mut(path) else {
            return false;
        };
        if let State::Here { content, .. } = std::mem::replace(&mut file.state, State::Gone(status))
        {
            content.forget();
        }
        true
    }

    /// What there is, and what there was.
    #[must_use]
    pub fn list(&self) -> Vec<MediaInfo> {
        let inner = self.inner();
        inner
            .files
            .iter()
            .map(|(path, file)| {
                let (size, expires_at, gone) = match &file.state {
                    State::Here {
                        content,
                        expires_at,
                    } => (Some(content.size()), Some(*expires_at), None),
                    State::Gone(status) => (None, None, Some(*status)),
                };
                MediaInfo {
                    direct_path: path.clone(),
                    kind: file.kind,
                    size,
                    token: token_of(&file.hash),
                    stored_at: file.stored_at,
                    expires_at,
                    gone,
                }
            })
            .collect()
    }

    /// Takes out what has arrived of an upload that broke off.
    pub(super) fn take_partial(&self, hash: &[u8; 32]) -> Option<Growing> {
        self.inner().partial.remove(hash)
    }

    /// Puts back what has arrived; of two the larger stays.
    pub(super) fn put_partial(&self, hash: [u8; 32], growing: Growing) {
        let mut inner = self.inner();
        if inner
            .partial
            .get(&hash)
            .is_none_or(|other| other.size() <= growing.size())
        {
            inner.partial.insert(hash, growing);
        }
    }

    pub(super) fn partial_size(&self, hash: &[u8; 32]) -> u64 {
        self.inner().partial.get(hash).map_or(0, Growing::size)
    }

    /// For a new simulator. Uploads that are still coming in are not part of it.
    #[must_use]
    pub fn snapshot(&self) -> MediaSnapshot {
        let inner = self.inner();
        let files = inner.files.iter().map(|(path, file)| {
            let mut snapshot = FileSnapshot {
                direct_path: path.clone(),
                kind: file.kind,
                token: token_of(&file.hash),
                stored_at_ms: file.stored_at.millis(),
                expires_at_ms: 0,
                gone: None,
                bytes: None,
                file: None,
                size: 0,
            };
            match &file.state {
                State::Gone(status) => snapshot.gone = Some(*status),
                State::Here {
                    content,
                    expires_at,
                } => {
                    snapshot.expires_at_ms = expires_at.millis();
                    snapshot.size = content.size();
                    snapshot.file = content.file_name();
                    if let Content::Memory(bytes) = content {
                        snapshot.bytes = Some(BASE64_STANDARD.encode(bytes));
                    }
                }
            }
            snapshot
        });
        MediaSnapshot {
            serial: inner.serial,
            files: files.collect(),
        }
    }

    /// Takes over what an old simulator knew.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn restore(&self, snapshot: MediaSnapshot) -> Result<(), MediaError> {
        let mut files = BTreeMap::new();
        for file in snapshot.files {
            let Some(hash) = hash_of(&file.token) else {
                continue;
            };
            let content = match (file.gone, file.bytes, file.file) {
                (None, Some(bytes), _) => BASE64_STANDARD
                    .decode(bytes)
                    .ok()
                    .map(|bytes| Content::Memory(bytes.into())),
                (None, None, Some(name)) => {
                    Some(Content::on_disk(self.folder.path()?, &name, file.size))
                }
                _ => None,
            };
            let state = content.map_or(State::Gone(file.gone.unwrap_or(404)), |content| {
                State::Here {
                    content,
                    expires_at: Timestamp::from_millis(file.expires_at_ms),
                }
            });
            let stored = File {
                kind: file.kind,
                hash,
                stored_at: Timestamp::from_millis(file.stored_at_ms),
                state,
            };
            files.insert(file.direct_path, stored);
        }
        let mut inner = self.inner();
        inner.serial = snapshot.serial;
        inner.files = files;
        Ok(())
    }
}

fn stored(direct_path: &str, sha256: [u8; 32], size: u64) -> StoredMedia {
    StoredMedia {
        direct_path: direct_path.to_owned(),
        url: format!("https://mmg.whatsapp.net{direct_path}"),
        handle: token_of(&sha256),
        sha256,
        size,
    }
}

/// The token under which bytes with this hash are uploaded.
pub(super) fn token_of(hash: &[u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hash)
}

/// The hash that a token names. Padding does not matter.
pub(super) fn hash_of(token: &str) -> Option<[u8; 32]> {
    BASE64_URL_SAFE_NO_PAD
        .decode(token.trim_end_matches('='))
        .ok()?
        .try_into()
        .ok()
}
