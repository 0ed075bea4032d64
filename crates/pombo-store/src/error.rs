//! What can go wrong, sorted by what the caller does about it.

use std::fmt;

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;

/// A read or a write that did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A unique value is already taken.
    #[error("already taken")]
    Taken,
    /// A name, address or key is longer than the 255 characters that every database can look up.
    #[error("`{0}` is longer than 255 characters")]
    TooLong(&'static str),
    /// The database cannot do it now, but may later; nothing was half-written. The caller answers 503.
    #[error("the database cannot do this now: {0}")]
    Unavailable(Trouble),
    /// What was read makes no sense.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
    /// A fault of ours.
    #[error("the database refused: {0}")]
    Other(String),
}

/// Why the database is not available.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// The database's own words.
    pub cause: String,
}

/// Kinds of trouble that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// No space left.
    Full,
    /// The file or the server takes no writes.
    ReadOnly,
    /// Locked for too long, or too many connections.
    Busy,
    /// The connection is gone, or cannot be made.
    Lost,
    /// The connection was lost during the commit: nobody knows whether it happened.
    Unknown,
    /// The store has been closed.
    Closed,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TroubleKind::Full => "no space left",
            TroubleKind::ReadOnly => "read-only",
            TroubleKind::Busy => "busy",
            TroubleKind::Lost => "connection lost",
            TroubleKind::Unknown => "connection lost during the commit",
            TroubleKind::Closed => "closed",
        };
        write!(formatter, "{kind} ({})", self.cause)
    }
}

impl StoreError {
    pub(crate) fn trouble(kind: TroubleKind, cause: impl fmt::Display) -> Self {
        Self::Unavailable(Trouble {
            kind,
            cause: cause.to_string(),
        })
    }

    pub(crate) fn kind(&self) -> Option<TroubleKind> {
        match self {
            Self::Unavailable(trouble) => Some(trouble.kind),
            Self::Taken | Self::TooLong(_) | Self::Corrupt(_) | Self::Other(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match &error {
            Error::Database(database) => from_database(database.as_ref()),
            Error::PoolTimedOut => Self::trouble(TroubleKind::Busy, error),
            Error::PoolClosed => Self::trouble(TroubleKind::Closed, error),
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
                Self::trouble(TroubleKind::Lost, error)
            }
            Error::ColumnDecode { .. } | Error::Decode(_) => Self::Corrupt(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    if error.kind() == ErrorKind::UniqueViolation {
        return StoreError::Taken;
    }
    let trouble = if let Some(mysql) = error.try_downcast_ref::<MySqlDatabaseError>() {
        mysql_trouble(mysql.number())
    } else {
        let code = error.code().unwrap_or_default();
        // PostgreSQL's codes have five characters, SQLite's are numbers below 10,000.
        if code.len() == 5 {
            postgres_trouble(&code)
        } else {
            sqlite_trouble(code.parse().unwrap_or(0))
        }
    };
    match trouble {
        Ok(kind) => StoreError::trouble(kind, error),
        Err(Damage::Corrupt) => StoreError::Corrupt(error.to_string()),
        Err(Damage::None) => StoreError::Other(error.to_string()),
    }
}

enum Damage {
    Corrupt,
    None,
}

/// Source: "Result and Error Codes", sqlite.org; the low byte is the primary code.
fn sqlite_trouble(code: i64) -> Result<TroubleKind, Damage> {
    match code & 0xff {
        13 => Ok(TroubleKind::Full),
        8 => Ok(TroubleKind::ReadOnly),
        5 | 6 => Ok(TroubleKind::Busy),
        // An I/O error, out of memory, a file that cannot be opened, locking that does not work.
        10 | 7 | 14 | 15 => Ok(TroubleKind::Lost),
        11 | 26 => Err(Damage::Corrupt),
        _ => Err(Damage::None),
    }
}

/// Source: PostgreSQL, "Appendix A. Error Codes".
fn postgres_trouble(code: &str) -> Result<TroubleKind, Damage> {
    match code {
        "53100" | "53200" => Ok(TroubleKind::Full),
        "25006" => Ok(TroubleKind::ReadOnly),
        "53300" | "40001" | "40P01" | "55P03" | "57014" => Ok(TroubleKind::Busy),
        "58030" | "58000" => Ok(TroubleKind::Lost),
        "XX001" | "XX002" => Err(Damage::Corrupt),
        _ if ["08", "53", "57P", "28"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Ok(TroubleKind::Lost)
        }
        // 26000: the prepared statement is gone, as behind a pooler that changed the server connection.
        "26000" => Ok(TroubleKind::Lost),
        _ => Err(Damage::None),
    }
}

/// Source: MySQL and MariaDB, "Server Error Message Reference".
fn mysql_trouble(number: u16) -> Result<TroubleKind, Damage> {
    match number {
        3 | 1021 | 1030 | 1041 | 1114 | 1135 => Ok(TroubleKind::Full),
        1036 | 1290 | 1792 | 1836 => Ok(TroubleKind::ReadOnly),
        1040 | 1203 | 1205 | 1213 | 1226 => Ok(TroubleKind::Busy),
        1043
        | 1044
        | 1045
        | 1053
        | 1077
        | 1078
        | 1079
        | 1152..=1161
        | 1184
        | 1317
        | 1927
        | 4031 => Ok(TroubleKind::Lost),
        1034 | 1035 | 1194 | 1195 | 1712 => Err(Damage::Corrupt),
        _ => Err(Damage::None),
    }
}

/// The database could not be opened. The text names it with its password masked.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It did not answer, or not as it should, for as long as we were told to wait.
    #[error("cannot open {database}: {cause}")]
    Unreachable {
        /// Kind and masked address.
        database: String,
        /// The last failure.
        cause: String,
    },
    /// The address cannot be read.
    #[error("cannot read the database address {database}: {cause}")]
    Address {
        /// What of it can be shown.
        database: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A newer version of this program has been here.
    #[error(
        "{database} was written by a newer version of this program (its schema is number {found}, this program knows up to \
         {known}); start that version, or restore a backup made before the upgrade"
    )]
    TooNew {
        /// Kind and masked address.
        database: String,
        /// Highest migration in the database.
        found: i64,
        /// Highest migration in this program.
        known: i64,
    },
}
