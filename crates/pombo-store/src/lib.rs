//! The database: SQLite, PostgreSQL, or MySQL/MariaDB behind the same functions.
//!
//! One task writes ([`Db::write`], group commit), everybody else reads. One file per table, SQL as literals in a portable
//! subset; what the three databases say differently is in `sql`. Rules of the field are not here: the store keeps what it
//! is given, never lets one instance touch another's rows, and never reports as stored what is not on disk.
//!
//! Start reading at [`Db`] and [`Tx`].
#![forbid(unsafe_code)]

mod batch;
mod config;
mod db;
mod error;
mod link;
mod migrate;
mod sql;
mod sweep;
mod tx;
mod writer;

pub mod auth_state;
pub mod chat;
pub mod contact;
pub mod cursor;
pub mod delivery;
pub mod event;
pub mod instance;
pub mod label;
pub mod message;
pub mod message_update;
pub mod number_cache;
pub mod outbox;
pub mod poll_vote;
pub mod proxy;
pub mod settings;
pub mod subscription;

mod page;

pub use config::{Backend, DbConfig, Synchronous};
pub use db::{CommitListener, Db};
pub use error::{OpenError, StoreError, Trouble, TroubleKind};
pub use page::Page;
pub use tx::Tx;
