use std::time::{Duration, Instant};

use image::ImageFormat;
use pombo_media::{MediaConfig, Preparer};
use pombo_net::OutboundPolicy;

use crate::kit::{Page, Server, bare, client, picture};

const ARTICLE: &str = r#"<html><head><title>Plain</title>
    <meta property="og:title" content="An  article
      about &quot;doves&quot;"><meta name="description" content="They fly.">
    <meta property="og:image" content="/dove.png"></head><body>text</body></html>"#;

#[tokio::test]
async fn a_link_is_described_with_its_picture() {
    let server = Server::start(&[
        (
            "/short",
            Page::new(301, &[("location", "/article?id=1")], ""),
        ),
        ("/article?id=1", Page::html(ARTICLE)),
        (
            "/dove.png",
            Page::of_type("image/png", picture(400, 200, ImageFormat::Png)),
        ),
    ])
    .await;
    let preparer = bare(MediaConfig::default());
    let link = server.url("/short");
    let preview = preparer
        .link_preview(&format!("look: {link} !"))
        .await
        .unwrap();
    assert_eq!(preview.matched_text, link);
    assert_eq!(preview.canonical_url, link);
    assert_eq!(preview.title, "An article about \"doves\"");
    assert_eq!(preview.description.as_deref(), Some("They fly."));
    let thumbnail = preview.thumbnail.unwrap();
    assert!(thumbnail.starts_with(&[0xff, 0xd8]));
    let thumbnail = image::load_from_memory(&thumbnail).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (192, 96));
}

#[tokio::test]
async fn a_page_says_where_it_is_but_not_that_it_is_somebody_else() {
    let own = |href: &str| {
        Page::html(&format!(
            "<title>T</title><link rel=canonical href='{href}'>"
        ))
    };
    let server = Server::start(&[("/a?utm=1", own("/a")), ("/b", own("https://bank.test/"))]).await;
    let preparer = bare(MediaConfig::default());
    let preview = preparer
        .link_preview(&server.url("/a?utm=1"))
        .await
        .unwrap();
    assert_eq!(preview.canonical_url, server.url("/a"));
    let preview = preparer.link_preview(&server.url("/b")).await.unwrap();
    assert_eq!(preview.canonical_url, server.url("/b"));
}

#[tokio::test]
async fn without_a_page_there_is_no_preview() {
    let server = Server::start(&[
        (
            "/broken",
            Page::new(
                500,
                &[("content-type", "text/html")],
                "<title>Error</title>",
            ),
        ),
        (
            "/file",
            Page::of_type("application/pdf", "<title>x</title>"),
        ),
        ("/untitled", Page::html("<p>text</p>")),
    ])
    .await;
    let preparer = bare(MediaConfig::default());
    for path in ["/missing", "/broken", "/file", "/untitled"] {
        assert_eq!(
            preparer.link_preview(&server.url(path)).await,
            None,
            "{path}"
        );
    }
    for text in ["no link here", "http://no-such-host.invalid/"] {
        assert_eq!(preparer.link_preview(text).await, None, "{text}");
    }
}

#[tokio::test]
async fn a_bad_picture_is_left_out() {
    let server = Server::start(&[
        (
            "/a",
            Page::html("<title>T</title><meta property=og:image content=/bad>"),
        ),
        (
            "/b",
            Page::html("<title>T</title><meta property=og:image content=/missing>"),
        ),
        (
            "/c",
            Page::html("<title>T</title><meta property=og:image content=/stalls>"),
        ),
        ("/bad", Page::of_type("image/png", "no picture")),
        ("/stalls", Page::stalling("")),
    ])
    .await;
    let preparer = bare(MediaConfig {
        preview_timeout: Duration::from_millis(700),
        ..MediaConfig::default()
    });
    for path in ["/a", "/b", "/c"] {
        let preview = preparer.link_preview(&server.url(path)).await.unwrap();
        assert_eq!(
            (preview.title.as_str(), preview.thumbnail),
            ("T", None),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_endless_page_is_read_only_so_far_and_so_long() {
    let long = format!(
        "<title>T</title>{}<meta name=description content=late>",
        "x".repeat(5000)
    );
    let server = Server::start(&[
        ("/long", Page::html(&long)),
        ("/stalls", Page::stalling("<title>T</title>")),
        ("/silent", Page::silent()),
    ])
    .await;
    let preparer = bare(MediaConfig {
        preview_timeout: Duration::from_millis(300),
        preview_page_bytes: 5000,
        ..MediaConfig::default()
    });
    let preview = preparer.link_preview(&server.url("/long")).await.unwrap();
    assert_eq!(preview.description, None);

    let started = Instant::now();
    let preview = preparer.link_preview(&server.url("/stalls")).await;
    assert_eq!(preview.unwrap().title, "T");
    assert_eq!(preparer.link_preview(&server.url("/silent")).await, None);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn private_pages_and_pictures_are_not_fetched() {
    let server = Server::start(&[("/a", Page::html("<title>secret</title>"))]).await;
    let strict = client(OutboundPolicy::Public);
    let preparer = Preparer::new(MediaConfig::default(), strict, None);
    assert_eq!(preparer.link_preview(&server.url("/a")).await, None);
    assert!(server.asked().is_empty());
}
