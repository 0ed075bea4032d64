//! What prepares files.

use std::path::Path;

use anyhow::Context;
use pombo_media::{MediaConfig, Preparer};
use pombo_net::OutboundClient;
use tracing::info;

use crate::config::{self, Config};

/// Makes the place for large files, and what prepares them.
///
/// That is not the system's: `/tmp` is memory on many machines.
pub(super) fn media(config: &Config, outbound: OutboundClient) -> anyhow::Result<Preparer> {
    let directory = config.data_dir.join("tmp");
    config::prepare_data_dir(&directory)
        .and_then(|()| clear(&directory))
        .with_context(|| format!("cannot use {}", directory.display()))?;
    let limits = MediaConfig {
        max_bytes: config.media.max_bytes,
        temporary_directory: Some(directory),
        ..MediaConfig::default()
    };
    Ok(match &config.media.ffmpeg {
        None => Preparer::new(limits, outbound, None),
        Some(program) => Preparer::looking_for(
            program.clone(),
            config.media.ffmpeg_timeout,
            limits,
            outbound,
        ),
    })
}

/// Looks for ffmpeg while the server starts, which is quicker than it.
pub(super) async fn find_ffmpeg(preparer: Preparer) {
    match preparer.ffmpeg().await {
        Some(ffmpeg) => info!("ffmpeg {} helps with files", ffmpeg.version()),
        None => info!("no ffmpeg: some files are refused (docs/media.md)"),
    }
}

/// Removes what a server that was killed has left.
fn clear(directory: &Path) -> std::io::Result<()> {
    for entry in directory.read_dir()? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with("pombo-");
        if is_ours && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leftovers_are_removed() {
        let directory = std::env::temp_dir().join(format!("pombo-media-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("pombo-folder")).unwrap();
        for name in ["pombo-old.ogg", "other"] {
            std::fs::write(directory.join(name), "x").unwrap();
        }
        clear(&directory).unwrap();
        let mut left: Vec<_> = directory
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["other", "pombo-folder"]);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
