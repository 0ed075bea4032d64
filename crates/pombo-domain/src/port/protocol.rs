//! The protocol itself, for those who know it.

use async_trait::async_trait;

/// The protocol itself, for those who know it.
#[async_trait]
pub trait Protocol: Send + Sync {}
