//! The phone's side of app state: settings of an account that all its devices share, as encrypted mutations in collections.
//!
//! The phone owns the keys. It adds mutations of its own (contacts, labels, its name, ...), and reads those that companions add,
//! so that its screen shows a chat as archived when a companion archived it. Every patch is checked: hash chain, both MACs.
//! [`change`] is what can be changed.
//! `state` keeps the keys and the hashes, `external` fetches what was too large for a stanza.

pub mod change;
pub(crate) mod external;
mod state;

pub use change::Change;
pub(crate) use state::AppState;
