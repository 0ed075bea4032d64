use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::debug;

use super::failure::failed;
use super::info::GroupInfo;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, FromQuery, Query, QueryJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `GET /group/fetchAllGroups/{instance}?getParticipants=true|false`: all groups of the account. With `pictures=false` nobody is
/// asked for pictures.
///
/// 200 with the groups.
pub(super) async fn fetch_all_groups(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
    QueryJson(request): QueryJson<FetchAllGroups>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let all = groups
        .all()
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "Error fetching group", error))?;
    let pictures = if query.text("pictures") == Some("false") {
        Arc::default()
    } else {
        groups.pictures().await.unwrap_or_else(|error| {
            debug!("groups are shown without their pictures: {error}");
            Arc::default()
        })
    };
    let members = request.get_participants == "true";
    let shown: Vec<GroupInfo<'_>> = all
        .iter()
        .map(|group| {
            let picture = pictures.get(&group.id).map(String::as_str);
            GroupInfo::of(group, picture, members)
        })
        .collect();
    Ok(Json(json!(shown)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FetchAllGroups {
    get_participants: String,
}

impl Checked for FetchAllGroups {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::get_participants);
        &SCHEMA
    }
}

impl FromQuery for FetchAllGroups {
    const NAME: &'static str = "getParticipants";

    fn missing() -> ApiError {
        ApiError::bad_request("The getParticipants needs to be informed in the query")
    }
}
