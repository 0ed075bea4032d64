//! The way in: what happens to every request before and after its route.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{Request, StatusCode, Version, header};
use tower::{Service, ServiceExt};
use tracing::{Instrument, debug, error, info_span};

use super::path::Beginnings;
use super::request_id::{self, X_REQUEST_ID};
use crate::error::{ApiError, ErrorReport};
use crate::live;
use crate::state::Api;

/// Requests of these routes take as long as the user asked for; they bound themselves.
const SELF_BOUNDED: [&str; 1] = ["/message/"];

/// Gives the request its id and span, brings its path into the known form, answers upgrades, bounds its time, survives
/// panics, and tells of errors.
#[derive(Clone)]
pub(crate) struct Front(Arc<Inner>);

struct Inner {
    api: Api,
    beginnings: Beginnings,
    routes: Router,
}

impl Front {
    pub(crate) fn new(api: Api, beginnings: Beginnings, routes: Router) -> Self {
        Self(Arc::new(Inner {
            api,
            beginnings,
            routes,
        }))
    }
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(inner.answer(request).await) })
    }
}

/// Counts a request, also one whose client went away.
struct InFlight<'a> {
    api: &'a Api,
    since: Instant,
    answered: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.api.counters.abandon();
        }
    }
}

impl Inner {
    async fn answer(&self, request: Request<Body>) -> Response {
        self.api.counters.begin();
        let mut in_flight = InFlight {
            api: &self.api,
            since: Instant::now(),
            answered: false,
        };
        let id = request_id::of(request.headers());
        // The path only: queries may hold keys and numbers.
        let span = info_span!(
            "http",
            request.id = id.to_str().unwrap_or_default(),
            method = request.method().as_str(),
            path = request.uri().path()
        );
        let answering = AssertUnwindSafe(self.route(request))
            .catch_unwind()
            .instrument(span.clone());
        let mut response = match answering.await {
            Ok(response) => response,
            Err(panic) => ApiError::internal(panic_text(&*panic)).into_response(),
        };
        let elapsed = in_flight.since.elapsed();
        in_flight.answered = true;
        self.api.counters.end(response.status(), elapsed);
        span.in_scope(|| {
            self.report(&mut response);
            debug!(
                status = response.status().as_u16(),
                elapsed_ms = elapsed.as_secs_f64() * 1000.0,
                "answered"
            );
        });
        response.headers_mut().insert(X_REQUEST_ID, id);
        response
    }

    async fn route(&self, mut request: Request<Body>) -> Response {
        let sent = OriginalUri(request.uri().clone());
        request.extensions_mut().insert(sent);
        if live::is_upgrade(&request) {
            return live::upgrade(&self.api, request).await;
        }
        match self.beginnings.canonical(request.uri()) {
            Ok(None) => {}
            Ok(Some(uri)) => *request.uri_mut() = uri,
            Err(error) => return error.into_response(),
        }
        // Chunked and compressed answers confuse HTTP/1.0 proxies.
        if request.version() <= Version::HTTP_10 {
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        let self_bounded = SELF_BOUNDED
            .iter()
            .any(|prefix| request.uri().path().starts_with(prefix));
        let routing = self.routes.clone().oneshot(request);
        if self_bounded {
            return always(routing.await);
        }
        match tokio::time::timeout(self.api.config.request_timeout, routing).await {
            Ok(answered) => always(answered),
            Err(_) => too_slow().into_response(),
        }
    }

    /// Logs server errors once, and tells whoever wants to know of any error.
    fn report(&self, response: &mut Response) {
        let Some(report) = response.extensions_mut().remove::<ErrorReport>() else {
            return;
        };
        if report.status.is_server_error() {
            let cause = report.cause.as_deref().unwrap_or_default();
            error!(
                status = report.status.as_u16(),
                cause, "request failed: {}", report.error
            );
        }
        if let Some(hook) = &self.api.error_hook {
            hook(&report);
        }
    }
}

/// 503 for what took longer than allowed.
pub(crate) fn too_slow() -> ApiError {
    ApiError::plain(StatusCode::SERVICE_UNAVAILABLE, "The request took too long")
}

fn always(answered: Result<Response, Infallible>) -> Response {
    match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a text"))
}
