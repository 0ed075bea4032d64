//! Instances: the registry in memory, and everything that happens to an instance as a whole.

mod change;
mod create;
mod lifecycle;
mod registry;

pub use change::{SettingsChange, SubscriptionChange};
pub use create::{CreateError, NewInstance};
pub(crate) use lifecycle::shown_step;
pub use lifecycle::{ConnectError, Connection, LogoutError, QrCode};
pub use registry::{Entry, InstanceState};

pub(crate) use registry::Registry;
