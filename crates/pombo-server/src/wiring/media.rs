//! What prepares files.

use std::path::Path;

use pombo_media::{MediaConfig, Preparer};
use pombo_net::OutboundClient;
use tracing::{info, warn};

use crate::config::{self, Config};

/// Makes the place for large files, and what prepares them.
///
/// That is the system's only where the data directory cannot be written to: `/tmp` is memory on many machines.
pub(super) fn media(config: &Config, outbound: OutboundClient) -> Preparer {
    let directory = config.data_dir.join("tmp");
    let prepared = config::prepare_data_dir(&directory).and_then(|()| clear(&directory));
    let directory = match prepared {
        Ok(()) => Some(directory),
        Err(error) => {
            warn!(
                "large files lie in the system's temporary directory: {} cannot be used: {error}",
                directory.display()
            );
            None
        }
    };
    let limits = MediaConfig {
        max_bytes: config.media.max_bytes,
        temporary_directory: directory,
        ..MediaConfig::default()
    };
    match &config.media.ffmpeg {
        None => Preparer::new(limits, outbound, None),
        Some(program) => Preparer::looking_for(
            program.clone(),
            config.media.ffmpeg_timeout,
            limits,
            outbound,
        ),
    }
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
