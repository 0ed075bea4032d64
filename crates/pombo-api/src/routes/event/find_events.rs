use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use pombo_core::LoggedEvents;
use pombo_domain::event::{EventKind, Seq};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

const USUAL: u64 = 100;
const MOST: u64 = 1000;

/// `GET /event/find/{instance}?after=&kind=&limit=`: the instance's event log after a place, oldest first, whatever any
/// subscription wants. `kind` takes both spellings, and several with commas between them.
///
/// `{"events": [envelope with id and seq], "through": seq, "head": seq, "complete": bool}`: ask again with `after` set to
/// `through` until it is `head`. `complete: false` says that events after `after` have already been pruned. 400 for a kind
/// that there is not.
pub(super) async fn find_events(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Response, ApiError> {
    let kinds = query.text("kind").map_or_else(|| Ok(Vec::new()), kinds)?;
    let after = match query.text("after") {
        None => 0,
        Some(text) => text
            .parse::<Seq>()
            .ok()
            .filter(|after| *after >= 0)
            .ok_or_else(|| ApiError::bad_request("\"after\" is not a place in the log"))?,
    };
    let limit = query.number("limit").unwrap_or(USUAL).min(MOST);
    let found = api
        .gateway
        .logged_events(
            &entry,
            after,
            &kinds,
            usize::try_from(limit).unwrap_or(usize::MAX),
        )
        .await?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, body(&found)).into_response())
}

fn kinds(text: &str) -> Result<Vec<EventKind>, ApiError> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            EventKind::parse(name)
                .ok_or_else(|| ApiError::bad_request(format!("there is no event \"{name}\"")))
        })
        .collect()
}

/// The envelopes are JSON already.
fn body(found: &LoggedEvents) -> Vec<u8> {
    let size: usize = found
        .envelopes
        .iter()
        .map(|envelope| envelope.len() + 1)
        .sum();
    let mut body = Vec::with_capacity(size + 96);
    body.extend_from_slice(b"{\"events\":[");
    for (index, envelope) in found.envelopes.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(envelope);
    }
    let end = format!(
        "],\"through\":{},\"head\":{},\"complete\":{}}}",
        found.through, found.head, found.complete
    );
    body.extend_from_slice(end.as_bytes());
    body
}
