//! Pictures and films that belong together.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::message::{Message, Outgoing, OutgoingContent, Resolved};
use serde_json::json;

use super::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// How many pictures and films an album announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pictures {
    /// Pictures.
    pub images: u32,
    /// Films.
    pub videos: u32,
}

/// What became of an album.
#[derive(Debug)]
pub struct Album {
    /// The message that announced it.
    pub announced: Message,
    /// Its parts in their order: sent, or why not. Phones show those that came.
    pub parts: Vec<Result<Message, SendError>>,
}

impl Gateway {
    /// Announces an album and sends its parts one after the other, each for no longer than `patience`. A part that fails does not
    /// keep the others back.
    ///
    /// # Errors
    /// When the album could not even be announced.
    pub async fn send_album(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        announcement: Outgoing,
        count: Pictures,
        parts: Vec<Outgoing>,
        patience: Duration,
    ) -> Result<Album, SendError> {
        let content = OutgoingContent::Raw {
            message: json!({"albumMessage": {
                "expectedImageCount": count.images, "expectedVideoCount": count.videos,
            }}),
            nodes: Vec::new(),
        };
        let announcement = Outgoing {
            content,
            ..announcement
        };
        let announced = self.send(entry, announcement).await?;
        let mut sent = Vec::with_capacity(parts.len());
        for part in parts {
            let part = Outgoing {
                resolved: Resolved {
                    album: Some(announced.key.clone()),
                    ..part.resolved
                },
                ..part
            };
            let one = tokio::time::timeout(patience, self.send(entry, part)).await;
            sent.push(one.unwrap_or(Err(SendError::Interrupted)));
        }
        Ok(Album {
            announced,
            parts: sent,
        })
    }
}
