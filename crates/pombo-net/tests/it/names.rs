//! Names that resolve to places we must not reach.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use pombo_net::OutboundPolicy::{Private, Public};
use pombo_net::{HeaderMap, HostResolver, OutboundClient, OutboundError, OutboundPolicy};

use crate::local_server::{Answer, LocalServer, config};

/// Answers from a list, one entry per question; the last entry is repeated.
#[derive(Default)]
struct ScriptedResolver {
    answers: HashMap<&'static str, Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
    names: Mutex<Vec<String>>,
}

impl ScriptedResolver {
    fn new(host: &'static str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |text: &&str| text.parse().unwrap();
        let answers = answers
            .iter()
            .map(|answer| answer.iter().map(parse).collect())
            .collect();
        Arc::new(Self {
            answers: HashMap::from([(host, answers)]),
            ..Self::default()
        })
    }

    fn questions(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl HostResolver for ScriptedResolver {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        self.names.lock().unwrap().push(host.to_owned());
        Box::pin(async move {
            let Some(answers) = self.answers.get(host) else {
                return Err(io::Error::other("no such host"));
            };
            Ok(answers[turn.min(answers.len() - 1)].clone())
        })
    }
}

fn client(policy: OutboundPolicy, resolver: &Arc<ScriptedResolver>) -> OutboundClient {
    OutboundClient::with_resolver(
        config(policy),
        Arc::clone(resolver) as Arc<dyn HostResolver>,
    )
    .unwrap()
}

fn url(server: &LocalServer) -> String {
    format!("http://evil.test:{}/", server.port())
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused() {
    let server = LocalServer::start(|_| Answer::ok("inside")).await;
    let resolver = ScriptedResolver::new("evil.test", &[&["127.0.0.1"]]);

    let error = client(Public, &resolver)
        .get(&url(&server), HeaderMap::new(), None)
        .await
        .unwrap_err();

    assert!(
        matches!(error, OutboundError::Refused { address, .. } if address == IpAddr::from([127, 0, 0, 1])),
        "{error:?}"
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_mapped_answer_of_the_name_server_is_refused() {
    let resolver = ScriptedResolver::new(
        "evil.test",
        &[&["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]],
    );
    let error = client(Private, &resolver)
        .get("http://evil.test/", HeaderMap::new(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn of_a_mixture_only_the_allowed_address_is_connected_to() {
    let server = LocalServer::start(|_| Answer::ok("allowed")).await;
    let mixture: &[&str] = &[
        "169.254.169.254",
        "0.0.0.0",
        "127.0.0.1",
        "::ffff:169.254.169.254",
    ];
    let resolver = ScriptedResolver::new("evil.test", &[mixture]);

    let response = client(Private, &resolver)
        .get(&url(&server), HeaderMap::new(), None)
        .await
        .unwrap();

    assert_eq!(response.body, "allowed");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn each_connection_asks_once_and_uses_that_answer() {
    let server = LocalServer::start(|_| Answer::ok("first").then_close()).await;
    // A rebinding name: the first answer would pass a check, the second is where it wants us to go.
    let resolver = ScriptedResolver::new("evil.test", &[&["127.0.0.1"], &["169.254.169.254"]]);
    let client = client(Private, &resolver);

    let response = client
        .get(&url(&server), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(
        (response.body.as_ref(), resolver.questions()),
        (b"first".as_ref(), 1)
    );

    // The server closes after each answer, so this is a new connection with a new question.
    let error = client
        .get(&url(&server), HeaderMap::new(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error:?}");
    assert_eq!((server.connections(), resolver.questions()), (1, 2));
}

#[tokio::test]
async fn a_kept_connection_stays_with_the_address_that_was_checked() {
    let server = LocalServer::start(|_| Answer::ok("same")).await;
    let resolver = ScriptedResolver::new("evil.test", &[&["127.0.0.1"], &["169.254.169.254"]]);
    let client = client(Private, &resolver);

    for _ in 0..5 {
        let response = client
            .get(&url(&server), HeaderMap::new(), None)
            .await
            .unwrap();
        assert_eq!(response.body, "same");
    }

    assert_eq!((server.connections(), resolver.questions()), (1, 1));
}

#[tokio::test]
async fn a_redirect_to_a_name_that_leads_inside_is_refused() {
    let server =
        LocalServer::start(|_| Answer::redirect(307, "http://evil.test/latest/meta-data/")).await;
    let resolver = ScriptedResolver::new("evil.test", &[&["169.254.169.254"]]);
    let error = client(Private, &resolver)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error:?}");
    assert_eq!(*resolver.names.lock().unwrap(), ["evil.test"]);
}

#[tokio::test]
async fn an_unknown_name_is_a_dns_error() {
    let resolver = ScriptedResolver::new("known.test", &[&[]]);
    let client = client(Private, &resolver);
    for (host, cause) in [
        ("unknown.test", "no such host"),
        ("known.test", "it has no addresses"),
    ] {
        let url = format!("http://user:word@{host}/path?token=1");
        let error = client.get(&url, HeaderMap::new(), None).await.unwrap_err();
        assert!(matches!(error, OutboundError::Dns { .. }), "{error:?}");
        assert!(error.is_retryable());
        assert_eq!(
            error.to_string(),
            format!("host `{host}` cannot be resolved: {cause}")
        );
    }
}

#[tokio::test]
async fn userinfo_does_not_change_the_host() {
    let server = LocalServer::start(|_| Answer::ok("right")).await;
    let resolver = ScriptedResolver::new("right.test", &[&["127.0.0.1"]]);
    let port = server.port();
    for url in [
        format!("http://wrong.test@right.test:{port}/"),
        format!("http://wrong.test%40@right.test:{port}/"),
        format!("http://right.test:{port}\\@wrong.test/"),
        format!("http://right.test:{port}/@wrong.test"),
        format!("http://right.test:{port}?@wrong.test"),
        format!("http://right.test:{port}#@wrong.test"),
    ] {
        let response = client(Private, &resolver)
            .get(&url, HeaderMap::new(), None)
            .await;
        assert_eq!(response.unwrap().body, "right", "{url}");
    }
    assert!(
        resolver
            .names
            .lock()
            .unwrap()
            .iter()
            .all(|name| name == "right.test")
    );
}
