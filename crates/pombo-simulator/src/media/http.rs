//! The routes: uploads and downloads.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::json;

use super::kind::MediaKind;
use super::range::{Wanted, wanted};
use super::receive::{ReceiveError, Receiving};
use super::store::{MediaError, MediaStore, StoredMedia, hash_of};
use crate::fault::{FaultPoint, HttpVerdict};
use crate::network::Network;

/// How long an answer that is to break off gets to reach the client.
const FLUSH: Duration = Duration::from_millis(20);

/// The routes of the media store.
pub(crate) fn router() -> axum::Router<Arc<Network>> {
    axum::Router::new()
        .route("/mms/{kind}/{token}", post(upload))
        .route("/newsletter/{kind}/{token}", post(upload))
        .route("/product/{kind}/{token}", post(upload))
        .route("/pps/{kind}/{token}", post(upload))
        .route("/v/{*rest}", get(download))
        // The store has a limit of its own, and never holds a body as a whole.
        .layer(DefaultBodyLimit::disable())
}

#[derive(Debug, Deserialize)]
struct UploadQuery {
    #[serde(default)]
    auth: String,
    token: Option<String>,
    resume: Option<String>,
    file_offset: Option<u64>,
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (
        status,
        Json(json!({"error": {"message": reason, "code": status.as_u16()}})),
    )
        .into_response()
}

fn stored(stored: &StoredMedia) -> serde_json::Value {
    json!({"url": stored.url, "direct_path": stored.direct_path, "handle": stored.handle})
}

/// `POST /mms/<kind>/<token>?auth=&token=`: takes a file whose SHA-256 the token is.
///
/// With `resume=1` nothing is taken: the answer says how much has arrived (`"resume": "<bytes>"`), or where the file is
/// (`"resume": "complete"`). With `file_offset` the body goes on there.
async fn upload(
    State(network): State<Arc<Network>>,
    Path((name, token)): Path<(String, String)>,
    Query(query): Query<UploadQuery>,
    uri: Uri,
    body: Body,
) -> Response {
    let verdict = network.faults.judge_http(FaultPoint::Upload, uri.path());
    network.clock.sleep(verdict.delay).await;
    if let Some(status) = fault_status(&verdict) {
        return refusal(status, "fault");
    }
    let area = uri
        .path()
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let Some(kind) = MediaKind::of_upload(area, &name) else {
        return refusal(StatusCode::NOT_FOUND, "no such kind of media");
    };
    if !network.media.lets_in(&query.auth) {
        return refusal(StatusCode::UNAUTHORIZED, "`auth` is not valid (any more)");
    }
    let Some(hash) = hash_of(&token) else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "the token is not a SHA-256 in base64url",
        );
    };
    if query.token.as_deref().and_then(hash_of) != Some(hash) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "the tokens of path and query differ",
        );
    }
    let existing = network.media.existing(kind, &hash);
    if query.resume.is_some() {
        let answer = match existing {
            Some(file) => {
                let mut answer = stored(&file);
                answer["resume"] = "complete".into();
                answer
            }
            None => json!({"resume": network.media.partial_size(&hash).to_string()}),
        };
        return Json(answer).into_response();
    }
    match receive(&network.media, hash, query.file_offset, verdict.cut, body).await {
        Ok(content) => {
            // Two uploads of the same bytes are one file.
            let file = match network.media.existing(kind, &hash) {
                Some(file) => {
                    content.forget();
                    file
                }
                None => network.media.insert(kind, content, hash),
            };
            Json(stored(&file)).into_response()
        }
        Err(Broken::Receive(error)) => {
            let status = match &error {
                ReceiveError::Offset { .. } | ReceiveError::Hash => StatusCode::BAD_REQUEST,
                ReceiveError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ReceiveError::Disk(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refusal(status, &error.to_string())
        }
        Err(Broken::Connection) => refusal(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(Broken::OnPurpose) => broken_answer(),
    }
}

enum Broken {
    Receive(ReceiveError),
    Connection,
    OnPurpose,
}

impl From<ReceiveError> for Broken {
    fn from(error: ReceiveError) -> Self {
        Self::Receive(error)
    }
}

async fn receive(
    store: &Arc<MediaStore>,
    hash: [u8; 32],
    offset: Option<u64>,
    cut: Option<u64>,
    body: Body,
) -> Result<super::content::Content, Broken> {
    let mut receiving = Receiving::begin(store, hash, offset).await?;
    let mut left = cut;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let mut piece = piece.map_err(|_| Broken::Connection)?;
        if let Some(left) = &mut left {
            let taken = piece
                .len()
                .min(usize::try_from(*left).unwrap_or(usize::MAX));
            let more = piece.split_off(taken);
            *left -= taken as u64;
            receiving.push(&piece).await?;
            if !more.is_empty() {
                return Err(Broken::OnPurpose);
            }
        } else {
            receiving.push(&piece).await?;
        }
    }
    Ok(receiving.finish().await?)
}

/// `GET /v/...`: the file, or a part of it. The path and the hash let in; `auth` is not needed.
async fn download(
    State(network): State<Arc<Network>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<DownloadQuery>,
) -> Response {
    let verdict = network.faults.judge_http(FaultPoint::Download, uri.path());
    network.clock.sleep(verdict.delay).await;
    if let Some(status) = fault_status(&verdict) {
        return refusal(status, "fault");
    }
    let (content, hash) = match network.media.find(uri.path()) {
        Ok(found) => found,
        Err(error) => {
            let status = match &error {
                MediaError::Unknown(_) => StatusCode::NOT_FOUND,
                MediaError::Expired(_) => StatusCode::GONE,
                MediaError::Disk(_) => StatusCode::INTERNAL_SERVER_ERROR,
            };
            return refusal(status, &error.to_string());
        }
    };
    if query
        .token
        .is_some_and(|token| hash_of(&token) != Some(hash))
    {
        return refusal(StatusCode::FORBIDDEN, "the token is not that of the file");
    }
    let size = content.size();
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let (status, first, length) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Unsatisfiable => {
            let range = format!("bytes */{size}");
            return (
                StatusCode::RANGE_NOT_SATISFIABLE,
                [(header::CONTENT_RANGE, range)],
            )
                .into_response();
        }
    };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, length);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + length - 1;
        response = response.header(
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{size}"),
        );
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        match content.stream(first, length).await {
            Ok(pieces) => Body::from_stream(hampered(pieces, &verdict)),
            Err(error) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    };
    response
        .body(body)
        .unwrap_or_else(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

#[derive(Debug, Deserialize)]
struct DownloadQuery {
    token: Option<String>,
}

fn fault_status(verdict: &HttpVerdict) -> Option<StatusCode> {
    StatusCode::from_u16(verdict.status?).ok()
}

/// An answer that breaks off at its first byte, and takes the connection with it.
fn broken_answer() -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(cut_off()) });
    Response::new(Body::from_stream(broken))
}

fn cut_off() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "cut off on purpose")
}

/// The pieces as slow, and as far, as the verdict lets them.
fn hampered(
    pieces: BoxStream<'static, std::io::Result<Bytes>>,
    verdict: &HttpVerdict,
) -> BoxStream<'static, std::io::Result<Bytes>> {
    let pieces = match verdict.bytes_per_second {
        None => pieces,
        Some(speed) => pieces
            .then(move |piece| async move {
                if let Ok(piece) = &piece {
                    let micros = (piece.len() as u64).saturating_mul(1_000_000) / speed.max(1);
                    tokio::time::sleep(Duration::from_micros(micros)).await;
                }
                piece
            })
            .boxed(),
    };
    let Some(cut) = verdict.cut else {
        return pieces;
    };
    pieces
        .scan(Some(cut), |left, piece| {
            let next = match (left.as_mut(), piece) {
                (None, _) => None,
                (Some(some), Ok(mut piece)) => {
                    let kept = piece
                        .len()
                        .min(usize::try_from(*some).unwrap_or(usize::MAX));
                    let rest = piece.split_off(kept);
                    *some -= kept as u64;
                    if rest.is_empty() {
                        Some(Ok(vec![Ok(piece)]))
                    } else {
                        *left = None;
                        Some(Ok(vec![Ok(piece), Err(cut_off())]))
                    }
                }
                (Some(_), Err(error)) => Some(Err(error)),
            };
            std::future::ready(next)
        })
        .flat_map(|step| stream::iter(step.unwrap_or_else(|error| vec![Err(error)])))
        .then(|piece| async {
            if piece.is_err() {
                // What came before must reach the client, and not die with the connection.
                tokio::time::sleep(FLUSH).await;
            }
            piece
        })
        .boxed()
}
