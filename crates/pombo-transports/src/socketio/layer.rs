use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineioxide::service::{EngineIoService, NotFoundService};
use futures_util::future::{BoxFuture, Either, FutureExt, MapOk, TryFutureExt};
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service};

use super::gate::{self, Handshake, Verdict};
use super::query;
use super::server::Server;

type Engine = EngineIoService<Server, NotFoundService>;

/// Puts the Socket.IO server in front of another service: requests to `/socket.io` and below never reach that one.
#[derive(Clone)]
pub struct SocketIoLayer {
    pub(super) server: Arc<Server>,
    pub(super) engine: Engine,
}

/// What [`SocketIoLayer`] makes.
#[derive(Clone)]
pub struct SocketIoService<S> {
    server: Arc<Server>,
    engine: Engine,
    inner: S,
}

impl<S> Layer<S> for SocketIoLayer {
    type Service = SocketIoService<S>;

    fn layer(&self, inner: S) -> SocketIoService<S> {
        SocketIoService {
            server: self.server.clone(),
            engine: self.engine.clone(),
            inner,
        }
    }
}

impl fmt::Debug for SocketIoLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SocketIoLayer")
    }
}

impl<S> fmt::Debug for SocketIoService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SocketIoService")
    }
}

/// Our answers are in memory; those of the inner service pass through.
type Body<R> = http_body_util::Either<Full<Bytes>, R>;
type PassOn<R> = fn(Response<R>) -> Response<Body<R>>;

impl<S, B, R> Service<Request<B>> for SocketIoService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Send + 'static,
    B: http_body::Body + fmt::Debug + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: fmt::Debug,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future =
        Either<BoxFuture<'static, Result<Self::Response, S::Error>>, MapOk<S::Future, PassOn<R>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = match self.server.judge(&request) {
            Verdict::Elsewhere => {
                let pass_on: PassOn<R> = |response| response.map(Body::Right);
                return Either::Right(self.inner.call(request).map_ok(pass_on));
            }
            Verdict::Answer(answer) => std::future::ready(answer).left_future(),
            Verdict::Pass(None) => ask_engine(&mut self.engine, request).right_future(),
            Verdict::Pass(Some(handshake)) => {
                ask_engine(&mut self.engine, lighten(request, handshake)).right_future()
            }
        };
        Either::Left(answer.map(|answer| Ok(answer.map(Body::Left))).boxed())
    }
}

fn ask_engine<B>(
    engine: &mut Engine,
    request: Request<B>,
) -> impl Future<Output = Response<Full<Bytes>>> + Send + use<B>
where
    B: http_body::Body + fmt::Debug + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: fmt::Debug,
{
    let answer = Service::call(engine, request);
    async move {
        let Ok(answer) = answer.await;
        let (head, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        if head.status == StatusCode::OK || head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Response::from_parts(head, Full::from(body));
        }
        gate::rewrite(head.status, &body)
    }
}

/// Engine.IO keeps the handshake request as long as the session lives: it keeps no more than it needs, and no key.
fn lighten<B>(mut request: Request<B>, handshake: Handshake) -> Request<B> {
    let query = request.uri().query().unwrap_or("");
    let of = |name| query::raw(query, name).unwrap_or("");
    let base64 = if query::raw(query, "b64").is_some() {
        "&b64=1"
    } else {
        ""
    };
    let needed = format!(
        "/socket.io/?EIO={}&transport={}{base64}",
        of("EIO"),
        of("transport")
    );
    *request.uri_mut() = needed
        .parse()
        .unwrap_or_else(|_| Uri::from_static("/socket.io/"));
    let mut headers = HeaderMap::new();
    if let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) {
        headers.insert(header::SEC_WEBSOCKET_KEY, key.clone());
    }
    *request.headers_mut() = headers;
    request.extensions_mut().insert(handshake);
    request
}
