//! A page of another origin in a real Chromium: who may connect, and what a page that may not can see.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use pombo_tests::server::KEY;
use pombo_tests::{Server, client, parts};
use serde_json::{Value, json};

use crate::support::{Driver, NUMBER, skip, with_socket};

/// Serves the page; its port.
async fn serve_page() -> u16 {
    let html =
        std::fs::read_to_string(parts::conformance().join("page.html")).expect("the page is there");
    let router = Router::new().route("/", get(move || async { Html(html) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn chromium() -> Option<PathBuf> {
    let found = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ]
    .into_iter()
    .map(Path::new)
    .find(|path| path.exists());
    if found.is_none() {
        skip("chromium");
    }
    found.map(Path::to_owned)
}

/// One page that tries everything against one server.
struct Attempts<'a> {
    server: &'a Server,
    page: String,
    token: String,
    name: &'static str,
    all: Vec<Value>,
}

impl Attempts<'_> {
    fn socketio(&mut self, name: &str, options: Value) {
        let name = format!("{}: {name}", self.name);
        let post = json!({"url": format!("{}/webhook/evolution", self.server.url()), "body": client::incoming(NUMBER, &name, "hello")});
        self.all.push(json!({"page": self.page, "name": name, "kind": "socketio", "server": self.server.url(), "namespace": "/acme",
                             "options": options, "post": post}));
    }

    fn rest(&mut self, name: &str, more: Value) {
        let mut attempt = json!({"page": self.page, "name": format!("{}: {name}", self.name), "kind": "rest", "server": self.server.url()});
        crate::support::driver::merge(&mut attempt, more);
        self.all.push(attempt);
    }

    /// The table of what clients rely on, one row after the other.
    fn everything(&mut self) {
        let query = json!({"apikey": self.token});
        for credentials in [false, true] {
            for transport in ["polling", "websocket"] {
                let options = json!({"transports": [transport], "withCredentials": credentials, "query": query});
                self.socketio(&format!("{transport}, credentials {credentials}"), options);
            }
            let with = if credentials { "include" } else { "omit" };
            let headers = json!({"apikey": KEY, "content-type": "application/json"});
            self.rest(&format!("rest, credentials {credentials}"), json!({"path": "/instance/fetchInstances", "headers": headers, "credentials": with}));
        }
        self.socketio(
            "default transports, key in auth",
            json!({"auth": {"apikey": self.token}}),
        );
        self.rest(
            "rest error",
            json!({"path": "/instance/connectionState/nobody", "headers": {"apikey": KEY}}),
        );
        let websocket = format!("ws://{}/ws/acme", self.server.address);
        self.all.push(json!({"page": self.page, "name": format!("{}: native", self.name), "kind": "websocket", "url": websocket,
                             "protocols": [format!("apikey.{}", self.token)]}));
    }
}

async fn attempts<'a>(server: &'a Server, page: &str, name: &'static str) -> Attempts<'a> {
    let existing = server
        .client()
        .get("/instance/fetchInstances?instanceName=acme")
        .await;
    let token = if existing.status == 200 {
        existing.json()[0]["token"]
            .as_str()
            .expect("the global key sees tokens")
            .to_owned()
    } else {
        server.client().create("acme", NUMBER, with_socket()).await
    };
    Attempts {
        server,
        page: page.to_owned(),
        token,
        name,
        all: Vec::new(),
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_connect_and_pages_of_others_see_nothing() {
    let Some(executable) = chromium() else { return };
    let port = serve_page().await;
    // Two origins with one page: the one is listed, the other is not.
    let (listed, other) = (
        format!("http://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
    );
    let star = Server::start(&[("CORS_ORIGIN", "*")]).await;
    let plain = Server::start(&[("CORS_ORIGIN", "*"), ("CORS_CREDENTIALS", "false")]).await;
    let list = Server::start(&[(
        "CORS_ORIGIN",
        &format!("https://manager.example.test, {listed}/"),
    )])
    .await;

    let mut all = Vec::new();
    for (server, page, name) in [
        (&star, &other, "star"),
        (&list, &listed, "listed"),
        (&list, &other, "unlisted"),
        (&plain, &other, "plain"),
    ] {
        let mut attempts = attempts(server, page, name).await;
        attempts.everything();
        all.append(&mut attempts.all);
    }
    let count = all.len();
    let Some(mut driver) = Driver::node(
        "browser.mjs",
        &json!({"executable": executable, "attempts": all}),
    ) else {
        return;
    };
    for _ in 0..count {
        let result = driver.kind("result").await;
        let name = result["name"].as_str().expect("a name").to_owned();
        let (case, what) = name.split_once(": ").expect("case and what");
        let credentials = what.ends_with("credentials true");
        let uses_cors =
            what.starts_with("polling") || what.starts_with("rest") || what.starts_with("default");
        let allowed = match case {
            "unlisted" => false,
            // Without credentials allowed, pages that send them are not let in by the browser.
            "plain" => !(credentials && uses_cors),
            _ => true,
        };
        if !allowed {
            let blocked = result["blocked"]
                .as_str()
                .is_some_and(|text| text != "nothing arrived");
            assert!(blocked, "{name} must be refused at once: {result}");
            assert!(
                result.get("body").is_none()
                    && result.get("id").is_none()
                    && result.get("first").is_none(),
                "{name} saw data: {result}"
            );
        } else if what == "rest error" {
            assert_eq!(
                result["status"], 404,
                "{name}: the reason of an error must be readable: {result}"
            );
        } else if what.starts_with("rest") {
            assert_eq!(result["status"], 200, "{name}: {result}");
            assert!(
                result["body"]
                    .as_str()
                    .is_some_and(|body| body.contains("\"acme\"")),
                "{name}: {result}"
            );
        } else if what == "native" {
            assert!(
                result["first"]
                    .as_str()
                    .is_some_and(|first| first.contains("\"ready\"")),
                "{name}: {result}"
            );
            assert!(
                result["protocol"]
                    .as_str()
                    .is_some_and(|protocol| protocol.starts_with("apikey.")),
                "{name}: {result}"
            );
        } else {
            assert_eq!(result["id"], name, "{name} must get its event: {result}");
        }
    }
    driver.kind("done").await;
}

#[tokio::test]
async fn a_page_shows_what_arrives() {
    let Some(executable) = chromium() else { return };
    let page = format!("http://localhost:{}", serve_page().await);
    let server = Server::start(&[]).await;
    let token = server.client().create("acme", NUMBER, with_socket()).await;
    let folder = tempfile::tempdir().expect("a temporary directory can be made");
    // Keep the picture with POMBO_SCREENSHOT=/somewhere/page.png, to look at it.
    let file = std::env::var_os("POMBO_SCREENSHOT")
        .map_or_else(|| folder.path().join("page.png"), PathBuf::from);
    let post = |id: &str, text: &str| json!({"url": format!("{}/webhook/evolution", server.url()), "body": client::incoming(NUMBER, id, text)});
    let posts = [
        post("1", "Good morning!"),
        post("2", "Is the shop open today?"),
    ];
    let screenshot = json!({"page": format!("{page}/?server={}&key={token}&instance=acme", server.url()), "posts": posts,
                            "until": "Is the shop open today?", "file": file});
    let Some(mut driver) = Driver::node(
        "browser.mjs",
        &json!({"executable": executable, "screenshot": screenshot}),
    ) else {
        return;
    };
    driver.kind("screenshot").await;
    let picture = std::fs::read(&file).expect("it was written");
    assert!(
        picture.starts_with(b"\x89PNG") && picture.len() > 5_000,
        "{} bytes",
        picture.len()
    );
}
