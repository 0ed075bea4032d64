//! Bodies that may carry a file: `multipart/form-data` with the file in the field `file`, or JSON.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use http::{StatusCode, header};
use http_body_util::{LengthLimitError, Limited};
use pombo_core::SendError;
use pombo_domain::media::MediaFile;
use serde_json::{Map, Value};

use super::body::{Checked, Origin, RawBody, check, too_large};
use super::urlencoded;
use crate::error::ApiError;
use crate::state::Api;

/// At most so many text fields in a form.
const MAX_FIELDS: usize = 1000;

/// A file that came in a form.
pub(crate) struct Upload {
    pub(crate) file: MediaFile,
    pub(crate) mimetype: Option<String>,
    pub(crate) file_name: Option<String>,
}

/// The checked body, with its file.
pub(crate) struct ValidForm<T>(pub(crate) T, pub(crate) Option<Upload>);

impl<T: Checked> FromRequest<Api> for ValidForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let multipart = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .trim_start()
                    .get(..19)
                    .is_some_and(|head| head.eq_ignore_ascii_case("multipart/form-data"))
            });
        if !multipart {
            let (members, origin) = RawBody::from_request(request, api).await?.members()?;
            return check(members, origin).map(|body| Self(body, None));
        }
        let limit = api.config.body_limit;
        let mut request = request.map(|body| axum::body::Body::new(Limited::new(body, limit)));
        // Ours counts, not the framework's two megabytes.
        DefaultBodyLimit::disable().apply(&mut request);
        let reading = async {
            let form = Multipart::from_request(request, api)
                .await
                .map_err(|error| ApiError::plain(StatusCode::BAD_REQUEST, error.body_text()))?;
            read(form, api).await
        };
        let Ok(read) = tokio::time::timeout(api.config.request_timeout, reading).await else {
            return Err(ApiError::plain(
                StatusCode::REQUEST_TIMEOUT,
                "The request body did not arrive in time",
            ));
        };
        let (members, upload) = read?;
        check(members, Origin::Form).map(|body| Self(body, upload))
    }
}

async fn read(
    mut form: Multipart,
    api: &Api,
) -> Result<(Map<String, Value>, Option<Upload>), ApiError> {
    let (mut members, mut upload) = (Map::new(), None);
    let mut count = 0;
    while let Some(field) = form.next_field().await.map_err(|error| refused(&error))? {
        count += 1;
        if count > MAX_FIELDS {
            return Err(ApiError::plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too many parameters",
            ));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(file_name) = field.file_name().map(str::to_owned) {
            if name != "file" || upload.is_some() {
                return Err(ApiError::plain(StatusCode::BAD_REQUEST, "Unexpected field"));
            }
            let mimetype = field.content_type().map(str::to_owned);
            let file = store(field, api).await?;
            let file_name = Some(file_name).filter(|name| !name.is_empty());
            upload = Some(Upload {
                file,
                mimetype,
                file_name,
            });
        } else {
            let text = field.text().await.map_err(|error| refused(&error))?;
            urlencoded::insert(&mut members, &name, text);
        }
    }
    Ok((members, upload))
}

/// Piece by piece: a large file is not in memory whole.
async fn store(mut field: Field<'_>, api: &Api) -> Result<MediaFile, ApiError> {
    let mut incoming = api.gateway.incoming_file();
    while let Some(piece) = field.chunk().await.map_err(|error| refused(&error))? {
        incoming.push(&piece).await.map_err(SendError::from)?;
    }
    Ok(incoming.finish().await.map_err(SendError::from)?)
}

fn refused(error: &MultipartError) -> ApiError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<LengthLimitError>() {
            return too_large();
        }
        source = error.source();
    }
    ApiError::plain(StatusCode::BAD_REQUEST, error.body_text())
}
