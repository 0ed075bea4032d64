//! Connections: the one that writes, and the pool that reads.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::Row as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::config::{Backend, Synchronous};
use crate::error::{StoreError, TroubleKind};
use crate::sql::{
    Dialect, Row, Sql, Value, mysql_arguments, mysql_text, postgres_arguments, sqlite_arguments,
};

/// How long SQLite waits for another process, and how long anybody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that were idle for longer are tried before they are used.
const FRESH: Duration = Duration::from_secs(2);
/// Idle readers are closed after this.
const IDLE: Duration = Duration::from_secs(120);
/// Prepared statements kept per connection: fixed group sizes keep the writer below it.
const STATEMENTS: usize = 128;

/// Makes connections.
#[derive(Clone)]
pub(crate) enum Connector {
    Sqlite(SqliteConnectOptions),
    Memory(Arc<Mutex<SqliteConnection>>),
    Postgres {
        options: PgConnectOptions,
        bouncer: bool,
        schema: Option<String>,
        begin: Sql,
    },
    Mysql(MySqlConnectOptions),
}

impl Connector {
    /// Reads the address; makes the in-memory database. The error is a text for people.
    pub(crate) async fn new(backend: &Backend) -> Result<Self, String> {
        match backend {
            Backend::Sqlite { path, synchronous } => {
                let synchronous = match synchronous {
                    Synchronous::Full => SqliteSynchronous::Full,
                    Synchronous::Normal => SqliteSynchronous::Normal,
                };
                let options = sqlite_options()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(synchronous)
                    // A longer write-ahead log than SQLite's 1000 pages: fewer, larger checkpoints under load.
                    .pragma("wal_autocheckpoint", "4000")
                    .pragma("journal_size_limit", "67108864");
                Ok(Self::Sqlite(options))
            }
            Backend::SqliteMemory => {
                let connection = sqlite_options()
                    .in_memory(true)
                    .connect()
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(Self::Memory(Arc::new(Mutex::new(connection))))
            }
            Backend::Postgres { url, bouncer } => postgres(url.expose_secret(), *bouncer),
            Backend::Mysql { url } => {
                let options = MySqlConnectOptions::from_str(url.expose_secret())
                    .map_err(|error| error.to_string())?
                    .charset("utf8mb4")
                    .statement_cache_capacity(STATEMENTS)
                    .disable_statement_logging();
                Ok(Self::Mysql(options))
            }
        }
    }

    /// Makes the PostgreSQL schema when it is missing.
    pub(crate) async fn prepare(&self, link: &mut Link) -> Result<(), StoreError> {
        let Self::Postgres {
            schema: Some(schema),
            ..
        } = self
        else {
            return Ok(());
        };
        let sql = "SELECT COUNT(*) FROM pg_namespace WHERE nspname = $1";
        link.begin().await?;
        // Looked up first: IF NOT EXISTS asks for rights that a user of an existing schema need not have.
        let rows = link.rows(sql.into(), vec![schema.as_str().into()]).await?;
        if rows.first().map(|row| row.int(0)).transpose()? == Some(0) {
            let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema));
            link.run(sql.into()).await?;
        }
        link.run("COMMIT".into()).await
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) | Self::Memory(_) => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
            Self::Mysql(_) => Dialect::Mysql,
        }
    }

    /// A connection of its own, for writing.
    pub(crate) async fn connect(&self) -> Result<Link, StoreError> {
        let connecting = async {
            match self {
                Self::Sqlite(options) => {
                    make_file(options)?;
                    Ok(Link::Sqlite(options.connect().await?))
                }
                Self::Memory(shared) => Ok(Link::Memory(Arc::clone(shared).lock_owned().await)),
                Self::Postgres {
                    options,
                    begin,
                    bouncer,
                    ..
                } => {
                    let mut connection = options.connect().await?;
                    let encrypted = match options.get_ssl_mode() {
                        PgSslMode::Disable => false,
                        // The server does not know how we reach the pooler.
                        _ if *bouncer => true,
                        _ => {
                            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                            sqlx::query_scalar(sql).fetch_one(&mut connection).await?
                        }
                    };
                    let (begin, prepared) = (begin.clone(), !bouncer);
                    Ok(Link::Postgres {
                        connection,
                        begin,
                        prepared,
                        piece: piece(encrypted),
                    })
                }
                Self::Mysql(options) => {
                    let mut connection = options.connect().await?;
                    // The default, REPEATABLE READ, locks the gaps between rows: needless with one writer per instance.
                    sqlx::raw_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        .execute(&mut connection)
                        .await?;
                    let largest = sqlx::query_scalar::<_, u64>(
                        "SELECT CAST(@@max_allowed_packet AS UNSIGNED)",
                    )
                    .fetch_one(&mut connection)
                    .await?;
                    let cipher = sqlx::query("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
                        .fetch_one(&mut connection)
                        .await?;
                    let cipher: String = cipher.try_get_unchecked(1)?;
                    Ok(Link::Mysql {
                        connection,
                        piece: piece(!cipher.is_empty()),
                        largest: usize::try_from(largest).unwrap_or(usize::MAX),
                    })
                }
            }
        };
        match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(StoreError::trouble(
                TroubleKind::Lost,
                "no answer while connecting",
            )),
        }
    }

    /// The readers; none is opened yet.
    pub(crate) fn readers(&self, max_connections: u32) -> Readers {
        let readers = max_connections.saturating_sub(1).max(1);
        match self {
            Self::Sqlite(options) => {
                let options = options
                    .clone()
                    .create_if_missing(false)
                    .pragma("query_only", "1");
                Readers::Sqlite(
                    SqlitePoolOptions::new()
                        .max_connections(readers.min(4))
                        .min_connections(0)
                        .acquire_timeout(PATIENCE)
                        .idle_timeout(IDLE)
                        .test_before_acquire(false)
                        .connect_lazy_with(options),
                )
            }
            Self::Memory(shared) => Readers::Memory(Arc::clone(shared)),
            Self::Postgres {
                options,
                bouncer,
                begin,
                ..
            } => Readers::Postgres {
                pool: PgPoolOptions::new()
                    .max_connections(readers)
                    .min_connections(0)
                    .acquire_timeout(PATIENCE)
                    .idle_timeout(IDLE)
                    .test_before_acquire(false)
                    .before_acquire(|connection, meta| {
                        Box::pin(async move {
                            Ok(meta.idle_for < FRESH || connection.ping().await.is_ok())
                        })
                    })
                    .connect_lazy_with(options.clone()),
                begin: bouncer.then(|| begin.clone()),
            },
            Self::Mysql(options) => Readers::Mysql(
                MySqlPoolOptions::new()
                    .max_connections(readers)
                    .min_connections(0)
                    .acquire_timeout(PATIENCE)
                    .idle_timeout(IDLE)
                    .test_before_acquire(false)
                    .before_acquire(|connection, meta| {
                        Box::pin(async move {
                            Ok(meta.idle_for < FRESH || connection.ping().await.is_ok())
                        })
                    })
                    .connect_lazy_with(options.clone()),
            ),
        }
    }
}

fn sqlite_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", "-2000")
        .pragma("temp_store", "memory")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// Makes the folder and the file when missing; the file is for its owner alone, since it holds tokens.
fn make_file(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let path = options.get_filename();
    let lost = |error: std::io::Error| {
        StoreError::trouble(TroubleKind::Lost, format!("{}: {error}", path.display()))
    };
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(lost)?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map(drop).map_err(lost)
}

/// Takes `schema` out of the address: other programs write it there, PostgreSQL wants it as `search_path`.
fn postgres(url: &str, bouncer: bool) -> Result<Connector, String> {
    const FOREIGN: [&str; 8] = [
        "schema",
        "connection_limit",
        "pool_timeout",
        "pgbouncer",
        "socket_timeout",
        "connect_timeout",
        "sslaccept",
        "sslidentity",
    ];
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut schema = None;
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "schema" {
            schema = Some(value.to_owned());
        } else if !FOREIGN.contains(&name) {
            kept.push(pair);
        }
    }
    let url = if kept.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", kept.join("&"))
    };
    let mut options = PgConnectOptions::from_str(&url)
        .map_err(|error| error.to_string())?
        .disable_statement_logging();
    let schema = schema.filter(|schema| !schema.is_empty() && schema != "public");
    let mut begin = Sql::Borrowed("BEGIN");
    if bouncer {
        options = options.statement_cache_capacity(0).extra_float_digits(None);
        if let Some(schema) = &schema {
            begin = format!("BEGIN; SET LOCAL search_path TO {}", quoted(schema)).into();
        }
    } else {
        options = options.statement_cache_capacity(STATEMENTS);
        if let Some(schema) = &schema {
            options = options.options([("search_path", quoted(schema))]);
        }
    }
    Ok(Connector::Postgres {
        options,
        bouncer,
        schema,
        begin,
    })
}

/// A name as PostgreSQL takes it literally.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Most bytes in one statement of several rows. Encrypted, a statement should fit into one TLS record of 16 KiB: sqlx 0.9
/// leaves Nagle's algorithm on, so that every further record waits some 40 ms for the server's delayed acknowledgement.
fn piece(encrypted: bool) -> usize {
    if encrypted { 10 << 10 } else { 4 << 20 }
}

/// What a statement did.
pub(crate) struct Done {
    pub(crate) rows_affected: u64,
    /// The number that the database gave to an inserted row; not on PostgreSQL.
    pub(crate) last_id: i64,
}

/// One connection.
pub(crate) enum Link {
    Sqlite(SqliteConnection),
    Memory(OwnedMutexGuard<SqliteConnection>),
    /// `prepared`: statements are kept on the server.
    Postgres {
        connection: PgConnection,
        begin: Sql,
        prepared: bool,
        piece: usize,
    },
    Mysql {
        connection: MySqlConnection,
        largest: usize,
        piece: usize,
    },
}

impl Link {
    pub(crate) async fn execute(
        &mut self,
        sql: Sql,
        values: Vec<Value<'_>>,
    ) -> Result<Done, StoreError> {
        match self {
            Self::Sqlite(connection) => execute_sqlite(connection, sql, values).await,
            Self::Memory(connection) => execute_sqlite(connection, sql, values).await,
            Self::Postgres {
                connection,
                prepared,
                ..
            } => {
                let arguments = postgres_arguments(values)?;
                let done = sqlx::query_with(AssertSqlSafe(sql), arguments)
                    .persistent(*prepared)
                    .execute(connection)
                    .await?;
                Ok(Done {
                    rows_affected: done.rows_affected(),
                    last_id: 0,
                })
            }
            Self::Mysql {
                connection,
                largest,
                ..
            } => {
                fits(&sql, &values, *largest)?;
                let (sql, arguments) = for_mysql(&sql, values)?;
                let done = sqlx::query_with(AssertSqlSafe(sql), arguments)
                    .execute(connection)
                    .await?;
                let last_id = i64::try_from(done.last_insert_id()).unwrap_or(0);
                Ok(Done {
                    rows_affected: done.rows_affected(),
                    last_id,
                })
            }
        }
    }

    pub(crate) async fn rows(
        &mut self,
        sql: Sql,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(connection) => rows_sqlite(connection, sql, values).await,
            Self::Memory(connection) => rows_sqlite(connection, sql, values).await,
            Self::Postgres {
                connection,
                prepared,
                ..
            } => rows_postgres(connection, sql, values, *prepared).await,
            Self::Mysql { connection, .. } => rows_mysql(connection, sql, values).await,
        }
    }

    /// A statement without arguments that is not worth preparing: `BEGIN`, `COMMIT`, migrations.
    pub(crate) async fn run(&mut self, sql: Sql) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop)?,
            Self::Memory(connection) => sqlx::raw_sql(sql)
                .execute(&mut **connection)
                .await
                .map(drop)?,
            Self::Postgres { connection, .. } => {
                sqlx::raw_sql(sql).execute(connection).await.map(drop)?
            }
            Self::Mysql { connection, .. } => {
                sqlx::raw_sql(sql).execute(connection).await.map(drop)?
            }
        }
        Ok(())
    }

    /// Most bytes that a statement of several rows should have.
    pub(crate) fn piece(&self) -> usize {
        match self {
            Self::Sqlite(_) | Self::Memory(_) => piece(false),
            Self::Postgres { piece, .. } | Self::Mysql { piece, .. } => *piece,
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        let sql = match self {
            Self::Sqlite(_) | Self::Memory(_) => "BEGIN IMMEDIATE".into(),
            Self::Postgres { begin, .. } => begin.clone(),
            Self::Mysql { .. } => "BEGIN".into(),
        };
        self.run(sql).await
    }

    pub(crate) async fn close(self) {
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Memory(_) => Ok(()),
            Self::Postgres { connection, .. } => connection.close().await,
            Self::Mysql { connection, .. } => connection.close().await,
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "closing the database connection failed");
        }
    }
}

async fn execute_sqlite(
    connection: &mut SqliteConnection,
    sql: Sql,
    values: Vec<Value<'_>>,
) -> Result<Done, StoreError> {
    let arguments = sqlite_arguments(values)?;
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .execute(connection)
        .await?;
    Ok(Done {
        rows_affected: done.rows_affected(),
        last_id: done.last_insert_rowid(),
    })
}

async fn rows_sqlite(
    connection: &mut SqliteConnection,
    sql: Sql,
    values: Vec<Value<'_>>,
) -> Result<Vec<Row>, StoreError> {
    let arguments = sqlite_arguments(values)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn rows_postgres(
    connection: &mut PgConnection,
    sql: Sql,
    values: Vec<Value<'_>>,
    prepared: bool,
) -> Result<Vec<Row>, StoreError> {
    let arguments = postgres_arguments(values)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .persistent(prepared)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

async fn rows_mysql(
    connection: &mut MySqlConnection,
    sql: Sql,
    values: Vec<Value<'_>>,
) -> Result<Vec<Row>, StoreError> {
    let (sql, arguments) = for_mysql(&sql, values)?;
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Row::Mysql).collect())
}

fn for_mysql(
    sql: &str,
    values: Vec<Value<'_>>,
) -> Result<(String, sqlx::mysql::MySqlArguments), StoreError> {
    let (sql, order) = mysql_text(sql);
    let in_order = order.iter().copied().eq(0..values.len());
    if order.is_empty() || in_order {
        return Ok((sql, mysql_arguments(values)?));
    }
    let ordered = order
        .into_iter()
        .filter_map(|position| values.get(position).cloned());
    Ok((sql, mysql_arguments(ordered)?))
}

/// A statement larger than the server takes would cost the connection.
fn fits(sql: &str, values: &[Value<'_>], largest: usize) -> Result<(), StoreError> {
    let size = sql.len() + values.iter().map(Value::size).sum::<usize>() + 16 * values.len() + 1024;
    if size > largest {
        let text = format!(
            "{size} bytes are more than the server's max_allowed_packet of {largest}; raise it there"
        );
        return Err(StoreError::Other(text));
    }
    Ok(())
}

/// The connections that read.
#[derive(Clone)]
pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Memory(Arc<Mutex<SqliteConnection>>),
    /// `begin` is set behind pgbouncer.
    Postgres {
        pool: PgPool,
        begin: Option<Sql>,
    },
    Mysql(MySqlPool),
}

impl Readers {
    /// Reads; again as long as the connections at hand turn out to be dead, and at last on a new one.
    pub(crate) async fn rows(
        &self,
        sql: Sql,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut left = self.opened();
        loop {
            let outcome = self.rows_once(sql.clone(), values.clone()).await;
            if left == 0 || !is_lost(&outcome) {
                return outcome;
            }
            left -= 1;
        }
    }

    /// How many connections are open.
    fn opened(&self) -> u32 {
        match self {
            Self::Sqlite(pool) => pool.size(),
            Self::Memory(_) => 0,
            Self::Postgres { pool, .. } => pool.size(),
            Self::Mysql(pool) => pool.size(),
        }
    }

    async fn rows_once(&self, sql: Sql, values: Vec<Value<'_>>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Memory(shared) => rows_sqlite(&mut *shared.lock().await, sql, values).await,
            Self::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                let outcome = rows_sqlite(&mut connection, sql, values).await;
                if is_lost(&outcome) {
                    connection.close_on_drop();
                }
                outcome
            }
            Self::Postgres { pool, begin } => {
                let mut connection = pool.acquire().await?;
                let outcome = match begin {
                    // Preparing and running are two exchanges: only a transaction holds the pooler to one server connection.
                    Some(begin) => {
                        in_transaction(&mut connection, begin.clone(), sql, values).await
                    }
                    None => rows_postgres(&mut connection, sql, values, true).await,
                };
                if is_lost(&outcome) {
                    connection.close_on_drop();
                }
                outcome
            }
            Self::Mysql(pool) => {
                let mut connection = pool.acquire().await?;
                let outcome = rows_mysql(&mut connection, sql, values).await;
                if is_lost(&outcome) {
                    connection.close_on_drop();
                }
                outcome
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Memory(_) => {}
            Self::Postgres { pool, .. } => pool.close().await,
            Self::Mysql(pool) => pool.close().await,
        }
    }
}

async fn in_transaction(
    connection: &mut PgConnection,
    begin: Sql,
    sql: Sql,
    values: Vec<Value<'_>>,
) -> Result<Vec<Row>, StoreError> {
    sqlx::raw_sql(AssertSqlSafe(begin))
        .execute(&mut *connection)
        .await?;
    let outcome = rows_postgres(connection, sql, values, false).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
    outcome
}

fn is_lost<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(error) if error.kind() == Some(TroubleKind::Lost))
}
