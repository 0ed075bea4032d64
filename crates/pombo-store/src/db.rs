//! The open store.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pombo_domain::event::Event;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::DbConfig;
use crate::error::{OpenError, StoreError, TroubleKind};
use crate::link::{Connector, Link, Readers};
use crate::migrate::{MigrateError, migrate};
use crate::sql::{Dialect, Row, Sql, Value};
use crate::tx::Tx;
use crate::writer::{Job, Write, Writer};

/// Works that may wait for the writer; whoever comes then waits for a place.
const QUEUE: usize = 1024;

/// Is told of committed events.
pub type CommitListener = Box<dyn Fn(&[Arc<Event>]) + Send + Sync>;

/// The store. Clones share it.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    readers: Readers,
    description: String,
    queue: mpsc::Sender<Box<dyn Job>>,
    listener: Arc<OnceLock<CommitListener>>,
    closing: Arc<Notify>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Db")
            .field(&self.shared.description)
            .finish()
    }
}

impl Db {
    /// Opens the database, trying for `config.wait`, and brings its schema up to date. Starts the writer on the current
    /// Tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] names the database, its password masked, and the cause.
    pub async fn open(config: DbConfig) -> Result<Self, OpenError> {
        let database = config.backend.describe();
        let connector =
            Connector::new(&config.backend)
                .await
                .map_err(|cause| OpenError::Address {
                    database: database.clone(),
                    cause,
                })?;
        let link = first_link(&connector, &database, config.wait).await?;
        let readers = connector.readers(config.max_connections);
        let listener = Arc::new(OnceLock::new());
        let closing = Arc::new(Notify::new());
        let (queue, jobs) = mpsc::channel(QUEUE);
        let writer = Writer {
            // In memory there is one connection for all: the writer takes it for each group.
            link: Some(link).filter(|link| !matches!(link, Link::Memory(_))),
            connector,
            queue: jobs,
            listener: Arc::clone(&listener),
            closing: Arc::clone(&closing),
            sweeping: true,
            full: false,
        };
        let writer = Mutex::new(Some(tokio::spawn(writer.run())));
        let shared = Shared {
            readers,
            description: database,
            queue,
            listener,
            closing,
            writer,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The listener is called by the writer after each commit, in the order of `seq`, with every event of that commit,
    /// before the callers are answered. It must be quick and must not block. To be set once, before the first write;
    /// further calls change nothing.
    pub fn on_commit(&self, listener: CommitListener) {
        if self.shared.listener.set(listener).is_err() {
            tracing::error!("the listener for committed events was set twice");
        }
    }

    /// Does `work` in a transaction that it shares with whatever else arrived while the last commit ran, and answers
    /// after the commit. Waits when the queue is full.
    ///
    /// `work` may run more than once: a group that fails is rolled back, and its works are tried again. Dropping the
    /// returned future does not undo what is queued. `work` must use the given [`Tx`] only, never the `Db` itself.
    ///
    /// # Errors
    /// What `work` returned, or why it could not be committed; then nothing of it was written. One exception:
    /// [`TroubleKind::Unknown`], when the connection was lost during the commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let closed = || StoreError::trouble(TroubleKind::Closed, "the store has been closed");
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write {
            work,
            value: None,
            reply,
        });
        self.shared.queue.send(job).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.rows("SELECT 1", Vec::new()).await.map(drop)
    }

    /// Writes what is queued, and closes all connections. Later calls answer [`TroubleKind::Closed`].
    pub async fn close(&self) {
        self.shared.closing.notify_one();
        let writer = self.shared.writer.lock().await.take();
        self.shared.readers.close().await;
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer ended badly");
        }
    }

    /// Kind and address for people, the password masked: `SQLite ./data/pombo.db`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.shared.description.clone()
    }

    pub(crate) async fn rows(
        &self,
        sql: impl Into<Sql>,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        self.shared.readers.rows(sql.into(), values).await
    }

    /// The first row that is read.
    pub(crate) async fn row(
        &self,
        sql: impl Into<Sql>,
        values: Vec<Value<'_>>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }
}

/// Connects and migrates, trying again with growing pauses for as long as `wait`.
async fn first_link(
    connector: &Connector,
    database: &str,
    wait: Duration,
) -> Result<Link, OpenError> {
    let deadline = Instant::now() + wait;
    let mut pause = Duration::from_millis(100);
    loop {
        let error = match ready_link(connector).await {
            Ok(link) => return Ok(link),
            Err(MigrateError::TooNew { found, known }) => {
                return Err(OpenError::TooNew {
                    database: database.to_owned(),
                    found,
                    known,
                });
            }
            Err(MigrateError::Store(error)) => error,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if !worth_waiting(connector.dialect(), &error) || left.is_zero() {
            return Err(OpenError::Unreachable {
                database: database.to_owned(),
                cause: error.to_string(),
            });
        }
        // The last try is at the very end of the time, not a pause before it.
        pause = pause.min(left);
        tracing::warn!(%error, "{database} cannot be opened yet; trying again in {} ms", pause.as_millis());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

async fn ready_link(connector: &Connector) -> Result<Link, MigrateError> {
    let mut link = connector.connect().await?;
    connector.prepare(&mut link).await?;
    migrate(&mut link, connector.dialect()).await?;
    Ok(link)
}

/// A server may still be starting, whatever it says. A file does not get better by waiting, unless somebody holds it.
fn worth_waiting(dialect: Dialect, error: &StoreError) -> bool {
    match dialect {
        Dialect::Sqlite => error.kind() == Some(TroubleKind::Busy),
        Dialect::Postgres | Dialect::Mysql => !matches!(error, StoreError::Corrupt(_)),
    }
}
