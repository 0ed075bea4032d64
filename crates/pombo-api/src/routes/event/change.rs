//! Reads what a body says about a subscription.

use std::sync::LazyLock;

use pombo_core::SubscriptionChange;
use pombo_domain::event::EventKind;
use pombo_domain::filter::Filter;
use pombo_domain::jid::normalise;
use pombo_domain::subscription::TransportKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};
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
        null_is_the_default(inner);
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

/// `null` takes a filter away, and asks for the first payload version.
fn null_is_the_default(inner: &mut Map<String, Value>) {
    for (name, default) in [
        ("filter", Value::Object(Map::new())),
        ("payload", Value::from("v1")),
    ] {
        if let Some(value) = inner.get_mut(name).filter(|value| value.is_null()) {
            *value = default;
        }
    }
}

/// The options that every transport has.
///
/// # Errors
/// 400 for a filter with members that there are not: whoever misspells one would get everything.
fn common_options(
    transport: TransportKind,
    inner: &Map<String, Value>,
    options: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    for name in ["strictOrder", "payload"] {
        if let Some(value) = inner.get(name) {
            options.insert(name.to_owned(), value.clone());
        }
    }
    let Some(filter) = inner.get("filter") else {
        return Ok(());
    };
    let mut filter = Filter::deserialize(filter).map_err(|error| {
        ApiError::invalid_text(format!("{}.filter: {error}", transport.as_str()))
    })?;
    for chat in filter.chats.iter_mut().flatten() {
        *chat = normalise(chat);
    }
    let stored = if filter == Filter::default() {
        Value::Null
    } else {
        json!(filter)
    };
    options.insert("filter".to_owned(), stored);
    Ok(())
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
    common_options(transport, inner, &mut options)?;
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
    let filter = Schema::object()
        .property(
            "chats",
            Schema::array().items(Schema::string().min_length(1)),
        )
        .properties(
            &["groups", "status", "newsletters", "fromMe"],
            &Schema::boolean(),
        );
    let inner = Schema::object()
        .property("enabled", Schema::boolean())
        .property("filter", filter);
    let inner = if transport == TransportKind::Websocket {
        inner
    } else {
        // Connected clients are always served in order, and ask for places when they connect.
        inner
            .property("strictOrder", Schema::boolean())
            .property("payload", Schema::string().one_of(&["v1", "v2"]))
    };
    let inner = match transport {
        TransportKind::Webhook => {
            let inner = inner
                .property("url", Schema::string())
                .property("headers", Schema::object())
                .properties(
                    &["byEvents", "base64", "webhookByEvents", "webhookBase64"],
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

    #[test]
    fn every_transport_takes_a_filter() {
        for transport in [TransportKind::Websocket, TransportKind::Kafka] {
            let body =
                |filter: Value| json!({transport.as_str(): {"enabled": true, "filter": filter}});
            let filter = json!({"chats": ["55 11 98888-7777", "1203@g.us"], "groups": true, "fromMe": false});
            let change = read(transport, body(filter)).unwrap();
            assert_eq!(
                change.options["filter"],
                json!({"chats": ["5511988887777@s.whatsapp.net", "1203@g.us"], "groups": true, "fromMe": false})
            );
            for none in [json!({}), json!(null)] {
                assert_eq!(
                    read(transport, body(none)).unwrap().options["filter"],
                    Value::Null
                );
            }
            for (bad, text) in [
                (
                    json!({"groups": "yes"}),
                    "filter.groups is not of a type(s) boolean",
                ),
                (
                    json!({"chats": "x"}),
                    "filter.chats is not of a type(s) array",
                ),
                (json!({"group": true}), "filter: unknown field `group`"),
                (json!([]), "filter is not of a type(s) object"),
            ] {
                let refused = read(transport, body(bad)).unwrap_err();
                assert!(
                    refused.starts_with(&format!("{}.{text}", transport.as_str())),
                    "{refused}"
                );
            }
        }
    }

    #[test]
    fn payload_versions_are_for_durable_transports() {
        let body = |value: Value| json!({"nats": {"enabled": true, "payload": value}});
        assert_eq!(
            read(TransportKind::Nats, body(json!("v2")))
                .unwrap()
                .options["payload"],
            "v2"
        );
        assert_eq!(
            read(TransportKind::Nats, body(json!(null)))
                .unwrap()
                .options["payload"],
            "v1"
        );
        assert_eq!(
            read(TransportKind::Nats, body(json!("v3"))).unwrap_err(),
            "nats.payload is not one of enum values: v1,v2"
        );
    }
}
