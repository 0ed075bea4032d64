use axum::Json;
use pombo_domain::instance::{ConnectionState, InstanceName};
use serde::Serialize;

use crate::extract::AuthorisedInstance;

#[derive(Serialize)]
pub(super) struct Answer {
    instance: State,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    instance_name: InstanceName,
    state: ConnectionState,
}

/// `GET /instance/connectionState/{instance}`: from memory, the most called route of all.
pub(super) async fn connection_state(
    AuthorisedInstance(entry): AuthorisedInstance,
) -> Json<Answer> {
    let state = entry.state();
    Json(Answer {
        instance: State {
            instance_name: state.instance.name.clone(),
            state: state.instance.connection,
        },
    })
}
