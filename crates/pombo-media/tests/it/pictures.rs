use image::ImageFormat;
use pombo_media::{MediaConfig, MediaReader, Wishes};

use crate::kit::{bare, full, made_by_ffmpeg, picture, upload};

#[tokio::test]
async fn pictures_keep_their_format() {
    let preparer = bare(MediaConfig::default());
    for (format, mimetype, name) in [
        (ImageFormat::Png, "image/png", "image.png"),
        (ImageFormat::Jpeg, "image/jpeg", "image.jpg"),
        (ImageFormat::WebP, "image/webp", "image.webp"),
    ] {
        let bytes = picture(144, 100, format);
        let source = preparer.load(upload(bytes.clone())).await.unwrap();
        let prepared = preparer.image(source, Wishes::default()).await.unwrap();
        assert_eq!(MediaReader::all(&prepared.file).unwrap(), bytes);
        assert_eq!(prepared.mimetype, mimetype);
        assert_eq!(prepared.file_name.as_deref(), Some(name));
        let thumbnail = image::load_from_memory(&prepared.thumbnail.unwrap()).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (72, 50));
    }
}

#[tokio::test]
async fn a_bitmap_becomes_a_jpeg_with_the_same_name() {
    let preparer = bare(MediaConfig::default());
    let source = preparer
        .load(upload(picture(30, 20, ImageFormat::Bmp)))
        .await
        .unwrap();
    let wishes = Wishes {
        mimetype: None,
        file_name: Some("scan.bmp".to_owned()),
    };
    let prepared = preparer.image(source, wishes).await.unwrap();
    assert_eq!(prepared.mimetype, "image/jpeg");
    assert_eq!(prepared.file_name.as_deref(), Some("scan.jpg"));
    let bytes = MediaReader::all(&prepared.file).unwrap();
    assert!(image::guess_format(&bytes).unwrap() == ImageFormat::Jpeg);
}

#[tokio::test]
async fn limits_and_damage_are_said() {
    let preparer = bare(MediaConfig {
        max_pixels: 1000,
        ..MediaConfig::default()
    });
    let source = preparer
        .load(upload(picture(100, 11, ImageFormat::Png)))
        .await
        .unwrap();
    let error = preparer.image(source, Wishes::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the picture has 100 x 11 pixels, more than 1000 are not accepted"
    );
    let source = preparer.load(upload("just words")).await.unwrap();
    let error = preparer.image(source, Wishes::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the picture cannot be read: its format is not known"
    );
}

#[tokio::test]
async fn profile_pictures_come_from_any_source() {
    let preparer = bare(MediaConfig::default());
    let picture = preparer
        .profile_picture(upload(picture(1000, 800, ImageFormat::Png)))
        .await
        .unwrap();
    let image = image::load_from_memory(&picture.image).unwrap();
    assert_eq!((image.width(), image.height()), (640, 640));
}

#[tokio::test]
async fn foreign_pictures_are_read_by_ffmpeg() {
    let Some(preparer) = full().await else { return };
    let tiff = made_by_ffmpeg(&["-frames:v", "1"], "tiff");
    let source = preparer.load(upload(tiff.clone())).await.unwrap();
    let prepared = preparer.image(source, Wishes::default()).await.unwrap();
    assert_eq!(prepared.mimetype, "image/jpeg");
    assert_eq!(prepared.file_name.as_deref(), Some("image.jpg"));
    assert_eq!((prepared.width, prepared.height), (Some(320), Some(180)));

    let source = preparer.load(upload(tiff)).await.unwrap();
    let sticker = preparer.sticker(source).await.unwrap();
    assert_eq!((sticker.width, sticker.is_animated), (Some(512), false));
}
