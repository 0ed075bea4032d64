use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::{Replay, Replayed};
use pombo_domain::clock::Timestamp;
use pombo_domain::subscription::TransportKind;
use pombo_store::delivery::Chosen;
use pombo_store::event::Stretch;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GlobalKey, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

const MOST_IDS: usize = 10_000;

/// `POST /{transport}/replay/{instance}`: delivers again. `{"deliveries": [ids]}` and `{"state": "dead"}` let parked
/// deliveries be tried again at once; `{"after": seq, "before": seq}` and `{"from": iso, "to": iso}` deliver logged events
/// again, with the ids they had (`after` and `before` themselves are left out, `to` too).
///
/// `{"queued": n}`; with `more: seq` when it was too much for one call: ask again with it as `after`. 400 when nothing could
/// be delivered: no subscription, or one that is switched off.
pub(super) async fn replay(
    transport: TransportKind,
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<ReplayRequest>,
) -> Result<Json<Value>, ApiError> {
    let what = request.into_replay()?;
    let replayed = api.gateway.replay(&entry, transport, what).await?;
    Ok(answer(replayed))
}

/// `POST /{transport}/replay`: the same for the global line. Asks for the global key; 400 when the environment sets no such line up.
pub(super) async fn global_replay(
    transport: TransportKind,
    _: GlobalKey,
    State(api): State<Api>,
    ValidJson(request): ValidJson<ReplayRequest>,
) -> Result<Json<Value>, ApiError> {
    let what = request.into_replay()?;
    let replayed = api.gateway.replay_global(transport, what).await?;
    Ok(answer(replayed))
}

fn answer(replayed: Replayed) -> Json<Value> {
    let mut answer = json!({"queued": replayed.queued});
    if let Some(more) = replayed.more_after {
        answer["more"] = json!(more);
    }
    Json(answer)
}

#[derive(Deserialize)]
pub(super) struct ReplayRequest {
    deliveries: Option<Vec<i64>>,
    state: Option<String>,
    after: Option<i64>,
    before: Option<i64>,
    from: Option<String>,
    to: Option<String>,
}

impl ReplayRequest {
    fn into_replay(self) -> Result<Replay, ApiError> {
        let places = self.after.is_some() || self.before.is_some();
        let times = self.from.is_some() || self.to.is_some();
        let asked = [
            self.deliveries.is_some(),
            self.state.is_some(),
            places || times,
        ];
        if asked.iter().filter(|asked| **asked).count() != 1 {
            return Err(ApiError::bad_request(
                "give one of \"deliveries\", \"state\", \"after\" and \"before\", \"from\" and \"to\"",
            ));
        }
        if let Some(ids) = self.deliveries {
            return Ok(Replay::Parked(Chosen::Ids(ids)));
        }
        if self.state.is_some() {
            return Ok(Replay::Parked(Chosen::Dead));
        }
        Ok(Replay::Logged(Stretch {
            after: self.after.unwrap_or(0),
            through: self
                .before
                .map_or(i64::MAX, |before| before.saturating_sub(1)),
            from: time("from", self.from.as_deref(), i64::MIN)?,
            to: time("to", self.to.as_deref(), i64::MAX)?,
        }))
    }
}

fn time(name: &str, text: Option<&str>, otherwise: i64) -> Result<Timestamp, ApiError> {
    let Some(text) = text else {
        return Ok(Timestamp::from_millis(otherwise));
    };
    Timestamp::parse(text)
        .ok_or_else(|| ApiError::bad_request(format!("\"{name}\" is not an ISO 8601 time")))
}

impl Checked for ReplayRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property(
                    "deliveries",
                    Schema::array()
                        .items(Schema::integer().minimum(1))
                        .max_items(MOST_IDS),
                )
                .property("state", Schema::string().one_of(&["dead"]))
                .properties(&["after", "before"], &Schema::integer().minimum(0))
                .properties(&["from", "to"], &Schema::string())
        });
        &SCHEMA
    }
}
