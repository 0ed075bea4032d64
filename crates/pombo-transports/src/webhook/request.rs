//! What goes out: address, headers, body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use pombo_domain::clock::Timestamp;
use pombo_domain::event::{Event, EventKind, envelope};
use pombo_domain::subscription::Subscription;
use serde_json::Value;

use super::jwt;
use super::signature;

/// A stored header of this name is not sent: it is the key of a token that is.
const JWT_KEY: &str = "jwt_key";

/// One request, ready to be sent.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// There is nowhere to send to.
#[derive(Debug, thiserror::Error)]
#[error("the webhook has no http:// or https:// URL")]
pub(super) struct NoUrl;

impl Request {
    pub(super) fn new(
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        user_agent: &str,
        now: Timestamp,
    ) -> Result<Self, NoUrl> {
        let base = subscription
            .text("url")
            .map(str::trim)
            .filter(|url| is_http(url))
            .ok_or(NoUrl)?;
        let url = if subscription.flag("webhookByEvents") {
            by_event(base, event.event.kind)
        } else {
            base.to_owned()
        };
        let global = subscription.flag("global");
        // Compatible: an instance's receiver sees the URL as it was set, the global one where it really went.
        let destination = if global { url.as_str() } else { base };
        let body = envelope::extend(envelope, &[("destination", &destination)]);

        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        insert(&mut headers, header::USER_AGENT, user_agent);
        if !global {
            add_stored(&mut headers, subscription, now);
        }
        let (id, timestamp) = (event.event.id.as_str(), now.seconds().to_string());
        insert(&mut headers, HeaderName::from_static("webhook-id"), id);
        insert(
            &mut headers,
            HeaderName::from_static("webhook-timestamp"),
            &timestamp,
        );
        let secrets = ["secret", "previousSecret"]
            .into_iter()
            .filter_map(|option| subscription.text(option));
        headers.remove("webhook-signature");
        if let Some(signature) = signature::sign(secrets, id, &timestamp, &body) {
            insert(
                &mut headers,
                HeaderName::from_static("webhook-signature"),
                &signature,
            );
        }
        Ok(Self { url, headers, body })
    }
}

/// The stored headers as they are; what cannot be a header is left out.
fn add_stored(headers: &mut HeaderMap, subscription: &Subscription, now: Timestamp) {
    let Some(Value::Object(stored)) = subscription.options.get("headers") else {
        return;
    };
    for (name, value) in stored.iter().filter(|(name, _)| *name != JWT_KEY) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        let Ok(name) = HeaderName::from_bytes(name.trim().as_bytes()) else {
            continue;
        };
        insert_secret(headers, name, &text);
    }
    if let Some(key) = stored
        .get(JWT_KEY)
        .and_then(Value::as_str)
        .filter(|key| !key.is_empty())
    {
        insert_secret(
            headers,
            header::AUTHORIZATION,
            &format!("Bearer {}", jwt::mint(key, now.seconds())),
        );
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Marked as secret: a redirect to another origin does not see it.
fn insert_secret(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(mut value) = HeaderValue::from_str(text) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

fn is_http(url: &str) -> bool {
    let starts = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    starts("http://") || starts("https://")
}

/// `{url}/messages-upsert`; a query stays at the end.
fn by_event(url: &str, kind: EventKind) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (path, rest) = url.split_at(end);
    format!("{}/{}{rest}", path.trim_end_matches('/'), kind.kebab())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_event_urls() {
        let kind = EventKind::GroupParticipantsUpdate;
        assert_eq!(
            by_event("http://h/x", kind),
            "http://h/x/group-participants-update"
        );
        assert_eq!(
            by_event("http://h/x/?a=1", kind),
            "http://h/x/group-participants-update?a=1"
        );
    }

    #[test]
    fn only_http() {
        assert!(is_http("HTTPS://h"));
        assert!(!is_http("ftp://h"));
        assert!(!is_http("é"));
    }
}
