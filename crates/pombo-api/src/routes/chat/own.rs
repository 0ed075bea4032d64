//! "A number, or the account itself."

use std::sync::Arc;

use pombo_core::Entry;
use pombo_domain::channel::ChannelError;

use crate::error::ApiError;
use crate::state::Api;

/// The address of a number, or the account's own when there is none.
pub(in crate::routes) async fn own_or(
    api: &Api,
    entry: &Arc<Entry>,
    number: Option<&str>,
) -> Result<String, ApiError> {
    match number.filter(|number| !number.trim().is_empty()) {
        Some(number) => Ok(api.gateway.recipient(entry, number).await?),
        None => {
            let own = entry.state().instance.owner_jid.clone();
            Ok(own.ok_or(ChannelError::NotConnected)?)
        }
    }
}
