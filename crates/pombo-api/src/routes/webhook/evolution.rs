use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use pombo_domain::instance::ChannelKind;
use pombo_domain::port::Access;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{RawBody, key_of};
use crate::state::Api;

/// `POST /webhook/evolution`: a message for the instances of the HTTP channel whose number is `numberId`.
///
/// 200 `{"status":"success"}` when it is stored and in the event log, `{"status":"ignored"}` when nobody has the number or
/// there is no message in it. 400 for a message without `key.remoteJid`. Needs no key unless the configuration asks for one.
pub(super) async fn evolution(
    State(api): State<Api>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let body = body.json()?;
    if api.config.inbound_key_required {
        check_key(&api, &headers, &body)?;
    }
    let received = api.gateway.receive(ChannelKind::Evolution, &body).await?;
    let status = if received.matched > 0 {
        "success"
    } else {
        "ignored"
    };
    Ok(Json(json!({"status": status})))
}

/// The global key, or the token of an instance that has the number.
fn check_key(api: &Api, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
    let access = key_of(headers)
        .and_then(|key| api.gateway.keys().access(key))
        .ok_or_else(ApiError::unauthorised)?;
    let Access::Instances(ids) = access else {
        return Ok(());
    };
    let number =
        serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|body| match body.get("numberId") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
                    None
                }
            });
    let opens = ids
        .iter()
        .filter_map(|id| api.gateway.instance_by_id(id))
        .any(|entry| number.is_some() && entry.state().instance.number == number);
    if opens {
        Ok(())
    } else {
        Err(ApiError::unauthorised())
    }
}
