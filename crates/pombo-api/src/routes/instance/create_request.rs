//! The body of `POST /instance/create`: flat members of both versions of the original, and nested objects.

use std::sync::LazyLock;

use pombo_core::{NewInstance, SubscriptionChange};
use pombo_domain::event::EventKind;
use pombo_domain::instance::{ChannelKind, InstanceName};
use pombo_domain::proxy::Proxy;
use pombo_domain::settings::Settings;
use pombo_domain::subscription::TransportKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::extract::Checked;
use crate::routes::event::for_creation;
use crate::schema::{Pattern, Schema};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CreateRequest {
    instance_name: String,
    integration: Option<String>,
    pub(super) token: Option<String>,
    pub(super) number: Option<String>,
    business_id: Option<String>,
    pub(super) qrcode: bool,
    #[serde(flatten)]
    pub(super) settings: Settings,
    proxy_host: String,
    proxy_port: String,
    proxy_protocol: String,
    proxy_username: String,
    proxy_password: String,
    pub(super) webhook: Option<Value>,
    pub(super) websocket: Option<Value>,
    pub(super) rabbitmq: Option<Value>,
    pub(super) nats: Option<Value>,
    pub(super) sqs: Option<Value>,
    kafka: Option<Value>,
    pusher: Option<Value>,
    mqtt: Option<Value>,
    owner_jid: Option<String>,
    profile_name: Option<String>,
    profile_pic_url: Option<String>,
    chatwoot_account_id: Option<String>,
    chatwoot_token: Option<String>,
    chatwoot_url: Option<String>,
}

impl CreateRequest {
    /// What is to be created.
    ///
    /// # Errors
    /// 400 with the texts of the original.
    pub(super) fn to_new_instance(&self) -> Result<NewInstance, ApiError> {
        let name = InstanceName::new(&self.instance_name)?;
        let channel = match self.integration.as_deref() {
            None | Some("") => ChannelKind::Whatsapp,
            Some(text) => ChannelKind::parse(text)
                .ok_or_else(|| ApiError::bad_request("Invalid integration"))?,
        };
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        let (token, number) = (text(&self.token), text(&self.number));
        if channel == ChannelKind::Cloud {
            if token.is_none() {
                return Err(ApiError::bad_request("token is required"));
            }
            if number.is_none() {
                return Err(ApiError::bad_request("number is required"));
            }
        }
        if [
            &self.chatwoot_account_id,
            &self.chatwoot_token,
            &self.chatwoot_url,
        ]
        .iter()
        .all(|value| text(value).is_some())
        {
            return Err(ApiError::bad_request("Chatwoot is not enabled"));
        }
        Ok(NewInstance {
            name,
            channel,
            token,
            number,
            business_id: text(&self.business_id),
            owner_jid: text(&self.owner_jid),
            profile_name: text(&self.profile_name),
            profile_pic_url: text(&self.profile_pic_url),
            settings: self.settings.clone(),
            proxy: self.proxy(),
            subscriptions: self.subscriptions()?,
        })
    }

    /// The proxy, when host, port and protocol are all given.
    fn proxy(&self) -> Option<Proxy> {
        let complete = [&self.proxy_host, &self.proxy_port, &self.proxy_protocol]
            .iter()
            .all(|text| !text.is_empty());
        complete.then(|| Proxy {
            enabled: true,
            host: self.proxy_host.clone(),
            port: self.proxy_port.clone(),
            protocol: self.proxy_protocol.clone(),
            username: self.proxy_username.clone(),
            password: self.proxy_password.clone(),
        })
    }

    fn subscriptions(&self) -> Result<Vec<(TransportKind, SubscriptionChange)>, ApiError> {
        let mut subscriptions = Vec::new();
        for transport in TransportKind::ALL {
            let wanted = match transport {
                TransportKind::Webhook => &self.webhook,
                TransportKind::Websocket => &self.websocket,
                TransportKind::Rabbitmq => &self.rabbitmq,
                TransportKind::Nats => &self.nats,
                TransportKind::Pusher => &self.pusher,
                TransportKind::Sqs => &self.sqs,
                TransportKind::Kafka => &self.kafka,
                TransportKind::Mqtt => &self.mqtt,
            };
            if let Some(wanted) = wanted {
                subscriptions.push((transport, for_creation(transport, wanted)?));
            }
        }
        Ok(subscriptions)
    }
}

const TRANSPORTS_OF_VERSION_1: [&str; 5] = ["websocket", "rabbitmq", "nats", "sqs", "kafka"];

impl Checked for CreateRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let text = Schema::string();
            let flag = Schema::boolean();
            let events = Schema::array().items(Schema::string().one_of(&EventKind::SUBSCRIBABLE));
            Schema::object()
                .properties(&["instanceName", "token"], &text)
                .property("number", Schema::string().pattern(Pattern::NumberOrJid))
                .properties(&["businessId", "integration"], &text)
                .properties(&["qrcode", "rejectCall"], &flag)
                .property("msgCall", text.clone())
                .properties(
                    &[
                        "groupsIgnore",
                        "alwaysOnline",
                        "readMessages",
                        "readStatus",
                        "syncFullHistory",
                    ],
                    &flag,
                )
                .properties(
                    &[
                        "wavoipToken",
                        "proxyHost",
                        "proxyPort",
                        "proxyProtocol",
                        "proxyUsername",
                        "proxyPassword",
                    ],
                    &text,
                )
                .property("webhookUrl", text.clone())
                .properties(&["webhookByEvents", "webhookBase64"], &flag)
                .property("webhookEvents", events.clone())
                .property("rabbitmqEnabled", flag.clone())
                .property("rabbitmqEvents", events.clone())
                .property("natsEnabled", flag.clone())
                .property("natsEvents", events.clone())
                .property("sqsEnabled", flag.clone())
                .property("sqsEvents", events)
                .properties(
                    &["chatwootAccountId", "chatwootToken", "chatwootUrl"],
                    &text,
                )
                .properties(
                    &[
                        "chatwootSignMsg",
                        "chatwootReopenConversation",
                        "chatwootConversationPending",
                    ],
                    &flag,
                )
                .required(&["instanceName"])
                .not_empty(&["instanceName"])
        });
        &SCHEMA
    }

    fn prepare(body: &mut Map<String, Value>) {
        // Web interfaces send `null` for what was left empty.
        body.retain(|_, value| !value.is_null());
        if body.get("number").is_some_and(|number| number == "") {
            body.remove("number");
        }
        // Settings may also come in an object of their own; flat ones win.
        if let Some(Value::Object(nested)) = body.remove("settings") {
            for (name, value) in nested.into_iter().filter(|(_, value)| !value.is_null()) {
                body.entry(name).or_insert(value);
            }
        }
        if let Some(Value::Number(port)) = body.get("proxyPort") {
            let port = port.to_string();
            body.insert("proxyPort".to_owned(), Value::from(port));
        }
        if let Some(integration) = body.get("Integration").cloned() {
            body.entry("integration").or_insert(integration);
        }
        lift_version_1(body);
    }
}

/// `webhookUrl`, `rabbitmqEnabled` and the like, which the original accepts and forgets.
fn lift_version_1(body: &mut Map<String, Value>) {
    let has = |body: &Map<String, Value>, name: &str| body.contains_key(name);
    if !has(body, "webhook")
        && body
            .get("webhookUrl")
            .and_then(Value::as_str)
            .is_some_and(|url| !url.is_empty())
    {
        let mut webhook = Map::new();
        for (old, new) in [
            ("webhookUrl", "url"),
            ("webhookByEvents", "byEvents"),
            ("webhookBase64", "base64"),
            ("webhookEvents", "events"),
        ] {
            if let Some(value) = body.get(old) {
                webhook.insert(new.to_owned(), value.clone());
            }
        }
        body.insert("webhook".to_owned(), Value::Object(webhook));
    }
    for transport in TRANSPORTS_OF_VERSION_1 {
        let (enabled, events) = (format!("{transport}Enabled"), format!("{transport}Events"));
        if !has(body, transport) && body.get(&enabled) == Some(&Value::Bool(true)) {
            let events = body.get(&events).cloned().unwrap_or_else(|| json!([]));
            body.insert(
                transport.to_owned(),
                json!({"enabled": true, "events": events}),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Origin, check};

    fn read(body: Value) -> Result<NewInstance, String> {
        let body = body.as_object().cloned().unwrap();
        check::<CreateRequest>(body, Origin::Json)
            .and_then(|request| request.to_new_instance())
            .map_err(|error| error.text())
    }

    #[test]
    fn recorded_refusals() {
        for (body, text) in [
            (json!({}), "instance requires property \"instanceName\""),
            (
                json!({"integration": "EVOLUTION"}),
                "instance requires property \"instanceName\"",
            ),
            (
                json!({"instanceName": ""}),
                "The \"instanceName\" cannot be empty",
            ),
            (
                json!({"instanceName": "", "integration": "EVOLUTION"}),
                "The \"instanceName\" cannot be empty",
            ),
            (
                json!({"instanceName": 5}),
                "instanceName is not of a type(s) string",
            ),
            (
                json!({"instanceName": "a", "integration": "FOO"}),
                "Invalid integration",
            ),
            (
                json!({"instanceName": "a", "number": "abc"}),
                "number does not match pattern \"^\\\\d+[\\\\.@\\\\w-]+\"",
            ),
            (
                json!({"instanceName": "a", "integration": "WHATSAPP-BUSINESS"}),
                "token is required",
            ),
            (
                json!({"instanceName": "a", "integration": "WHATSAPP-BUSINESS", "token": "t"}),
                "number is required",
            ),
            (
                json!({"instanceName": "a", "chatwootAccountId": "1", "chatwootToken": "t", "chatwootUrl": "http://c"}),
                "Chatwoot is not enabled",
            ),
            (
                json!({"instanceName": "a", "webhook": {"url": "nope"}}),
                "Invalid \"url\" property",
            ),
        ] {
            assert_eq!(read(body).unwrap_err(), text);
        }
    }

    #[test]
    fn the_plainest_request_is_a_whatsapp_instance() {
        let new =
            read(json!({"instanceName": "a", "token": null, "number": "", "businessId": null}))
                .unwrap();
        assert_eq!(
            (new.channel, new.token, new.number),
            (ChannelKind::Whatsapp, None, None)
        );
        assert!(new.subscriptions.is_empty() && new.proxy.is_none());
    }

    #[test]
    fn nested_settings_count_and_flat_ones_win() {
        let new = read(json!({
            "instanceName": "a", "rejectCall": true, "settings": {"rejectCall": false, "msgCall": "no", "wavoipToken": "w"}
        }))
        .unwrap();
        assert!(new.settings.reject_call);
        assert_eq!(
            (
                new.settings.msg_call.as_str(),
                new.settings.wavoip_token.as_str()
            ),
            ("no", "w")
        );
    }

    #[test]
    fn subscriptions_of_both_versions() {
        let new = read(json!({
            "instanceName": "a", "webhookUrl": "http://h", "webhookByEvents": true, "webhookEvents": ["CALL"],
            "rabbitmqEnabled": true, "websocket": {"enabled": false}, "natsEnabled": false
        }))
        .unwrap();
        let kinds: Vec<_> = new
            .subscriptions
            .iter()
            .map(|(kind, change)| (*kind, change.enabled))
            .collect();
        assert_eq!(
            kinds,
            [
                (TransportKind::Webhook, true),
                (TransportKind::Websocket, false),
                (TransportKind::Rabbitmq, true)
            ]
        );
        assert_eq!(new.subscriptions[0].1.options["webhookByEvents"], true);
    }

    #[test]
    fn a_proxy_needs_its_three_parts() {
        let proxy = |body: Value| read(body).unwrap().proxy;
        assert!(proxy(json!({"instanceName": "a", "proxyHost": "h", "proxyPort": 1})).is_none());
        let whole = proxy(
            json!({"instanceName": "a", "proxyHost": "h", "proxyPort": 1, "proxyProtocol": "http"}),
        )
        .unwrap();
        assert_eq!(
            (whole.host.as_str(), whole.port.as_str(), whole.enabled),
            ("h", "1", true)
        );
    }
}
