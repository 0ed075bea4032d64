//! How fast small deliveries go. Run it in release mode:
//! `cargo nextest run -p pombo-net --release --run-ignored only --no-capture`

use std::time::Instant;

use pombo_net::OutboundPolicy::Private;
use pombo_net::{Bytes, HeaderMap, HeaderValue};

use crate::local_server::{Answer, LocalServer, client};

const WORKERS: usize = 32;
const POSTS_PER_WORKER: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn small_posts_to_this_machine() {
    let server = LocalServer::start(|_| Answer::ok("ok")).await;
    let client = client(Private);
    let url = server.url("/hook");
    let body = Bytes::from(vec![b'x'; 1024]);
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let (client, url, body) = (client.clone(), url.clone(), body.clone());
        workers.spawn(async move {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            for _ in 0..POSTS_PER_WORKER {
                client
                    .post(&url, headers.clone(), body.clone(), None)
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(finished) = workers.join_next().await {
        finished.unwrap();
    }
    let posts = WORKERS * POSTS_PER_WORKER;
    let rate = posts as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} posts/s, {} connections", server.connections());
    assert!(rate > 3_000.0);
    assert!(server.connections() <= WORKERS * 2);
}
