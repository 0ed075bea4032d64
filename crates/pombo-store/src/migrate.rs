//! Brings the schema up to date at start, under a lock, one numbered file after the other.

use crate::error::StoreError;
use crate::link::Link;
use crate::sql::Dialect;

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    mysql: &'static str,
}

macro_rules! migration {
    ($number:literal, $file:literal) => {
        Migration {
            number: $number,
            name: $file,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $file, ".sql")),
            mysql: include_str!(concat!("../migrations/mysql/", $file, ".sql")),
        }
    };
}

/// Additive, in order, never edited once released.
const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_first"),
    migration!(2, "0002_delivery_log"),
    migration!(3, "0003_whatsapp"),
    migration!(4, "0004_auth_state"),
];

/// Any number that other programs are unlikely to lock.
const LOCK: i64 = 7_630_120_250_914;

/// Why the schema is not up to date.
pub(crate) enum MigrateError {
    TooNew { found: i64, known: i64 },
    Store(StoreError),
}

impl From<StoreError> for MigrateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs what is missing. With SQLite and PostgreSQL all of it or nothing.
pub(crate) async fn migrate(link: &mut Link, dialect: Dialect) -> Result<(), MigrateError> {
    lock(link, dialect).await?;
    let outcome = run(link, dialect).await;
    unlock(link, dialect, outcome.is_ok()).await?;
    outcome
}

async fn lock(link: &mut Link, dialect: Dialect) -> Result<(), StoreError> {
    match dialect {
        Dialect::Sqlite => link.begin().await,
        Dialect::Postgres => {
            link.begin().await?;
            link.run(format!("SELECT pg_advisory_xact_lock({LOCK})").into())
                .await
        }
        // Locks are server-wide there: the database's name belongs to the lock's. (At most 64 characters.)
        Dialect::Mysql => link
            .rows(
                "SELECT GET_LOCK(CONCAT('pombo-', MD5(DATABASE())), 60)".into(),
                Vec::new(),
            )
            .await
            .map(drop),
    }
}

async fn unlock(link: &mut Link, dialect: Dialect, fine: bool) -> Result<(), StoreError> {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => {
            link.run(if fine { "COMMIT" } else { "ROLLBACK" }.into())
                .await
        }
        Dialect::Mysql => link
            .rows(
                "SELECT RELEASE_LOCK(CONCAT('pombo-', MD5(DATABASE())))".into(),
                Vec::new(),
            )
            .await
            .map(drop),
    }
}

async fn run(link: &mut Link, dialect: Dialect) -> Result<(), MigrateError> {
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration \
                         (number BIGINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)";
    link.run(TABLE.into()).await?;
    let rows = link
        .rows(
            "SELECT number FROM migration ORDER BY number".into(),
            Vec::new(),
        )
        .await?;
    let done = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<_>, _>>()?;
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if let Some(&found) = done.last().filter(|&&found| found > known) {
        return Err(MigrateError::TooNew { found, known });
    }
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| !done.contains(&migration.number))
    {
        let text = match dialect {
            Dialect::Sqlite => migration.sqlite,
            Dialect::Postgres => migration.postgres,
            Dialect::Mysql => migration.mysql,
        };
        for statement in statements(text) {
            link.run(statement.into()).await?;
        }
        let sql = "INSERT INTO migration (number, name) VALUES ($1, $2)";
        link.execute(
            sql.into(),
            vec![migration.number.into(), migration.name.into()],
        )
        .await?;
        tracing::info!(
            migration = migration.name,
            "the database schema was brought up to date"
        );
    }
    Ok(())
}

/// The statements of a file: each ends with a semicolon at the end of a line.
fn statements(text: &str) -> impl Iterator<Item = String> {
    text.split(";\n")
        .map(|statement| {
            let lines: Vec<&str> = statement
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"))
                .collect();
            lines.join("\n").trim().to_owned()
        })
        .filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_by_one() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number, i64::try_from(index).unwrap() + 1);
            assert!(
                migration
                    .name
                    .starts_with(&format!("{:04}_", migration.number))
            );
        }
    }

    #[test]
    fn every_file_has_the_same_tables() {
        let tables = |text: &str| {
            statements(text)
                .filter(|statement| statement.starts_with("CREATE TABLE"))
                .map(|statement| {
                    statement
                        .replace("IF NOT EXISTS ", "")
                        .split(' ')
                        .nth(2)
                        .unwrap_or_default()
                        .to_owned()
                })
                .collect::<Vec<_>>()
        };
        for migration in MIGRATIONS {
            assert_eq!(tables(migration.sqlite), tables(migration.postgres));
            assert_eq!(tables(migration.sqlite), tables(migration.mysql));
        }
    }
}
