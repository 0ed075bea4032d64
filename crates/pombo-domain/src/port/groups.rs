//! Groups, communities, newsletters.

use async_trait::async_trait;

/// Groups, communities, newsletters.
#[async_trait]
pub trait Groups: Send + Sync {}
