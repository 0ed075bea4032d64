//! Calls.

use async_trait::async_trait;
use pombo_domain::channel::{CallNews, ChannelError};
use pombo_domain::port::Calls;

use super::error::parse;
use crate::channel::WhatsappChannel;

#[async_trait]
impl Calls for WhatsappChannel {
    async fn reject(&self, call: &CallNews) -> Result<(), ChannelError> {
        let client = self.client()?;
        let (peer, creator) = (parse(&call.chat)?, parse(&call.from)?);
        client
            .voip()
            .reject_call(&call.id, &peer, &creator)
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))
    }
}
