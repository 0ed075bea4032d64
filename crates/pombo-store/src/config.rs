//! Which database, and how it is reached.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// How to open the store.
#[derive(Debug, Clone)]
pub struct DbConfig {
    /// Which database.
    pub backend: Backend,
    /// How long to go on trying at start.
    pub wait: Duration,
    /// Connections in all: one writes, the others (at most four with SQLite) read and are opened when needed.
    pub max_connections: u32,
}

/// Which database.
#[derive(Debug, Clone)]
pub enum Backend {
    /// One file.
    Sqlite {
        /// Where it is; made with its folder when missing.
        path: PathBuf,
        /// What a power cut may cost.
        synchronous: Synchronous,
    },
    /// Nothing on disk: for tests. One connection, so reads wait for the group that is being written.
    SqliteMemory,
    /// PostgreSQL.
    Postgres {
        /// `postgresql://user:password@host:5432/database?schema=name`
        url: SecretString,
        /// Behind pgbouncer in transaction mode: no prepared statements are kept.
        bouncer: bool,
    },
    /// MySQL or MariaDB.
    Mysql {
        /// `mysql://user:password@host:3306/database`
        url: SecretString,
    },
}

/// When SQLite waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// At every commit: what was answered survives a power cut.
    #[default]
    Full,
    /// At checkpoints: a power cut may cost the last seconds; a crash of the program costs nothing.
    Normal,
}

impl Backend {
    /// Kind and address for people, the password masked.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => format!("SQLite {}", path.display()),
            Self::SqliteMemory => "SQLite in memory".to_owned(),
            Self::Postgres { url, .. } => format!("PostgreSQL {}", masked(url.expose_secret())),
            Self::Mysql { url } => format!("MySQL {}", masked(url.expose_secret())),
        }
    }
}

/// `scheme://user:****@host/database`: password and query left out. The text may be malformed.
fn masked(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return "****".to_owned();
    };
    // The last `@`: an unescaped one may stand in the password.
    let Some((login, place)) = rest.rsplit_once('@') else {
        return format!("{scheme}://{rest}");
    };
    match login.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:****@{place}"),
        None => format!("{scheme}://{login}@{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_are_masked() {
        for (url, shown) in [
            (
                "postgres://user:secret@host:5432/db",
                "postgres://user:****@host:5432/db",
            ),
            (
                "mysql://user:sec@ret:x@host/db?password=secret",
                "mysql://user:****@host/db",
            ),
            ("mysql://user@host/db", "mysql://user@host/db"),
            ("mysql://host/db", "mysql://host/db"),
            ("secret", "****"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
