//! rust_socketio as a driver: a job as the first argument, reports on stdout, one JSON object a line; ends when stdin does.
//!
//! Job: `url` (with the key in its query, or not), `namespace`, `transport` (`any`, `websocket`, `polling`), `auth`,
//! `headers`. Reports: connect, event, error, closed, refused.

use std::io::Read;

use rust_socketio::{ClientBuilder, Event, Payload, TransportType};
use serde_json::{json, Value};

fn say(kind: &str, more: Value) {
    let mut line = json!({ "type": kind });
    if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
        line.extend(more);
    }
    println!("{line}");
}

fn arguments(payload: Payload) -> Value {
    match payload {
        Payload::Text(values) => Value::Array(values),
        Payload::Binary(bytes) => json!([{ "$binary": bytes.len() }]),
        #[allow(deprecated)]
        Payload::String(text) => json!([text]),
    }
}

fn main() {
    let job: Value = std::env::args().nth(1).and_then(|text| serde_json::from_str(&text).ok()).expect("a job");
    let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
    let mut builder = ClientBuilder::new(text("url"))
        .namespace(text("namespace"))
        .transport_type(match job["transport"].as_str() {
            Some("websocket") => TransportType::Websocket,
            Some("polling") => TransportType::Polling,
            _ => TransportType::Any,
        })
        .reconnect(false)
        .on(Event::Error, |payload, _| say("error", json!({ "arguments": arguments(payload) })))
        .on(Event::Close, |_, _| say("closed", json!({})))
        .on_any(|event, payload, _| {
            if let Event::Custom(name) = event {
                say("event", json!({ "name": name, "arguments": arguments(payload) }));
            }
        });
    if !job["auth"].is_null() {
        builder = builder.auth(job["auth"].clone());
    }
    for (name, value) in job["headers"].as_object().into_iter().flatten() {
        builder = builder.opening_header(name.clone(), value.as_str().unwrap_or_default());
    }
    let client = match builder.connect() {
        Ok(client) => client,
        Err(error) => {
            say("refused", json!({ "reason": error.to_string() }));
            return;
        }
    };
    say("connect", json!({}));
    let mut rest = String::new();
    // Until the test is done with us.
    let _ = std::io::stdin().read_to_string(&mut rest);
    let _ = client.disconnect();
}
