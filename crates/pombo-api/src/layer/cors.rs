//! CORS, the same for REST, Socket.IO and WebSocket handshakes.
//!
//! A request without `Origin` is never refused, and a page whose origin is not listed gets an ordinary answer without the
//! header that would let it read it. Answers to errors carry the headers too, or browsers would hide the reason.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use tower::{Layer, Service};

/// Which pages of other origins may call, and how. Source: `CORS_*`.
#[derive(Clone)]
pub struct CorsPolicy {
    origins: Origins,
    methods: HeaderValue,
    credentials: bool,
}

#[derive(Clone)]
enum Origins {
    Any,
    Listed(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl CorsPolicy {
    /// Every origin, the original's methods, no credentials.
    #[must_use]
    pub fn any() -> Self {
        Self {
            origins: Origins::Any,
            methods: HeaderValue::from_static("POST,GET,PUT,DELETE"),
            credentials: false,
        }
    }

    /// Only origins that `allows` accepts; it is given the `Origin` header as the browser wrote it.
    #[must_use]
    pub fn listed(allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            origins: Origins::Listed(Arc::new(allows)),
            ..Self::any()
        }
    }

    /// With this list in `Access-Control-Allow-Methods`.
    #[must_use]
    pub fn methods(mut self, methods: &[Method]) -> Self {
        let list = methods
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(",");
        if let Ok(value) = HeaderValue::from_str(&list) {
            self.methods = value;
        }
        self
    }

    /// Whether browsers may send credentials along.
    #[must_use]
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.credentials = allowed;
        self
    }

    /// Whether a page of this origin may call. No origin is fine: not every client is a browser.
    #[must_use]
    pub fn allows(&self, origin: Option<&HeaderValue>) -> bool {
        match (&self.origins, origin) {
            (Origins::Any, _) | (Origins::Listed(_), None) => true,
            (Origins::Listed(allows), Some(origin)) => {
                origin.to_str().is_ok_and(|origin| allows(origin))
            }
        }
    }

    fn write(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        match (&self.origins, origin) {
            (Origins::Any, _) if !self.credentials => {
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_ORIGIN,
                    HeaderValue::from_static("*"),
                );
            }
            (Origins::Any | Origins::Listed(_), origin) => {
                vary(headers, &header::ORIGIN);
                if let Some(origin) = origin.filter(|origin| self.allows(Some(origin))) {
                    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                }
            }
        }
        if self.credentials && headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }

    fn write_preflight(&self, request: &HeaderMap, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        vary(headers, &header::ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(wanted) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

impl fmt::Debug for CorsPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CorsPolicy")
            .field("any", &matches!(self.origins, Origins::Any))
            .field("methods", &self.methods)
            .field("credentials", &self.credentials)
            .finish()
    }
}

/// Adds a header's name to `Vary`, once.
fn vary(headers: &mut HeaderMap, name: &HeaderName) {
    let present = headers
        .get_all(header::VARY)
        .iter()
        .filter_map(|value| value.to_str().ok());
    if !present
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().eq_ignore_ascii_case(name.as_str()))
    {
        headers.append(header::VARY, HeaderValue::from_name(name.clone()));
    }
}

/// Puts the policy around any HTTP service. Doing it twice changes nothing.
#[derive(Debug, Clone)]
pub struct CorsLayer(Arc<CorsPolicy>);

impl CorsLayer {
    /// The layer for a policy.
    #[must_use]
    pub fn new(policy: CorsPolicy) -> Self {
        Self(Arc::new(policy))
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        Cors {
            policy: Arc::clone(&self.0),
            inner,
        }
    }
}

/// A service with CORS around it.
#[derive(Debug, Clone)]
pub struct Cors<S> {
    policy: Arc<CorsPolicy>,
    inner: S,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for Cors<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Future: Send + 'static,
    ResponseBody: Default + Send + 'static,
    S::Error: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let policy = Arc::clone(&self.policy);
        let origin = request.headers().get(header::ORIGIN).cloned();
        // Compatible: the original answers every OPTIONS request this way, a browser's preflight or not.
        if request.method() == Method::OPTIONS {
            let mut response = Response::new(ResponseBody::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            policy.write(origin.as_ref(), response.headers_mut());
            policy.write_preflight(request.headers(), response.headers_mut());
            return Box::pin(async move { Ok(response) });
        }
        let answering = self.inner.call(request);
        Box::pin(async move {
            let mut response = answering.await?;
            policy.write(origin.as_ref(), response.headers_mut());
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::ServiceExt;

    use super::*;

    async fn answer(
        policy: CorsPolicy,
        method: Method,
        headers: &[(&str, &str)],
    ) -> Response<String> {
        let service = tower::service_fn(|_: Request<()>| async {
            let response = Response::builder()
                .status(404)
                .header(header::VARY, "Accept-Encoding")
                .body("no".to_owned());
            Ok::<_, Infallible>(response.unwrap())
        });
        let mut request = Request::builder().method(method).uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Twice, as it happens when both the server and the router put it on.
        let layer = CorsLayer::new(policy);
        layer
            .layer(layer.layer(service))
            .oneshot(request.body(()).unwrap())
            .await
            .unwrap()
    }

    fn header<'a>(response: &'a Response<String>, name: &str) -> Option<&'a str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    fn varies(response: &Response<String>) -> Vec<&str> {
        response
            .headers()
            .get_all("vary")
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    const A: (&str, &str) = ("origin", "https://a.test");

    #[tokio::test]
    async fn a_star_without_credentials_stays_a_star() {
        let response = answer(CorsPolicy::any(), Method::GET, &[A]).await;
        assert_eq!(response.status(), 404);
        assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
        assert_eq!(header(&response, "access-control-allow-credentials"), None);
    }

    #[tokio::test]
    async fn a_star_with_credentials_mirrors_the_origin() {
        let response = answer(CorsPolicy::any().credentials(true), Method::GET, &[A]).await;
        assert_eq!(
            header(&response, "access-control-allow-origin"),
            Some("https://a.test")
        );
        assert_eq!(
            header(&response, "access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(varies(&response), ["Accept-Encoding", "origin"]);
    }

    #[tokio::test]
    async fn a_list_mirrors_only_what_it_names() {
        let policy = || CorsPolicy::listed(|origin| origin == "https://a.test").credentials(true);
        let response = answer(policy(), Method::GET, &[A]).await;
        assert_eq!(
            header(&response, "access-control-allow-origin"),
            Some("https://a.test")
        );
        let response = answer(policy(), Method::GET, &[("origin", "https://b.test")]).await;
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (404, "no")
        );
        assert_eq!(header(&response, "access-control-allow-origin"), None);
        assert_eq!(header(&response, "access-control-allow-credentials"), None);
        assert_eq!(varies(&response), ["Accept-Encoding", "origin"]);
        let response = answer(policy(), Method::GET, &[]).await;
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (404, "no")
        );
    }

    #[tokio::test]
    async fn preflights_are_answered_at_once() {
        let policy = CorsPolicy::any()
            .credentials(true)
            .methods(&[Method::GET, Method::DELETE]);
        let wanted = ("access-control-request-headers", "apikey,content-type");
        let response = answer(policy, Method::OPTIONS, &[A, wanted]).await;
        assert_eq!(response.status(), 204);
        assert_eq!(
            header(&response, "access-control-allow-methods"),
            Some("GET,DELETE")
        );
        assert_eq!(
            header(&response, "access-control-allow-headers"),
            Some("apikey,content-type")
        );
        assert_eq!(
            header(&response, "access-control-allow-origin"),
            Some("https://a.test")
        );
        let bare = answer(CorsPolicy::any(), Method::OPTIONS, &[]).await;
        assert_eq!(bare.status(), 204);
    }
}
