//! Reads what a body says about a subscription.

use std::sync::LazyLock;

use pombo_core::SubscriptionChange;
use pombo_domain::event::EventKind;
use pombo_domain::subscription::TransportKind;
use serde_json::{Map, Value};
use url::Url;

use crate::error::ApiError;
use crate::extract::Origin;
use crate::schema::{Schema, coerce_texts};

/// What webhooks are signed with: the present secret, and the one before it while receivers change over.
const SECRETS: [&str; 2] = ["secret", "previousSecret"];

/// The body of `set`.
///
/// # Errors
/// 400 for what the schema refuses, and for an address that can never be reached.
pub(super) fn from_body(
    transport: TransportKind,
    mut body: Map<String, Value>,
    origin: Origin,
) -> Result<SubscriptionChange, ApiError> {
    let name = transport.as_str();
    // The first version of the original took the members without a wrapper; some clients still send them so.
    let wrapped = matches!(transport, TransportKind::Webhook | TransportKind::Pusher);
    if !wrapped
        && !body.contains_key(name)
        && (body.contains_key("enabled") || body.contains_key("events"))
    {
        body = Map::from_iter([(name.to_owned(), Value::Object(body))]);
    }
    if let Some(Value::Object(inner)) = body.get_mut(name) {
        same_name_for_groups(inner);
        if transport == TransportKind::Webhook {
            null_secrets_are_none(inner);
        }
    }
    let schema = schema(transport, Strictness::Set);
    if origin == Origin::Form {
        coerce_texts(schema, &mut body);
    }
    let body = Value::Object(body);
    let failures = schema.failures(&body);
    if !failures.is_empty() {
        return Err(ApiError::invalid(failures));
    }
    let inner = body
        .get(name)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    change(transport, &inner)
}

/// The transport's member of a creation: being there switches it on, unless it says otherwise.
///
/// # Errors
/// As [`from_body`].
pub(in crate::routes) fn for_creation(
    transport: TransportKind,
    inner: &Value,
) -> Result<SubscriptionChange, ApiError> {
    let mut inner = inner.clone();
    if let Value::Object(members) = &mut inner {
        members.retain(|_, value| !value.is_null());
        same_name_for_groups(members);
    }
    let body = Value::Object(Map::from_iter([(transport.as_str().to_owned(), inner)]));
    let failures = schema(transport, Strictness::Create).failures(&body);
    if !failures.is_empty() {
        return Err(ApiError::invalid(failures));
    }
    let inner = body
        .get(transport.as_str())
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    change(transport, &inner)
}

/// Whether an address can be called at all.
fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// `GROUPS_UPDATE`, the event's real name, is stored as `GROUP_UPDATE`, the name that the original's list has.
fn same_name_for_groups(inner: &mut Map<String, Value>) {
    for name in inner
        .get_mut("events")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if name == "GROUPS_UPDATE" {
            *name = Value::from("GROUP_UPDATE");
        }
    }
}

/// `null` takes a signing secret away, as the empty text does.
fn null_secrets_are_none(inner: &mut Map<String, Value>) {
    for name in SECRETS {
        if let Some(secret) = inner.get_mut(name).filter(|secret| secret.is_null()) {
            *secret = Value::from("");
        }
    }
}

fn change(
    transport: TransportKind,
    inner: &Map<String, Value>,
) -> Result<SubscriptionChange, ApiError> {
    let enabled = inner
        .get("enabled")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    let events = inner.get("events").and_then(Value::as_array).map(|names| {
        names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let mut options = Map::new();
    match transport {
        TransportKind::Webhook => {
            if enabled
                && !inner
                    .get("url")
                    .and_then(Value::as_str)
                    .is_some_and(is_web_url)
            {
                return Err(ApiError::bad_request("Invalid \"url\" property"));
            }
            let either = |new: &str, old: &str| inner.get(new).or_else(|| inner.get(old)).cloned();
            let found = [
                ("url", inner.get("url").cloned()),
                ("headers", inner.get("headers").cloned()),
                ("webhookByEvents", either("byEvents", "webhookByEvents")),
                ("webhookBase64", either("base64", "webhookBase64")),
                ("strictOrder", inner.get("strictOrder").cloned()),
                ("secret", inner.get("secret").cloned()),
                ("previousSecret", inner.get("previousSecret").cloned()),
            ];
            for (name, value) in found {
                if let Some(value) = value {
                    options.insert(name.to_owned(), value);
                }
            }
        }
        TransportKind::Pusher => {
            for name in ["appId", "key", "secret", "cluster", "useTLS"] {
                if let Some(value) = inner.get(name) {
                    options.insert(name.to_owned(), value.clone());
                }
            }
        }
        TransportKind::Websocket
        | TransportKind::Rabbitmq
        | TransportKind::Nats
        | TransportKind::Sqs
        | TransportKind::Kafka
        | TransportKind::Mqtt => {}
    }
    Ok(SubscriptionChange {
        enabled,
        events,
        options,
    })
}

/// What may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// What the original asks for in `set`.
    Set,
    /// Less: a creation needs no `enabled`.
    Create,
}

fn schema(transport: TransportKind, strictness: Strictness) -> &'static Schema {
    static SCHEMAS: LazyLock<Vec<(TransportKind, Schema, Schema)>> = LazyLock::new(|| {
        TransportKind::ALL
            .into_iter()
            .map(|transport| {
                (
                    transport,
                    build(transport, Strictness::Set),
                    build(transport, Strictness::Create),
                )
            })
            .collect()
    });
    let (_, set, create) = SCHEMAS
        .iter()
        .find(|(known, ..)| *known == transport)
        .expect("all transports are listed");
    match strictness {
        Strictness::Set => set,
        Strictness::Create => create,
    }
}

fn build(transport: TransportKind, strictness: Strictness) -> Schema {
    let events = Schema::array().items(Schema::string().one_of(&EventKind::SUBSCRIBABLE));
    let set = strictness == Strictness::Set;
    let inner = Schema::object().property("enabled", Schema::boolean());
    let inner = match transport {
        TransportKind::Webhook => {
            let inner = inner
                .property("url", Schema::string())
                .property("headers", Schema::object())
                .properties(
                    &[
                        "byEvents",
                        "base64",
                        "webhookByEvents",
                        "webhookBase64",
                        "strictOrder",
                    ],
                    &Schema::boolean(),
                )
                .properties(&SECRETS, &Schema::string())
                .property("events", events);
            if set {
                inner
                    .required(&["enabled", "url"])
                    .not_empty(&["enabled", "url"])
            } else {
                inner.required(&["url"])
            }
        }
        TransportKind::Pusher => {
            let inner = inner
                .properties(&["appId", "key", "secret", "cluster"], &Schema::string())
                .property("useTLS", Schema::boolean())
                .property("events", events);
            if set {
                let all = &["enabled", "appId", "key", "secret", "cluster", "useTLS"];
                inner.required(all).not_empty(all)
            } else {
                inner.required(&["appId", "key", "secret", "cluster"])
            }
        }
        TransportKind::Websocket
        | TransportKind::Rabbitmq
        | TransportKind::Nats
        | TransportKind::Sqs
        | TransportKind::Kafka
        | TransportKind::Mqtt => {
            let inner = inner.property("events", events);
            if set {
                inner.required(&["enabled"])
            } else {
                inner
            }
        }
    };
    let root = Schema::object().property(transport.as_str(), inner);
    match transport {
        TransportKind::Webhook => root.required(&["webhook"]),
        TransportKind::Websocket => root.required(&["websocket"]),
        TransportKind::Rabbitmq => root.required(&["rabbitmq"]),
        TransportKind::Nats => root.required(&["nats"]),
        TransportKind::Pusher => root.required(&["pusher"]),
        TransportKind::Sqs => root.required(&["sqs"]),
        TransportKind::Kafka => root.required(&["kafka"]),
        TransportKind::Mqtt => root.required(&["mqtt"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(transport: TransportKind, body: Value) -> Result<SubscriptionChange, String> {
        let body = body.as_object().cloned().unwrap();
        from_body(transport, body, Origin::Json).map_err(|error| error.text())
    }

    #[test]
    fn both_names_of_the_webhook_flags_count() {
        for (by_events, base64) in [("byEvents", "base64"), ("webhookByEvents", "webhookBase64")] {
            let body = json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:1/h", by_events: true, base64: true}});
            let change = read(TransportKind::Webhook, body).unwrap();
            assert_eq!(change.options["webhookByEvents"], true);
            assert_eq!(change.options["webhookBase64"], true);
            assert_eq!(change.events, None);
        }
    }

    #[test]
    fn recorded_refusals() {
        let refused = |transport, body| read(transport, body).unwrap_err();
        assert_eq!(
            refused(
                TransportKind::Webhook,
                json!({"enabled": true, "url": "http://h"})
            ),
            "instance requires property \"webhook\""
        );
        assert_eq!(
            refused(
                TransportKind::Webhook,
                json!({"webhook": {"enabled": false, "url": ""}})
            ),
            "The \"url\" cannot be empty"
        );
        assert_eq!(
            refused(
                TransportKind::Websocket,
                json!({"websocket": {"events": []}})
            ),
            "websocket requires property \"enabled\""
        );
        assert_eq!(
            refused(TransportKind::Nats, json!({})),
            "instance requires property \"nats\""
        );
        let text = refused(
            TransportKind::Sqs,
            json!({"sqs": {"enabled": true, "events": ["NOPE"]}}),
        );
        assert!(
            text.starts_with(
                "sqs.events[0] is not one of enum values: APPLICATION_STARTUP,QRCODE_UPDATED,"
            ),
            "{text}"
        );
        assert_eq!(
            refused(TransportKind::Pusher, json!({"pusher": {"enabled": true}})),
            "pusher requires property \"appId\", pusher requires property \"key\", pusher requires property \"secret\", \
             pusher requires property \"cluster\", pusher requires property \"useTLS\""
        );
    }

    #[test]
    fn addresses_must_be_reachable_when_switched_on() {
        for bad in ["not a url", "ftp://h/x", "vazio", "http://", "/hook"] {
            let body = |enabled| json!({"webhook": {"enabled": enabled, "url": bad}});
            assert_eq!(
                read(TransportKind::Webhook, body(true)).unwrap_err(),
                "Invalid \"url\" property",
                "{bad}"
            );
            assert!(read(TransportKind::Webhook, body(false)).is_ok());
        }
    }

    #[test]
    fn flat_bodies_of_the_first_version_are_understood() {
        let change = read(
            TransportKind::Rabbitmq,
            json!({"enabled": true, "events": ["CALL"]}),
        )
        .unwrap();
        assert_eq!(change.events.unwrap(), ["CALL"]);
    }

    #[test]
    fn both_names_of_group_updates_are_one() {
        let change = read(
            TransportKind::Kafka,
            json!({"kafka": {"enabled": true, "events": ["GROUPS_UPDATE"]}}),
        )
        .unwrap();
        assert_eq!(change.events.unwrap(), ["GROUP_UPDATE"]);
    }

    #[test]
    fn a_creation_switches_on_unless_it_says_otherwise() {
        let change = for_creation(TransportKind::Websocket, &json!({})).unwrap();
        assert!(change.enabled && change.events.is_none());
        assert!(
            !for_creation(TransportKind::Websocket, &json!({"enabled": false}))
                .unwrap()
                .enabled
        );
        assert!(for_creation(TransportKind::Webhook, &json!({"events": []})).is_err());
    }
}
