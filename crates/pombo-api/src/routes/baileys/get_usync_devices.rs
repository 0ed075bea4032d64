use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/getUSyncDevices/{instance}`: the devices of these people.
///
/// 200 with `[{user, device, domainType, server, jid}]`. What is known is not asked for again, whatever `useCache` says.
pub(super) async fn get_usync_devices(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<GetUsyncDevices>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let jids = required("jids", request.jids)?;
    let devices = protocol.devices(&jids).await?;
    Ok(Json(
        devices
            .iter()
            .map(|jid| show(jid))
            .filter(|device| !(request.ignore_zero_devices && device["device"] == 0))
            .collect(),
    ))
}

/// A device's JID in its parts.
fn show(jid: &str) -> Value {
    let (name, server) = jid.split_once('@').unwrap_or((jid, ""));
    let (user, device) = name.split_once(':').unwrap_or((name, "0"));
    let domain = match server {
        "lid" => 1,
        "hosted" => 128,
        "hosted.lid" => 129,
        _ => 0,
    };
    json!({
        "user": user, "device": device.parse().unwrap_or(0_u16), "domainType": domain, "server": server, "jid": jid,
    })
}

#[derive(Deserialize)]
pub(super) struct GetUsyncDevices {
    jids: Option<Vec<String>>,
    #[serde(default, rename = "ignoreZeroDevices")]
    ignore_zero_devices: bool,
}

impl Checked for GetUsyncDevices {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let jids = Schema::array().items(Schema::string());
            Schema::object()
                .property("jids", jids)
                .property("useCache", Schema::boolean())
                .property("ignoreZeroDevices", Schema::boolean())
        });
        &SCHEMA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_shown_in_its_parts() {
        assert_eq!(
            show("5511900000002:3@s.whatsapp.net"),
            json!({"user": "5511900000002", "device": 3, "domainType": 0, "server": "s.whatsapp.net", "jid": "5511900000002:3@s.whatsapp.net"})
        );
        assert_eq!(show("108205380617683@lid")["device"], 0);
        assert_eq!(show("108205380617683@lid")["domainType"], 1);
    }
}
