//! Calls.

use async_trait::async_trait;

/// Calls.
#[async_trait]
pub trait Calls: Send + Sync {}
