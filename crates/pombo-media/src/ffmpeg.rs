//! ffmpeg, where it is installed: what no library here can do is asked of it, as a program of its own.
//!
//! It is never needed to start, its time is bounded, no shell is between us and it, and it can neither open addresses nor
//! read other files than the one that it was given: formats that refer to others (playlists) are not on its list.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::error::MediaError;

/// Containers that hold their content themselves.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpeg,mpegts,mp3,aac,ac3,amr,amrnb,amrwb,flac,ogg,wav,\
    w64,aiff,caf,gif,apng,webp_pipe,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,heif,avif";

/// How long ffmpeg may take to say its version.
const GREETING: Duration = Duration::from_secs(10);

/// The longest last line that an error carries, in characters.
const LAST_LINE: usize = 300;

/// An ffmpeg that has answered.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    program: PathBuf,
    version: String,
    limit: Duration,
}

/// An ffmpeg that is looked for once, when it is first needed or somebody asks for it.
///
/// To ask a program for its version takes longer than to start a server.
#[derive(Debug)]
pub(crate) struct Search {
    program: Option<(PathBuf, Duration)>,
    found: OnceCell<Option<Ffmpeg>>,
}

impl Search {
    /// For what is known already.
    pub(crate) fn ended(found: Option<Ffmpeg>) -> Self {
        Self {
            program: None,
            found: OnceCell::new_with(Some(found)),
        }
    }

    pub(crate) fn of(program: PathBuf, limit: Duration) -> Self {
        Self {
            program: Some((program, limit)),
            found: OnceCell::new(),
        }
    }

    /// What was found; those who ask meanwhile wait for it.
    pub(crate) async fn result(&self) -> Option<&Ffmpeg> {
        let search = async {
            let (program, limit) = self.program.as_ref()?;
            Ffmpeg::find(program, *limit).await
        };
        self.found.get_or_init(|| search).await.as_ref()
    }
}

impl Ffmpeg {
    /// Asks `program` for its version; a name without a folder is searched where the system searches programs. `None` when
    /// it is not there or does not answer like ffmpeg. `limit` bounds each later call.
    pub async fn find(program: &Path, limit: Duration) -> Option<Self> {
        let mut command = Command::new(program);
        command.arg("-version");
        let output = output(command, GREETING).await.ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .lines()
            .next()?
            .strip_prefix("ffmpeg version ")?
            .split_whitespace()
            .next()?
            .to_owned();
        Some(Self {
            program: program.to_owned(),
            version,
            limit,
        })
    }

    /// Its own word, such as `7.1.2`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Reads `input`, does what `arguments` say, and writes `result`.
    pub(crate) async fn convert<'a>(
        &self,
        input: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
        result: &Path,
    ) -> Result<(), MediaError> {
        let mut command = self.reading(input);
        command.args(arguments);
        // The formats may be muxers that are told by the extension; the path is ours and begins with a folder.
        command.arg("-y").arg(result);
        let output = output(command, self.limit).await?;
        if output.status.success() {
            return Ok(());
        }
        Err(MediaError::Ffmpeg(last_line(&output.stderr)))
    }

    /// How long `input` is, as far as ffmpeg can tell.
    pub(crate) async fn duration(&self, input: &Path) -> Result<Option<Duration>, MediaError> {
        let mut command = self.reading(input);
        command.args([
            "-map",
            "0",
            "-c",
            "copy",
            "-f",
            "null",
            "-loglevel",
            "info",
            "-",
        ]);
        let output = output(command, self.limit).await?;
        Ok(read_duration(&String::from_utf8_lossy(&output.stderr)))
    }

    fn reading(&self, input: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"]);
        command.args(["-protocol_whitelist", "file", "-format_whitelist", FORMATS]);
        // Without a scheme of its own a path might be taken for an address.
        let mut url = OsStr::new("file:").to_owned();
        url.push(input);
        command.arg("-i").arg(url);
        command
    }
}

/// Runs to the end or for `limit`, then it is killed.
async fn output(mut command: Command, limit: Duration) -> Result<Output, MediaError> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = timeout(limit, async {
        tokio::join!(some_of(stdout), some_of(stderr), child.wait())
    })
    .await
    .map_err(|_| MediaError::FfmpegTimeout(limit))?;
    Ok(Output {
        status: status?,
        stdout: stdout?,
        stderr: stderr?,
    })
}

/// The beginning and the end of what is said; a damaged film makes ffmpeg talk without end.
async fn some_of(said: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    const KEPT: usize = 16 * 1024;
    let mut kept = Vec::new();
    let Some(mut said) = said else {
        return Ok(kept);
    };
    while said.read_buf(&mut kept).await? > 0 {
        if kept.len() > 4 * KEPT {
            kept.drain(KEPT..kept.len() - KEPT);
        }
    }
    Ok(kept)
}

fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("it did not say why");
    line.chars().take(LAST_LINE).collect()
}

/// From a line such as `  Duration: 00:00:02.04, start: 0.000000, bitrate: 130 kb/s`.
fn read_duration(report: &str) -> Option<Duration> {
    let (_, rest) = report.split_once("Duration: ")?;
    let mut parts = rest.split(',').next()?.trim().splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let whole = Duration::from_secs(
        hours
            .checked_mul(3600)?
            .checked_add(minutes.checked_mul(60)?)?,
    );
    Some(whole + Duration::try_from_secs_f64(seconds).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let report = "Input #0\n  Duration: 01:02:03.50, start: 0.0, bitrate: 1 kb/s\n";
        assert_eq!(
            read_duration(report),
            Some(Duration::from_millis(3_723_500))
        );
        assert_eq!(read_duration("  Duration: N/A, bitrate: N/A"), None);
        assert_eq!(read_duration("nothing"), None);
    }

    #[test]
    fn the_last_line_that_says_something_is_shown() {
        assert_eq!(last_line(b"first\nlast one\n\n"), "last one");
        assert_eq!(last_line(b""), "it did not say why");
        assert_eq!(last_line(&[b'x'; 1000]).len(), LAST_LINE);
    }

    #[tokio::test]
    async fn what_is_not_ffmpeg_is_not_found() {
        let limit = Duration::from_secs(1);
        assert!(
            Ffmpeg::find(Path::new("no-such-program"), limit)
                .await
                .is_none()
        );
        assert!(Ffmpeg::find(Path::new("true"), limit).await.is_none());
    }

    #[tokio::test]
    async fn of_a_long_speech_beginning_and_end_are_kept() {
        let mut speech = b"first\n".repeat(100_000);
        speech.extend_from_slice(b"last\n");
        let kept = some_of(Some(speech.as_slice())).await.unwrap();
        assert!(kept.len() < 100_000);
        assert!(kept.starts_with(b"first"));
        assert_eq!(last_line(&kept), "last");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("600");
        let limit = Duration::from_millis(50);
        let error = output(command, limit).await.unwrap_err();
        assert!(matches!(error, MediaError::FfmpegTimeout(_)));
    }
}
