//! Posts error answers where `WEBHOOK_EVENTS_ERRORS_WEBHOOK` says.

use std::sync::Arc;

use pombo_api::{ErrorHook, ErrorReport};
use pombo_domain::clock::{Clock, SystemClock, Timestamp};
use pombo_net::OutboundClient;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::warn;

use crate::config::Config;

/// Error reports that may wait; more are dropped, they are no events.
const WAITING: usize = 256;

/// The hook that the routes tell of error answers, and the task that posts them. Source: `WEBHOOK_EVENTS_ERRORS*`.
pub(super) fn error_reports(
    config: &Config,
    outbound: OutboundClient,
) -> (Option<ErrorHook>, Option<JoinSet<()>>) {
    let Some(target) = config.webhook.errors.clone() else {
        return (None, None);
    };
    let (sender, mut reports) = mpsc::channel::<Value>(WAITING);
    let server_url = config.server.url.clone();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        while let Some(report) = reports.recv().await {
            let sent = outbound
                .post(
                    &target.url,
                    headers.clone(),
                    report.to_string().into(),
                    None,
                )
                .await;
            if let Err(error) = sent {
                warn!("cannot report an error to WEBHOOK_EVENTS_ERRORS_WEBHOOK: {error}");
            }
        }
    });
    let hook = move |report: &ErrorReport| {
        let now: Timestamp = SystemClock.now();
        // The original also sends the global key; that stays here.
        let body = json!({"event": "error", "data": {"error": report.error, "message": report.message, "status": report.status.as_u16(),
            "response": {"message": report.message}}, "date_time": now, "api_key": null, "server_url": server_url});
        // Compatible: fire and forget; a full queue drops the report.
        sender.try_send(body).ok();
    };
    (Some(Arc::new(hook)), Some(task))
}
