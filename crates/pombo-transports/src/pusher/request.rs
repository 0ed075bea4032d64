//! What goes out: addresses and bodies.

use bytes::Bytes;
use pombo_domain::event::{Event, EventKind, envelope};
use pombo_domain::subscription::Subscription;
use serde_json::{Value, json};

use super::channel::channel;
use super::signature::signed_query;

/// Pusher's limit for the `data` of one event. Source: Pusher Channels HTTP API reference, "POST event".
pub(super) const LARGEST_DATA: usize = 10_240;

/// Events that one request may carry. Source: Pusher Channels HTTP API reference, "POST batch events".
pub(super) const LARGEST_BATCH: usize = 10;

/// One event, as Pusher gets it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    name: &'static str,
    channel: String,
    data: String,
}

/// One request, ready to be sent.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: String,
    pub(super) body: Bytes,
}

/// Why nothing can be sent, now or later.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Impossible {
    #[error("the subscription names no Pusher app: `{0}` is missing or cannot be used")]
    App(&'static str),
    #[error("the event has {size} bytes, and Pusher takes {LARGEST_DATA} at most")]
    TooLarge { size: usize },
}

impl Item {
    pub(super) fn new(event: &Event, envelope: &[u8], app: &App) -> Result<Self, Impossible> {
        let data = data(event.event.kind, envelope, &app.id);
        if data.len() > LARGEST_DATA {
            return Err(Impossible::TooLarge { size: data.len() });
        }
        Ok(Self {
            name: event.event.kind.as_str(),
            channel: channel(event.event.instance.name.as_str()),
            data,
        })
    }
}

impl Request {
    /// A request that carries these, [`LARGEST_BATCH`] at most, in their order.
    pub(super) fn new(items: &[Item], app: &App, host: Option<&str>, now_seconds: i64) -> Self {
        let (route, body) = match items {
            [
                Item {
                    name,
                    channel,
                    data,
                },
            ] => (
                "events",
                json!({"name": name, "channels": [channel], "data": data}),
            ),
            several => {
                let batch: Vec<_> = several
                    .iter()
                    .map(|item| json!({"name": item.name, "channel": item.channel, "data": item.data}))
                    .collect();
                ("batch_events", json!({"batch": batch}))
            }
        };
        let (path, body) = (format!("/apps/{}/{route}", app.id), body.to_string());
        let query = signed_query(&path, body.as_bytes(), &app.key, &app.secret, now_seconds);
        let scheme = if app.tls { "https" } else { "http" };
        let host = host.map_or_else(
            || format!("api-{}.pusher.com", app.cluster),
            ToOwned::to_owned,
        );
        Self {
            url: format!("{scheme}://{host}{path}?{query}"),
            body: body.into(),
        }
    }
}

/// An app, as the options of a subscription name it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct App {
    id: String,
    key: String,
    secret: String,
    cluster: String,
    tls: bool,
}

impl App {
    pub(super) fn of(subscription: &Subscription) -> Result<Self, Impossible> {
        // What becomes part of the address must not be able to name another one.
        let plain = |name: &'static str| {
            subscription
                .text(name)
                .map(str::trim)
                .filter(|text| {
                    !text.is_empty()
                        && text
                            .chars()
                            .all(|one| one.is_ascii_alphanumeric() || "-_".contains(one))
                })
                .map(ToOwned::to_owned)
                .ok_or(Impossible::App(name))
        };
        Ok(Self {
            id: plain("appId")?,
            key: plain("key")?,
            secret: subscription
                .text("secret")
                .ok_or(Impossible::App("secret"))?
                .trim()
                .to_owned(),
            cluster: plain("cluster")?,
            tls: subscription.flag("useTLS"),
        })
    }
}

/// The envelope with its destination; without the picture of a QR code, which would be too large.
fn data(kind: EventKind, envelope: &[u8], app_id: &str) -> String {
    let full = envelope::extend(envelope, &[("destination", &app_id)]);
    let text = String::from_utf8_lossy(&full).into_owned();
    if kind != EventKind::QrcodeUpdated {
        return text;
    }
    let Ok(mut value) = serde_json::from_str::<Value>(&text) else {
        return text;
    };
    // Once the limit of codes is reached there is no code in it.
    if let Some(code) = value
        .pointer_mut("/data/qrcode")
        .and_then(Value::as_object_mut)
    {
        code.shift_remove("base64");
    }
    value.to_string()
}
