use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use super::{env, mask::mask_uri, reader::Reader};

/// Where the data live and which of them are kept. Source: `DATABASE_*`.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Which database, and where.
    pub backend: DatabaseBackend,
    /// How long to wait for it at start.
    pub wait: Duration,
    /// What is stored.
    pub save: SaveConfig,
}

/// A database.
#[derive(Debug, Clone)]
pub enum DatabaseBackend {
    /// Embedded.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What a commit waits for.
        synchronous: SqliteSynchronous,
    },
    /// PostgreSQL 12 or later.
    Postgres {
        /// `postgresql://user:password@host:5432/database`
        uri: SecretString,
        /// The address for migrations when `uri` leads through a pooler (`psql_bouncer`), which keeps no prepared
        /// statements. Without a pooler `None`.
        migrations: Option<SecretString>,
    },
    /// MySQL 8 or MariaDB.
    Mysql {
        /// `mysql://user:password@host:3306/database`
        uri: SecretString,
    },
}

/// What a commit of SQLite waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// The disk: nothing acknowledged is lost, even when the power fails.
    Full,
    /// The operating system: a power failure may take the last moments with it.
    Normal,
}

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveConfig {
    /// Messages.
    pub messages: bool,
    /// Changes of a message's status.
    pub message_updates: bool,
    /// Contacts.
    pub contacts: bool,
    /// Chats.
    pub chats: bool,
    /// Labels.
    pub labels: bool,
    /// The history that a phone sends.
    pub history: bool,
    /// Which numbers are on WhatsApp; how long that is believed.
    pub numbers: Option<Duration>,
    /// Whether a revoked message stays, marked as deleted.
    pub keep_revoked: bool,
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader<'_>, data_dir: &Path) -> Self {
        Self {
            backend: DatabaseBackend::read(reader, data_dir),
            wait: reader.duration(&env::POMBO_DATABASE_WAIT),
            save: SaveConfig::read(reader),
        }
    }
}

impl DatabaseBackend {
    /// For logs and errors, without secrets: `postgresql://user:****@host/db`, or the file.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Postgres { uri, .. } | Self::Mysql { uri } => mask_uri(uri.expose_secret()),
        }
    }

    fn read(reader: &mut Reader<'_>, data_dir: &Path) -> Self {
        let uri = reader.optional_secret(&env::DATABASE_CONNECTION_URI);
        let by_scheme = uri.as_ref().map(|uri| provider_of(uri.expose_secret()));
        let provider = reader.word(&env::DATABASE_PROVIDER);
        let wanted = match provider {
            None => by_scheme.unwrap_or("sqlite"),
            Some("psql_bouncer") => "postgresql",
            Some(provider) => provider,
        };
        if by_scheme.is_some_and(|scheme| scheme != wanted) {
            let provider = provider.unwrap_or_default();
            reader.refuse(
                &env::DATABASE_CONNECTION_URI,
                format!("an address that fits DATABASE_PROVIDER, which is `{provider}`"),
            );
        }
        if uri.is_none() && wanted != "sqlite" {
            let provider = provider.unwrap_or_default();
            reader.refuse(
                &env::DATABASE_CONNECTION_URI,
                format!(
                    "the address of the database, since DATABASE_PROVIDER is `{provider}` \
                     (unset both for the embedded database)"
                ),
            );
        }
        let bouncer = reader.optional_secret(&env::DATABASE_BOUNCER_CONNECTION_URI);
        match (wanted, uri) {
            ("postgresql", Some(direct)) if provider == Some("psql_bouncer") => Self::Postgres {
                uri: bouncer.unwrap_or_else(|| direct.clone()),
                migrations: Some(direct),
            },
            ("postgresql", Some(uri)) => Self::Postgres {
                uri,
                migrations: None,
            },
            ("mysql", Some(uri)) => Self::Mysql { uri },
            (_, uri) => Self::Sqlite {
                path: uri
                    .and_then(|uri| sqlite_path(uri.expose_secret()))
                    .unwrap_or_else(|| data_dir.join("pombo.db")),
                synchronous: match reader.word(&env::POMBO_SQLITE_SYNCHRONOUS) {
                    Some("normal") => SqliteSynchronous::Normal,
                    _ => SqliteSynchronous::Full,
                },
            },
        }
    }
}

/// The kind of database that an address leads to. Its scheme has been checked.
fn provider_of(uri: &str) -> &'static str {
    match uri
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase())
        .as_deref()
    {
        Some("postgresql" | "postgres") => "postgresql",
        Some("mysql" | "mariadb") => "mysql",
        _ => "sqlite",
    }
}

/// `sqlite:///var/lib/pombo.db` is absolute, `sqlite://pombo.db` is not.
fn sqlite_path(uri: &str) -> Option<PathBuf> {
    let (_, path) = uri.split_once("://")?;
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty()).then(|| path.into())
}

impl SaveConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let days = reader.integer(&env::DATABASE_SAVE_IS_ON_WHATSAPP_DAYS);
        Self {
            messages: reader.flag(&env::DATABASE_SAVE_DATA_NEW_MESSAGE),
            message_updates: reader.flag(&env::DATABASE_SAVE_MESSAGE_UPDATE),
            contacts: reader.flag(&env::DATABASE_SAVE_DATA_CONTACTS),
            chats: reader.flag(&env::DATABASE_SAVE_DATA_CHATS),
            labels: reader.flag(&env::DATABASE_SAVE_DATA_LABELS),
            history: reader.flag(&env::DATABASE_SAVE_DATA_HISTORIC),
            numbers: reader
                .flag(&env::DATABASE_SAVE_IS_ON_WHATSAPP)
                .then(|| Duration::from_secs(days.saturating_mul(86_400))),
            keep_revoked: reader.flag(&env::DATABASE_DELETE_MESSAGE),
        }
    }
}
