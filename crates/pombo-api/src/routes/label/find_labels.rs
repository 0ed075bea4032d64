use axum::Json;
use axum::extract::State;
use pombo_domain::channel::ChannelError;
use pombo_domain::label::Label;
use pombo_store::label;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `GET /label/findLabels/{instance}`: the account's labels, `[{color, name, id, predefinedId}]`.
pub(super) async fn find_labels(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Vec<Label>>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    if channel.profiles().is_none() {
        return Err(ChannelError::NotAvailable(entry.state().instance.channel).into());
    }
    let labels = label::all(api.gateway.store(), &entry.state().instance.id).await?;
    Ok(Json(labels))
}
