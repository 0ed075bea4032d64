use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::error::ApiError;
use crate::extract::ClientAddress;
use crate::state::{Api, MetricsLogin};

/// `GET /metrics`: Prometheus text, for the addresses and the login that the configuration names.
///
/// Refusals are plain text, as in the original.
pub(super) async fn metrics(
    State(api): State<Api>,
    client: ClientAddress,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let Some(render) = &api.metrics else {
        return ApiError::not_found(format!("Cannot GET {uri}")).into_response();
    };
    let access = &api.config.metrics_access;
    if let Some(allowed) = &access.addresses {
        let address = client.address;
        if !address.is_some_and(|address| allowed.contains(address)) {
            return (StatusCode::FORBIDDEN, "Forbidden: IP not allowed").into_response();
        }
    }
    if let Some(login) = &access.basic
        && let Some(refusal) = refusal(login, &headers)
    {
        return refusal;
    }
    (
        [
            (
                header::CONTENT_TYPE,
                "text/plain; charset=utf-8; version=0.0.4",
            ),
            (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
        ],
        render(),
    )
        .into_response()
}

fn refusal(login: &MetricsLogin, headers: &HeaderMap) -> Option<Response> {
    let (Some(user), Some(password)) = (
        login.user.as_deref().filter(|user| !user.is_empty()),
        login
            .password
            .as_ref()
            .map(ExposeSecret::expose_secret)
            .filter(|password| !password.is_empty()),
    ) else {
        return Some(
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Metrics authentication not configured",
            )
                .into_response(),
        );
    };
    let challenge = [(
        header::WWW_AUTHENTICATE,
        "Basic realm=\"Evolution API Metrics\"",
    )];
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, rest) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
        });
    let Some(given) = given else {
        return Some(
            (
                StatusCode::UNAUTHORIZED,
                challenge,
                "Authentication required",
            )
                .into_response(),
        );
    };
    let given = STANDARD.decode(given).unwrap_or_default();
    // The user has no `:`, the password may.
    let split = given.iter().position(|byte| *byte == b':');
    let (given_user, given_password) = split.map_or((given.as_slice(), &[][..]), |at| {
        (&given[..at], &given[at + 1..])
    });
    let same = given_user.ct_eq(user.as_bytes()) & given_password.ct_eq(password.as_bytes());
    (!bool::from(same)).then(|| (StatusCode::UNAUTHORIZED, "Invalid credentials").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(login: &MetricsLogin, header: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header::AUTHORIZATION, header.parse().unwrap());
        }
        refusal(login, &headers).map_or(200, |refusal| refusal.status().as_u16())
    }

    #[test]
    fn the_login_is_compared_whole() {
        let login = MetricsLogin {
            user: Some("prom".into()),
            password: Some("a:b:c".to_owned().into()),
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(outcome(&login, Some(&basic("prom:a:b:c"))), 200);
        for wrong in ["prom:a", "prom:a:b:c ", "prom", ":a:b:c", ""] {
            assert_eq!(outcome(&login, Some(&basic(wrong))), 401, "{wrong}");
        }
        assert_eq!(outcome(&login, Some("Bearer x")), 401);
        assert_eq!(outcome(&login, Some("Basic %%%")), 401);
        assert_eq!(outcome(&login, None), 401);
        assert_eq!(outcome(&MetricsLogin::default(), Some(&basic(":"))), 500);
    }
}
