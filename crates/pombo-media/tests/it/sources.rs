use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use pombo_domain::media::{MediaContent, MediaFile};
use pombo_domain::message::{Media, MediaKind, MediaSource};
use pombo_media::{MediaConfig, MediaError, MediaReader, Preparer, Wishes};
use pombo_net::OutboundPolicy;

use crate::kit::{Page, Server, bare, client, picture, upload};

fn media(kind: MediaKind, source: MediaSource) -> Media {
    Media {
        kind,
        source,
        mimetype: None,
        caption: None,
        file_name: None,
    }
}

#[tokio::test]
async fn a_url_is_fetched_unchanged_and_names_its_file() {
    let server = Server::start(&[
        (
            "/r/report%201.pdf?sig=a%2Fb&x=1",
            Page::of_type("application/pdf", "%PDF-1.7 ..."),
        ),
        (
            "/download?id=3",
            Page::new(
                200,
                &[
                    ("content-type", "application/octet-stream"),
                    (
                        "content-disposition",
                        "attachment; filename*=UTF-8''rela%C3%A7%C3%A3o.xlsx",
                    ),
                ],
                "PK",
            ),
        ),
        ("/plain/", Page::of_type("text/csv", "a;b")),
    ])
    .await;
    let preparer = bare(MediaConfig::default());

    let source = server.source("/r/report%201.pdf?sig=a%2Fb&x=1");
    let prepared = preparer
        .media(media(MediaKind::Document, source))
        .await
        .unwrap();
    assert_eq!(prepared.file_name.as_deref(), Some("report 1.pdf"));
    assert_eq!(prepared.mimetype, "application/pdf");
    assert_eq!(server.asked(), ["/r/report%201.pdf?sig=a%2Fb&x=1"]);

    let source = server.source("/download?id=3");
    let prepared = preparer
        .media(media(MediaKind::Document, source))
        .await
        .unwrap();
    assert_eq!(prepared.file_name.as_deref(), Some("relação.xlsx"));
    assert_eq!(
        prepared.mimetype,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );

    let source = server.source("/plain/");
    let prepared = preparer
        .media(media(MediaKind::Document, source))
        .await
        .unwrap();
    assert_eq!(prepared.file_name.as_deref(), Some("document.csv"));
    assert_eq!(prepared.mimetype, "text/csv");
}

#[tokio::test]
async fn a_url_without_scheme_and_a_redirect_lead_to_the_file() {
    let server = Server::start(&[
        ("/old", Page::new(302, &[("location", "/new.txt")], "")),
        ("/new.txt", Page::of_type("text/plain", "words")),
    ])
    .await;
    let url = server.url("/old").replace("http://", "");
    let preparer = bare(MediaConfig::default());
    let source = preparer.load(MediaSource::Url(url)).await.unwrap();
    assert_eq!(MediaReader::all(&source.file).unwrap(), "words");
}

#[tokio::test]
async fn what_a_url_does_not_give_is_said() {
    let server = Server::start(&[
        ("/empty", Page::of_type("text/plain", "")),
        ("/large", Page::of_type("text/plain", vec![b'x'; 5000])),
        ("/stalls", Page::stalling("half")),
        ("/broken", Page::new(500, &[], "oops")),
    ])
    .await;
    let config = MediaConfig {
        max_bytes: 4999,
        fetch_timeout: Duration::from_millis(300),
        ..MediaConfig::default()
    };
    let preparer = bare(MediaConfig {
        max_bytes: 10_000_000,
        ..config.clone()
    });
    for (path, text) in [
        ("/missing", "Request failed with status code 404"),
        ("/broken", "Request failed with status code 500"),
        ("/empty", "the file is empty"),
    ] {
        let error = preparer.load(server.source(path)).await.unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(!error.is_ours());
    }
    let error = preparer.load(server.source("/stalls")).await.unwrap_err();
    assert!(
        error.to_string().contains("did not answer within"),
        "{error}"
    );
    let error = bare(config)
        .load(server.source("/large"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the file is larger than 4999 bytes");
}

#[tokio::test]
async fn private_addresses_are_not_fetched() {
    let server = Server::start(&[("/secret", Page::of_type("text/plain", "secret"))]).await;
    let strict = client(OutboundPolicy::Public);
    let preparer = Preparer::new(MediaConfig::default(), strict, None);
    let metadata = MediaSource::Url("http://169.254.169.254/latest/meta-data/".to_owned());
    for source in [server.source("/secret"), metadata] {
        let error = preparer.load(source).await.unwrap_err();
        assert!(matches!(error, MediaError::Fetch(_)), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn base64_and_data_uris_are_files() {
    let png = picture(20, 10, ImageFormat::Png);
    let text = BASE64_STANDARD.encode(&png);
    let preparer = bare(MediaConfig::default());
    for source in [
        MediaSource::Base64(Arc::new(text.clone())),
        MediaSource::Base64(Arc::new(format!("data:image/png;base64,{text}"))),
        MediaSource::Url(format!("data:image/png;base64,{text}")),
    ] {
        let prepared = preparer
            .media(media(MediaKind::Image, source))
            .await
            .unwrap();
        assert_eq!(MediaReader::all(&prepared.file).unwrap(), png);
        assert_eq!(prepared.mimetype, "image/png");
        assert_eq!((prepared.width, prepared.height), (Some(20), Some(10)));
    }
    let error = preparer
        .load(MediaSource::Base64(Arc::new("%%%".to_owned())))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the file is not valid base64");
    let error = preparer
        .load(MediaSource::Base64(Arc::default()))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the file is empty");
}

#[tokio::test]
async fn an_upload_keeps_its_name_and_type() {
    let preparer = bare(MediaConfig::default());
    let source = MediaSource::Upload {
        file: MediaFile::in_memory("a,b"),
        mimetype: Some("text/csv".to_owned()),
        file_name: Some("C:\\fakepath\\list.dat".to_owned()),
    };
    let prepared = preparer
        .media(media(MediaKind::Document, source))
        .await
        .unwrap();
    assert_eq!(prepared.file_name.as_deref(), Some("list.dat"));
    assert_eq!(prepared.mimetype, "text/csv");

    let source = preparer.load(upload("words")).await.unwrap();
    let wishes = Wishes {
        mimetype: Some("application/x-thing".to_owned()),
        file_name: Some("my.zzz".to_owned()),
    };
    let prepared = preparer.document(source, wishes).await.unwrap();
    assert_eq!(prepared.file_name.as_deref(), Some("my.zzz"));
    assert_eq!(prepared.mimetype, "application/x-thing");
}

#[tokio::test]
async fn large_files_lie_on_disk_while_they_are_needed() {
    let directory = tempfile::tempdir().unwrap();
    let files = || directory.path().read_dir().unwrap().count();
    let server =
        Server::start(&[("/large", Page::of_type("text/plain", vec![b'x'; 300_000]))]).await;
    let preparer = bare(MediaConfig {
        memory_bytes: 1000,
        temporary_directory: Some(directory.path().to_owned()),
        ..MediaConfig::default()
    });
    let text = BASE64_STANDARD.encode(vec![b'x'; 300_000]);
    for source in [
        server.source("/large"),
        MediaSource::Base64(Arc::new(text)),
        upload(vec![b'x'; 300_000]),
    ] {
        let prepared = preparer
            .media(media(MediaKind::Document, source))
            .await
            .unwrap();
        let MediaContent::Disk(path) = prepared.file.content() else {
            panic!("it is in memory");
        };
        assert_eq!(std::fs::read(path).unwrap(), vec![b'x'; 300_000]);
        assert_eq!(files(), 1);
        let again = prepared.file.clone();
        drop(prepared);
        assert_eq!(MediaReader::all(&again).unwrap().len(), 300_000);
        drop(again);
        assert_eq!(files(), 0);
    }
}
