//! Profiles, pictures, privacy, blocking, business, chats and labels.

use async_trait::async_trait;

/// Profiles, pictures, privacy, blocking, business, chats and labels.
#[async_trait]
pub trait Profiles: Send + Sync {}
