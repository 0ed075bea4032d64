use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::proxy::Proxy;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// The protocols that the channels can speak.
const PROTOCOLS: [&str; 5] = ["http", "https", "socks", "socks4", "socks5"];

/// `POST /proxy/set/{instance}`: tries the proxy, stores it, and connects anew through it.
///
/// 201 with an echo. 400 when it is not there, is none, or does not take the login; what is behind it does not matter. `enabled: false` needs nothing else and forgets the rest.
pub(super) async fn set(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<ProxyRequest>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let proxy = request.into_proxy()?;
    let kind = entry.state().instance.channel;
    if proxy.enabled && gateway.try_proxy(kind, &proxy).await.is_err() {
        return Err(ApiError::bad_request("Invalid proxy"));
    }
    let row = gateway.set_proxy(&entry, proxy).await?;
    let echo = json!({"proxy": {"instanceName": entry.state().instance.name, "proxy": row.proxy}});
    Ok((StatusCode::CREATED, Json(echo)))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct ProxyRequest {
    enabled: bool,
    host: String,
    port: String,
    protocol: String,
    username: Option<String>,
    password: Option<String>,
}

impl ProxyRequest {
    fn into_proxy(self) -> Result<Proxy, ApiError> {
        if !self.enabled {
            return Ok(Proxy::default());
        }
        let protocol = self.protocol.to_ascii_lowercase();
        if !PROTOCOLS.contains(&protocol.as_str())
            || self.host.is_empty()
            || self.port.parse::<u16>().is_err()
        {
            return Err(ApiError::bad_request("Invalid proxy"));
        }
        Ok(Proxy {
            enabled: true,
            host: self.host,
            port: self.port,
            protocol,
            username: self.username.unwrap_or_default(),
            password: self.password.unwrap_or_default(),
        })
    }
}

impl Checked for ProxyRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("enabled", Schema::strict_boolean())
                .properties(
                    &["host", "port", "protocol", "username", "password"],
                    &Schema::string(),
                )
                .required(&["enabled", "host", "port", "protocol"])
                .not_empty(&["enabled", "host", "port", "protocol"])
        });
        &SCHEMA
    }

    fn prepare(body: &mut Map<String, Value>) {
        // n8n's "disable" sends an empty text.
        if body.get("enabled").is_some_and(|enabled| enabled == "") {
            body.insert("enabled".to_owned(), Value::Bool(false));
        }
        if body.get("enabled") == Some(&Value::Bool(false)) {
            // Nothing else is needed to switch it off, and nothing else is kept.
            for name in ["host", "port", "protocol"] {
                body.insert(name.to_owned(), Value::from("-"));
            }
            body.retain(|name, _| {
                matches!(name.as_str(), "enabled" | "host" | "port" | "protocol")
            });
        }
        body.retain(|name, value| {
            !(value.is_null() && matches!(name.as_str(), "username" | "password"))
        });
        if let Some(Value::Number(port)) = body.get("port") {
            let port = port.to_string();
            body.insert("port".to_owned(), Value::from(port));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Origin, check};

    fn read(body: Value) -> Result<Proxy, String> {
        let body = body.as_object().cloned().unwrap();
        check::<ProxyRequest>(body, Origin::Json)
            .and_then(ProxyRequest::into_proxy)
            .map_err(|error| error.text())
    }

    #[test]
    fn switching_off_needs_nothing_else() {
        for enabled in [json!(false), json!("")] {
            assert_eq!(read(json!({"enabled": enabled})), Ok(Proxy::default()));
        }
        assert_eq!(
            read(json!({"enabled": false, "host": "", "port": "", "protocol": ""})),
            Ok(Proxy::default())
        );
    }

    #[test]
    fn switching_on_needs_it_all() {
        assert_eq!(
            read(json!({"enabled": true})).unwrap_err(),
            "instance requires property \"host\", instance requires property \"port\", instance requires property \"protocol\""
        );
        let proxy =
            read(json!({"enabled": true, "host": "p.test", "port": 3128, "protocol": "HTTP"}))
                .unwrap();
        assert_eq!(
            (
                proxy.port.as_str(),
                proxy.protocol.as_str(),
                proxy.username.as_str()
            ),
            ("3128", "http", "")
        );
        for bad in [json!("ftp"), json!("")] {
            let body =
                json!({"enabled": true, "host": "p.test", "port": "1", "protocol": bad, "x": 1});
            assert_eq!(read(body).unwrap_err(), "Invalid proxy");
        }
    }
}
