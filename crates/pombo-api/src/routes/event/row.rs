//! A stored subscription as clients see it: each transport with the members of its own row.

use pombo_domain::subscription::{Payload, Subscription, TransportKind};
use serde_json::{Map, Value, json};

/// The row. Signing secrets are never shown: `signed` says that there is one.
pub(in crate::routes) fn row(subscription: &Subscription) -> Value {
    let option = |name: &str| subscription.options.get(name).cloned().unwrap_or_default();
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("id", json!(subscription.id));
    match subscription.transport {
        TransportKind::Webhook => {
            put("url", option("url"));
            put("headers", option("headers"));
            put("enabled", json!(subscription.enabled));
            put("events", json!(subscription.events));
            let (by_events, base64) = (
                subscription.flag("webhookByEvents"),
                subscription.flag("webhookBase64"),
            );
            put("webhookByEvents", json!(by_events));
            put("webhookBase64", json!(base64));
            put("byEvents", json!(by_events));
            put("base64", json!(base64));
            if subscription.text("secret").is_some() {
                put("signed", json!(true));
            }
        }
        TransportKind::Pusher => {
            put("enabled", json!(subscription.enabled));
            for name in ["appId", "key", "secret", "cluster", "useTLS"] {
                put(name, option(name));
            }
            put("events", json!(subscription.events));
        }
        TransportKind::Websocket
        | TransportKind::Rabbitmq
        | TransportKind::Nats
        | TransportKind::Sqs
        | TransportKind::Kafka
        | TransportKind::Mqtt => {
            put("enabled", json!(subscription.enabled));
            put("events", json!(subscription.events));
        }
    }
    // Not known to the original, and so shown only when they differ from what it does.
    if subscription.flag("strictOrder") {
        put("strictOrder", json!(true));
    }
    if let Some(filter) = subscription.options.get("filter") {
        put("filter", filter.clone());
    }
    if subscription.payload() == Payload::V2 {
        put("payload", json!("v2"));
    }
    if subscription.paused() {
        put("paused", json!(true));
    }
    put("createdAt", json!(subscription.created_at));
    put("updatedAt", json!(subscription.updated_at));
    put("instanceId", json!(subscription.instance_id));
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use pombo_domain::clock::Timestamp;
    use pombo_domain::id::RowId;
    use pombo_domain::subscription::EventList;

    use super::*;

    fn stored(transport: TransportKind, options: Value) -> Value {
        row(&Subscription {
            id: RowId::from("c1".to_owned()),
            instance_id: "i".into(),
            transport,
            enabled: true,
            events: EventList::new(["CALL".to_owned()]),
            options: options.as_object().cloned().unwrap_or_default(),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            retired_at_seq: None,
        })
    }

    #[test]
    fn a_webhook_hides_its_secrets() {
        let options = json!({"url": "http://x", "webhookByEvents": true, "secret": "whsec_x", "previousSecret": "whsec_y"});
        assert_eq!(
            stored(TransportKind::Webhook, options),
            json!({"id": "c1", "url": "http://x", "headers": null, "enabled": true, "events": ["CALL"],
                   "webhookByEvents": true, "webhookBase64": false, "byEvents": true, "base64": false, "signed": true,
                   "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z", "instanceId": "i"})
        );
    }

    #[test]
    fn brokers_show_switch_and_events_only() {
        assert_eq!(
            stored(TransportKind::Kafka, json!({"other": 1})),
            json!({"id": "c1", "enabled": true, "events": ["CALL"], "createdAt": "1970-01-01T00:00:00.000Z",
                   "updatedAt": "1970-01-01T00:00:00.000Z", "instanceId": "i"})
        );
    }
}
