use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::data_dir::prepare_data_dir;

/// The file in the data directory.
pub const FILE_NAME: &str = "api-key";

/// The longest content that can be a key.
const LONGEST: u64 = 4096;

/// The global API key that belongs to a data directory.
#[derive(Debug)]
pub struct StoredApiKey {
    /// The key.
    pub key: SecretString,
    /// Where it is kept.
    pub path: PathBuf,
    /// Whether it was made just now.
    pub created: bool,
    /// What the operator should know about the file.
    pub warning: Option<String>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// The directory cannot be made.
    #[error("cannot make the directory {}", .0.display())]
    Directory(PathBuf, #[source] io::Error),
    /// The file cannot be made.
    #[error("cannot write the API key to {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The file cannot be read.
    #[error("cannot read the API key from {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file holds no key.
    #[error(
        "{} holds no API key (one line of visible ASCII characters); remove it and a new key is made",
        .0.display()
    )]
    NoKey(PathBuf),
    /// The operating system has no random numbers.
    #[error("no random numbers for the API key")]
    Random(#[source] getrandom::Error),
}

/// The key of this data directory: read when there is one, else made from 32 random bytes and stored with mode 0600.
///
/// Of two programs that make one at the same time, both get the same. A file that others may read is tightened, with a
/// warning.
pub fn load_or_create_api_key(data_dir: &Path) -> Result<StoredApiKey, ApiKeyError> {
    let path = data_dir.join(FILE_NAME);
    match File::open(&path) {
        Ok(file) => return load(file, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ApiKeyError::Read(path, error)),
    }
    prepare_data_dir(data_dir)
        .map_err(|error| ApiKeyError::Directory(data_dir.to_owned(), error))?;
    let (key, suffix) = (random_hex::<32>()?, random_hex::<8>()?);
    // The key appears under its name only when it is complete: a crash never leaves half a key behind.
    let draft = data_dir.join(format!(".{FILE_NAME}-{suffix}"));
    let made = write_new(&draft, &key).and_then(|()| publish(&draft, &path));
    let removed = std::fs::remove_file(&draft);
    match made {
        Ok(()) => {
            let warning = removed
                .err()
                .map(|error| format!("cannot remove {}: {error}", draft.display()));
            Ok(StoredApiKey {
                key: key.into(),
                path,
                created: true,
                warning,
            })
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match File::open(&path) {
            Ok(file) => load(file, path),
            Err(error) => Err(ApiKeyError::Read(path, error)),
        },
        Err(error) => Err(ApiKeyError::Write(path, error)),
    }
}

fn load(file: File, path: PathBuf) -> Result<StoredApiKey, ApiKeyError> {
    let warning = tighten(&file, &path);
    let mut text = String::new();
    match file.take(LONGEST).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(ApiKeyError::NoKey(path));
        }
        Err(error) => return Err(ApiKeyError::Read(path, error)),
    }
    let key = text.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiKeyError::NoKey(path));
    }
    Ok(StoredApiKey {
        key: key.into(),
        path,
        created: false,
        warning,
    })
}

fn random_hex<const BYTES: usize>() -> Result<String, ApiKeyError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(ApiKeyError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write_new(path: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

/// Gives the finished file its name, unless another program was faster (`AlreadyExists`).
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(draft, path) {
        // Some file systems have no hard links. There, of two programs at once, the later one wins.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            std::fs::copy(draft, path).map(|_| ())
        }
        linked => linked,
    }?;
    match path.parent() {
        #[cfg(unix)]
        Some(parent) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn tighten(file: &File, path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return None;
    }
    Some(
        match file.set_permissions(PermissionsExt::from_mode(0o600)) {
            Ok(()) => format!(
                "{} could be read by others (mode {mode:o}); it is 600 now",
                path.display()
            ),
            Err(error) => format!(
                "{} can be read by others (mode {mode:o}), and that cannot be changed: {error}",
                path.display()
            ),
        },
    )
}

#[cfg(not(unix))]
fn tighten(_: &File, _: &Path) -> Option<String> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{collections::BTreeSet, os::unix::fs::PermissionsExt};

    use secrecy::ExposeSecret;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("a/data");

        let first = load_or_create_api_key(&data_dir).unwrap();
        let second = load_or_create_api_key(&data_dir).unwrap();

        assert!(first.created && !second.created);
        assert_eq!(first.key.expose_secret(), second.key.expose_secret());
        assert_eq!(first.key.expose_secret().len(), 64);
        assert_eq!((mode(&first.path), mode(&data_dir)), (0o600, 0o700));
        assert!(first.warning.is_none() && second.warning.is_none());
        assert_eq!(
            std::fs::read_dir(&data_dir).unwrap().count(),
            1,
            "nothing but the key is left"
        );
    }

    #[test]
    fn keys_differ() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = |folder: &tempfile::TempDir| load_or_create_api_key(folder.path()).unwrap().key;
        assert_ne!(key(&one).expose_secret(), key(&other).expose_secret());
    }

    #[test]
    fn many_programs_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys: BTreeSet<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| load_or_create_api_key(folder.path()).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap().key.expose_secret().to_owned())
                .collect()
        });
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_tightened_with_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, "my-own-key\r\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();

        let stored = load_or_create_api_key(folder.path()).unwrap();

        assert_eq!(stored.key.expose_secret(), "my-own-key");
        assert!(stored.warning.unwrap().contains("mode 644"));
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_without_a_key_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        for content in [&b""[..], b" \n", b"two words", b"\xff\xfe"] {
            std::fs::write(folder.path().join(FILE_NAME), content).unwrap();
            let text = load_or_create_api_key(folder.path())
                .unwrap_err()
                .to_string();
            assert!(text.contains("api-key holds no API key"), "{text}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let text = load_or_create_api_key(&file.join("data"))
            .unwrap_err()
            .to_string();
        assert!(text.contains("file/data"), "{text}");
    }
}
