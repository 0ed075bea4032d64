//! What happens around every route.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Version};
use pombo_api::CorsPolicy;
use pombo_store::{Backend, Synchronous};
use serde_json::json;

use crate::kit::{Api, KEY};

#[tokio::test]
async fn the_first_page_says_who_answers() {
    let api = Api::start().await;
    let answer = api.call(Method::GET, "/", None, None).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, body["version"].as_str()),
        (200, Some("2.3.6"))
    );
    assert_eq!(body["clientName"], "evolution");
    assert!(body["pombo"].is_string() && body.get("manager").is_none());
    let head = api.call(Method::HEAD, "/", None, None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), answer.text.len().to_string());
}

#[tokio::test]
async fn paths_in_any_case_and_with_a_slash() {
    let api = Api::start().await;
    api.create("Alice é/1").await;
    for path in [
        "/instance/connectionState/Alice%20%C3%A9%2F1",
        "/INSTANCE/connectionstate/Alice%20%c3%a9%2f1/",
        "/Instance/CONNECTIONSTATE/Alice%20%C3%A9%2F1?x=1",
    ] {
        assert_eq!(
            api.get(path).await.json()["instance"]["instanceName"],
            "Alice é/1",
            "{path}"
        );
    }
    assert_eq!(
        api.get("/instance/connectionState/alice%20%C3%A9%2F1")
            .await
            .status,
        404
    );
    assert_eq!(api.get("/Health/Live/").await.status, 200);
}

#[tokio::test]
async fn unknown_routes_are_named_as_they_were_sent() {
    let api = Api::start().await;
    for (method, path) in [
        (Method::GET, "/nope/x"),
        (Method::POST, "/nope?x=1"),
        (Method::PATCH, "/instance/create"),
        (Method::GET, "/instance/create"),
        (Method::GET, "/INSTANCE/create/?Q=1"),
        (Method::GET, "/instance/connectionState"),
        (Method::GET, "/alice"),
    ] {
        let answer = api.call(method.clone(), path, Some(KEY), None).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.message(), json!([format!("Cannot {method} {path}")]));
    }
}

#[tokio::test]
async fn malformed_percent_encoding_is_a_400() {
    let api = Api::start().await;
    for segment in ["%E0%A4%A", "%zz", "%FF"] {
        let answer = api
            .get(&format!("/instance/connectionState/{segment}"))
            .await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.json(),
            json!({"status": 400, "error": "Bad Request",
                   "response": {"message": format!("Failed to decode param '{segment}'")}})
        );
    }
}

#[tokio::test]
async fn request_ids_come_back() {
    let api = Api::start().await;
    let request = Request::get("/")
        .header("x-request-id", "my-id.1")
        .body("".into())
        .unwrap();
    assert_eq!(api.send(request).await.header("x-request-id"), "my-id.1");
    let request = Request::get("/nope")
        .header("x-request-id", "not sane")
        .body("".into())
        .unwrap();
    let made = api.send(request).await.header("x-request-id").to_owned();
    assert!(made.len() > 8 && made != "not sane", "{made}");
}

#[tokio::test]
async fn cors_is_on_every_answer() {
    let listed = CorsPolicy::listed(|origin| origin == "https://a.test").credentials(true);
    let api = Api::with(|state| state.config.cors = listed).await;
    for path in [
        "/",
        "/nope",
        "/instance/connectionState/x",
        "/instance/connectionState/%zz",
    ] {
        let request = Request::get(path)
            .header("origin", "https://a.test")
            .body("".into())
            .unwrap();
        let answer = api.send(request).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://a.test",
            "{path}"
        );
        let request = Request::get(path)
            .header("origin", "https://b.test")
            .body("".into())
            .unwrap();
        assert!(
            api.send(request)
                .await
                .headers
                .get("access-control-allow-origin")
                .is_none(),
            "{path}"
        );
        // The original answers 500 to a request without an origin.
        assert_ne!(api.get(path).await.status, 500);
    }
    let preflight = Request::options("/instance/create")
        .header("origin", "https://a.test")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "apikey,content-type");
    let answer = api.send(preflight.body("".into()).unwrap()).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "apikey,content-type"
    );
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "POST,GET,PUT,DELETE"
    );
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_can() {
    let api = Api::start().await;
    for name in ["a", "bb", "ccc"] {
        api.create(name).await;
    }
    let ask = async |version, path: &str| {
        let request = Request::get(path)
            .version(version)
            .header("apikey", KEY)
            .header("accept-encoding", "gzip");
        let response = tower::ServiceExt::oneshot(
            api.router.clone(),
            request.body(axum::body::Body::empty()).unwrap(),
        )
        .await
        .unwrap();
        response
            .headers()
            .get("content-encoding")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        ask(Version::HTTP_11, "/instance/fetchInstances")
            .await
            .as_deref(),
        Some("gzip")
    );
    assert_eq!(
        ask(Version::HTTP_10, "/instance/fetchInstances").await,
        None
    );
    assert_eq!(ask(Version::HTTP_11, "/").await, None);
}

#[tokio::test]
async fn health_is_open_to_all() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::Sqlite {
        path: folder.path().join("pombo.db"),
        synchronous: Synchronous::Normal,
    };
    let api = Api::over(backend, |_| {}).await;
    api.create("alice").await;
    assert_eq!(
        api.call(Method::GET, "/health/live", None, None)
            .await
            .status,
        200
    );
    assert_eq!(
        api.call(Method::GET, "/health/ready", None, None)
            .await
            .status,
        200
    );
    api.gateway.store().close().await;
    assert_eq!(
        api.call(Method::GET, "/health/live", None, None)
            .await
            .status,
        200
    );
    let answer = api.call(Method::GET, "/health/ready", None, None).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json(),
        json!({"status": 503, "error": "Service Unavailable",
               "response": {"message": ["The database is not available right now"]}})
    );
    // What is in memory goes on; what needs the database says so.
    assert_eq!(api.get("/instance/connectionState/alice").await.status, 200);
    let reading = api.post("/chat/findMessages/alice", json!({})).await;
    let writing = api
        .post("/websocket/set/alice", json!({"enabled": true}))
        .await;
    let sending = api
        .post(
            "/message/sendText/alice",
            json!({"number": "1", "text": "x"}),
        )
        .await;
    let creating = api
        .post("/instance/create", json!({"instanceName": "bob"}))
        .await;
    for refused in [reading, writing, sending, creating] {
        assert_eq!(refused.text, answer.text);
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_nothing_more() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&reports);
    let api = Api::with(|state| {
        state.error_hook = Some(Arc::new(move |report| {
            kept.lock()
                .unwrap()
                .push((report.status, report.message.clone()))
        }));
        state.metrics = Some(Arc::new(|| panic!("secret of the metrics")));
    })
    .await;
    let answer = api.get("/metrics").await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.text,
        r#"{"status":500,"error":"Internal Server Error","response":{"message":"Internal Server Error"}}"#
    );
    assert_eq!(api.get("/").await.status, 200);
    api.get("/nope").await;
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(
        (reports[1].0.as_u16(), &reports[1].1),
        (404, &json!(["Cannot GET /nope"]))
    );
}

#[tokio::test]
async fn slow_bodies_do_not_hold_a_request_forever() {
    let api = Api::with(|state| state.config.request_timeout = Duration::from_millis(50)).await;
    api.create("alice").await;
    let never = axum::body::Body::from_stream(futures_util::stream::pending::<
        Result<bytes::Bytes, std::io::Error>,
    >());
    let request = Request::post("/chat/findChats/alice")
        .header("apikey", KEY)
        .header("content-type", "application/json");
    let answer = api.send(request.body(never).unwrap()).await;
    assert!(matches!(answer.status, 408 | 503), "{}", answer.status);
    // A `delay` that the user asked for is not slowness.
    let body = json!({"number": "5511", "text": "x", "delay": 200});
    assert_eq!(api.post("/message/sendText/alice", body).await.status, 201);
}
