//! Calls that the account places.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use pombo_domain::jid;
use pombo_domain::port::PlacedCall;
use tracing::warn;

use super::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// How long saying that a call is over may take.
const END: Duration = Duration::from_secs(10);

impl Gateway {
    /// Rings at somebody's phones for so long; answers as soon as it rings, with the person's JID. Nothing is said: a call that is
    /// taken stays silent until its time is over.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn call(
        &self,
        entry: &Arc<Entry>,
        number: &str,
        video: bool,
        duration: Duration,
    ) -> Result<(String, PlacedCall), SendError> {
        let channel = self.channel(entry)?;
        let not_available = ChannelError::NotAvailable(entry.state().instance.channel);
        let calls = channel.calls().ok_or(not_available)?;
        let to = self.recipient(entry, number).await?;
        if jid::is_group(&to) || !(to.ends_with("@s.whatsapp.net") || to.ends_with("@lid")) {
            return Err(ChannelError::Invalid("only people can be called".to_owned()).into());
        }
        let placed = calls.offer(&to, video).await?;
        let (ringing, ending) = (placed.clone(), Arc::clone(&channel));
        let (stop, name) = (self.stop.clone(), entry.state().instance.name.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(duration) => {}
                () = stop.cancelled() => {}
            }
            let Some(calls) = ending.calls() else { return };
            match tokio::time::timeout(END, calls.end(&ringing)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(instance = %name, "a call was not ended: {error}"),
                Err(_) => warn!(instance = %name, "a call was not ended in time"),
            }
        });
        Ok((to, placed))
    }
}
