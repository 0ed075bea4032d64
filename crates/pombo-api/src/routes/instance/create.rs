use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Connection, Entry, QrCode};
use pombo_domain::instance::{ChannelKind, InstanceName};
use serde_json::{Map, Value, json};
use tracing::warn;

use super::connection::qr_code;
use super::create_request::CreateRequest;
use crate::error::ApiError;
use crate::extract::{GlobalKey, RawBody, check};
use crate::state::Api;

/// How long the answer waits for a code. Compatible: the original always takes so long.
const FIRST_CODE: Duration = Duration::from_secs(5);

/// `POST /instance/create`: creates an instance with everything that belongs to it.
///
/// 201 with its id and token. 403 when the name is taken, 400 for what cannot be.
pub(super) async fn create(
    _: GlobalKey,
    State(api): State<Api>,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (members, origin) = body.members()?;
    // Compatible: a taken name is told before anything else.
    if let Some(name) = members.get("instanceName").and_then(Value::as_str)
        && api.gateway.instance(name).is_some()
        && let Ok(name) = InstanceName::new(name)
    {
        return Err(pombo_core::CreateError::NameTaken(name).into());
    }
    let request: CreateRequest = check(members, origin)?;
    let new = request.to_new_instance()?;
    if let Some(proxy) = &new.proxy
        && api.gateway.try_proxy(new.channel, proxy).await.is_err()
    {
        return Err(ApiError::bad_request("Invalid proxy"));
    }
    let entry = api.gateway.create(new).await?;
    let qrcode = connect(&api, &entry, &request).await;
    Ok((
        StatusCode::CREATED,
        Json(answer(&api, &entry, &request, qrcode.as_ref())),
    ))
}

/// Starts the connection when it was asked for. The instance exists whatever comes of it.
async fn connect(api: &Api, entry: &Arc<Entry>, request: &CreateRequest) -> Option<QrCode> {
    let instance = Arc::clone(&entry.state().instance);
    if !request.qrcode || instance.channel != ChannelKind::Whatsapp {
        return None;
    }
    let number = request.number.as_deref();
    match api.gateway.connect_within(entry, number, FIRST_CODE).await {
        Ok(Connection::Qr(code)) => Some(code),
        Ok(Connection::Open) => None,
        Err(error) => {
            warn!(instance = %instance.name, "cannot connect the new instance: {error}");
            Some(QrCode::default())
        }
    }
}

fn answer(api: &Api, entry: &Entry, request: &CreateRequest, qrcode: Option<&QrCode>) -> Value {
    let state = entry.state();
    let instance = &state.instance;
    let meta = instance.channel == ChannelKind::Cloud;
    let server_url = api
        .config
        .server_url
        .as_deref()
        .unwrap_or_default()
        .trim_end_matches('/');
    let mut answer = json!({
        "instance": {
            "instanceName": instance.name,
            "instanceId": instance.id,
            "integration": instance.channel,
            "webhookWaBusiness": meta.then(|| format!("{server_url}/webhook/meta")),
            "accessTokenWaBusiness": if meta { api.config.meta.webhook_token.as_str() } else { "" },
            "status": instance.connection,
        },
        "hash": instance.token,
        "webhook": webhook(request.webhook.as_ref()),
        "websocket": switch(request.websocket.as_ref()),
        "rabbitmq": switch(request.rabbitmq.as_ref()),
        "nats": switch(request.nats.as_ref()),
        "sqs": switch(request.sqs.as_ref()),
        "settings": request.settings,
    });
    if let Some(code) = qrcode {
        answer["qrcode"] = qr_code(code);
    }
    answer
}

/// An echo of the webhook, under the names of its row.
fn webhook(sent: Option<&Value>) -> Value {
    let mut echo = Map::new();
    for (name, spellings) in [
        ("webhookUrl", ["url", "url"]),
        ("webhookHeaders", ["headers", "headers"]),
        ("webhookByEvents", ["byEvents", "webhookByEvents"]),
        ("webhookBase64", ["base64", "webhookBase64"]),
    ] {
        let value = spellings
            .iter()
            .find_map(|spelling| sent.and_then(|sent| sent.get(*spelling)));
        if let Some(value) = value {
            echo.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(echo)
}

/// An echo of the transport's own `enabled`.
fn switch(sent: Option<&Value>) -> Value {
    let enabled = sent
        .and_then(|sent| sent.get("enabled"))
        .filter(|enabled| enabled.is_boolean());
    enabled.map_or_else(|| json!({}), |enabled| json!({"enabled": enabled}))
}
