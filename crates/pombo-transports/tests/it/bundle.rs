//! The browser client.

use crate::support::World;
use crate::support::http::{get, send};

#[tokio::test]
async fn the_bundle_is_served_or_its_absence_explained() {
    let world = World::start().await;
    for file in ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"] {
        let path = format!("/socket.io/{file}");
        let answer = get(world.address, &path).await;
        if answer.status == 404 {
            assert!(
                answer.json()["response"]["message"][0]
                    .as_str()
                    .unwrap()
                    .contains("npm"),
                "{answer:?}"
            );
            continue;
        }
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.headers["content-type"],
            "application/javascript; charset=utf-8"
        );
        let etag = answer.headers["etag"].clone();
        let again = send(world.address, "GET", &path, &[("if-none-match", &etag)], "").await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        let weak = send(
            world.address,
            "GET",
            &path,
            &[("if-none-match", &format!("\"x\", W/{etag}"))],
            "",
        )
        .await;
        assert_eq!(weak.status, 304);
    }
}
