use image::AnimationDecoder;
use image::codecs::webp::WebPDecoder;
use pombo_media::{MediaConfig, MediaReader, Wishes};

use crate::kit::{Page, Server, bare, base64, full, made_by_ffmpeg, upload};

fn mp4() -> Vec<u8> {
    made_by_ffmpeg(&["-c:v", "mpeg4", "-c:a", "aac"], "mp4")
}

#[tokio::test]
async fn a_film_is_described_and_not_changed() {
    let Some(preparer) = full().await else { return };
    let mp4 = mp4();
    let source = preparer.load(upload(mp4.clone())).await.unwrap();
    let prepared = preparer.video(source, Wishes::default()).await.unwrap();
    assert_eq!(MediaReader::all(&prepared.file).unwrap(), mp4);
    assert_eq!(prepared.mimetype, "video/mp4");
    assert_eq!(prepared.file_name.as_deref(), Some("video.mp4"));
    assert_eq!(prepared.seconds, Some(2));
    assert_eq!((prepared.width, prepared.height), (Some(320), Some(180)));
    let thumbnail = image::load_from_memory(&prepared.thumbnail.unwrap()).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (72, 41));
}

#[tokio::test]
async fn without_ffmpeg_a_film_has_all_but_a_thumbnail() {
    if full().await.is_none() {
        return;
    }
    let mp4 = mp4();
    let preparer = bare(MediaConfig::default());
    let server = Server::start(&[("/round.mp4", Page::of_type("video/mp4", mp4.clone()))]).await;
    for source in [server.source("/round.mp4"), base64(&mp4), upload(mp4)] {
        let source = preparer.load(source).await.unwrap();
        let prepared = preparer.ptv(source).await.unwrap();
        assert_eq!(prepared.mimetype, "video/mp4");
        assert_eq!(prepared.seconds, Some(2));
        assert_eq!((prepared.width, prepared.height), (Some(320), Some(180)));
        assert_eq!(prepared.thumbnail, None);
    }
}

#[tokio::test]
async fn other_containers_are_described_by_ffmpeg() {
    let Some(preparer) = full().await else { return };
    let webm = made_by_ffmpeg(&["-c:v", "libvpx", "-an"], "webm");
    let source = preparer.load(upload(webm)).await.unwrap();
    let prepared = preparer.video(source, Wishes::default()).await.unwrap();
    assert_eq!(prepared.mimetype, "video/webm");
    assert_eq!(prepared.seconds, Some(2));
    assert_eq!((prepared.width, prepared.height), (Some(320), Some(180)));
    assert!(prepared.thumbnail.is_some());
}

#[tokio::test]
async fn fragments_without_a_length_are_measured_by_ffmpeg() {
    let Some(preparer) = full().await else { return };
    let streamed = made_by_ffmpeg(
        &[
            "-c:v",
            "mpeg4",
            "-an",
            "-movflags",
            "frag_keyframe+empty_moov",
        ],
        "mp4",
    );
    let source = preparer.load(upload(streamed)).await.unwrap();
    assert_eq!(preparer.ptv(source).await.unwrap().seconds, Some(2));
}

#[tokio::test]
async fn a_film_becomes_a_sticker_that_moves() {
    let Some(preparer) = full().await else { return };
    let source = preparer.load(upload(mp4())).await.unwrap();
    let sticker = preparer.sticker(source).await.unwrap();
    assert_eq!(sticker.mimetype, "image/webp");
    assert!(sticker.is_animated);
    assert_eq!((sticker.width, sticker.height), (Some(512), Some(512)));
    assert!(
        sticker.file.len() <= 500 * 1024,
        "{} bytes",
        sticker.file.len()
    );
    let bytes = MediaReader::all(&sticker.file).unwrap();
    let frames = WebPDecoder::new(std::io::Cursor::new(bytes))
        .unwrap()
        .into_frames()
        .collect_frames()
        .unwrap();
    let milliseconds: u32 = frames
        .iter()
        .map(|frame| frame.delay().numer_denom_ms().0)
        .sum();
    assert!((1900..=2100).contains(&milliseconds), "{milliseconds}");
    assert_eq!(frames[0].buffer().get_pixel(256, 10)[3], 0);
    assert_eq!(frames[0].buffer().get_pixel(256, 256)[3], 255);
}

#[tokio::test]
async fn a_film_cannot_lead_ffmpeg_to_other_files() {
    let Some(preparer) = full().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret.mp4");
    std::fs::write(&secret, mp4()).unwrap();
    let path = secret.display();
    let playlist =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{path}\n#EXT-X-ENDLIST\n");
    for text in [playlist, format!("ffconcat version 1.0\nfile '{path}'\n")] {
        let source = preparer.load(upload(text)).await.unwrap();
        let prepared = preparer
            .video(source.clone(), Wishes::default())
            .await
            .unwrap();
        assert_eq!((prepared.seconds, prepared.thumbnail), (None, None));
        let error = preparer.voice_note(source).await.unwrap_err();
        assert!(error.to_string().starts_with("ffmpeg failed: "), "{error}");
    }
}
