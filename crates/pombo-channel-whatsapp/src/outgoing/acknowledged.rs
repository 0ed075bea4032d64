//! A message is sent when the network has acknowledged it, not when it is written.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::instance::ConnectionState;
use pombo_domain::message::Outgoing;
use tokio::time::timeout;
use whatsapp_rust::Client;

use crate::channel::WhatsappChannel;
use crate::session::acks::Taken;

/// How long the network may take to acknowledge a message.
const ACK: Duration = Duration::from_secs(20);
/// How often a message is written that a connection took with it when it ended.
const WRITES: usize = 3;
/// How long a message waits for the next connection.
const COME_BACK: Duration = Duration::from_secs(20);

impl WhatsappChannel {
    /// Sends a message, and waits for the network's word on it. What a connection took with it when it ended is written again on
    /// the next one, under the same id.
    ///
    /// # Errors
    /// As [`Channel::send`](pombo_domain::port::Channel::send).
    pub(crate) async fn send_acknowledged(
        &self,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        let mut client = self.client()?;
        let mut made = None;
        for _ in 0..WRITES {
            let mut waiting = self.acks.expect(id);
            let sent = self
                .send_with(&client, id, remote_jid, message, &mut made)
                .await?;
            if sent.key.id != id || remote_jid.ends_with("@newsletter") {
                // The library chose an id for it; or it has waited already, for the post's number.
                return Ok(sent);
            }
            match timeout(ACK, waiting.answer()).await {
                Ok(Taken::Answered) => return Ok(sent),
                // Whoever has it already knows it by its id. Members of a group may lack the key that came with it the first
                // time, so there it has failed.
                Ok(Taken::Unknown) if is_one_person(remote_jid) => {
                    client = self.next_client().await?;
                }
                Ok(Taken::Unknown) | Err(_) => break,
            }
        }
        Err(ChannelError::TimedOut(
            "the network did not acknowledge the message".to_owned(),
        ))
    }

    /// The next connected client, if there is one soon.
    ///
    /// # Errors
    /// `NotConnected`.
    async fn next_client(&self) -> Result<Arc<Client>, ChannelError> {
        let mut status = self.status.subscribe();
        let open = async {
            loop {
                if let Ok(client) = self.client() {
                    return Ok(client);
                }
                if status.borrow_and_update().state == ConnectionState::Close
                    || status.changed().await.is_err()
                {
                    return Err(ChannelError::NotConnected);
                }
            }
        };
        timeout(COME_BACK, open)
            .await
            .unwrap_or(Err(ChannelError::NotConnected))
    }
}

fn is_one_person(jid: &str) -> bool {
    jid.ends_with("@s.whatsapp.net") || jid.ends_with("@lid")
}
