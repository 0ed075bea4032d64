//! How `connect`, `restart` and `create` show a connection.

use axum::Json;
use pombo_core::{ConnectError, Connection, QrCode};
use pombo_domain::instance::InstanceName;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// The body of `connect` and `restart`. Compatible: a failure is a 200 with `error: true`; a database that does not answer
/// is still a 503.
pub(super) fn answer(
    name: &InstanceName,
    outcome: Result<Connection, ConnectError>,
) -> Result<Json<Value>, ApiError> {
    match outcome {
        Ok(Connection::Open) => Ok(Json(
            json!({"instance": {"instanceName": name, "state": "open"}}),
        )),
        Ok(Connection::Qr(code)) => Ok(Json(qr_code(&code))),
        Err(ConnectError::Store(error)) => Err(error.into()),
        Err(error @ (ConnectError::NotAvailable(_) | ConnectError::Channel(_))) => {
            Ok(Json(json!({"error": true, "message": error.to_string()})))
        }
    }
}

/// `{pairingCode, code, base64, count}`, or only `count` before the first code. While an account is linked with its passkey,
/// `{count, passkey}`.
pub(super) fn qr_code(code: &QrCode) -> Value {
    let mut shown = Map::new();
    if code.code.is_some() || code.pairing_code.is_some() {
        shown.insert("pairingCode".to_owned(), json!(code.pairing_code));
        for (name, value) in [("code", &code.code), ("base64", &code.base64)] {
            if let Some(value) = value {
                shown.insert(name.to_owned(), json!(value));
            }
        }
    }
    shown.insert("count".to_owned(), json!(code.count));
    if let Some(step) = &code.passkey {
        shown.insert("passkey".to_owned(), step.clone());
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_first_code_there_is_only_the_count() {
        assert_eq!(qr_code(&QrCode::default()), json!({"count": 0}));
        let code = QrCode {
            code: Some("2@x".into()),
            base64: Some("data:".into()),
            count: 1,
            pairing_code: None,
            passkey: None,
        };
        assert_eq!(
            qr_code(&code),
            json!({"pairingCode": null, "code": "2@x", "base64": "data:", "count": 1})
        );
    }
}
