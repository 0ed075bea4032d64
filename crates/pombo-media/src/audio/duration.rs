use std::time::Duration;

use hound::WavReader;
use nanomp3::Reader as Mp3Reader;
use opus_pure::{OggOpusReader, OggPacket};
use pombo_domain::media::MediaFile;

use super::kind::SoundKind;
use crate::error::MediaError;
use crate::mp4;
use crate::reader::MediaReader;

/// How long it is by its headers; nothing is decoded. `None` when they do not say, or nobody here understands them.
pub(crate) fn duration(file: &MediaFile, kind: SoundKind) -> Result<Option<Duration>, MediaError> {
    let reader = MediaReader::open(file)?;
    Ok(match kind {
        SoundKind::Wav => WavReader::new(reader)
            .ok()
            .and_then(|wav| of_samples(u64::from(wav.duration()), wav.spec().sample_rate)),
        SoundKind::Mp3 => Mp3Reader::<_, f32>::new(reader)
            .ok()
            .and_then(|mp3| of_samples(mp3.total_samples()?, mp3.sample_rate())),
        SoundKind::Opus => opus(reader),
        SoundKind::Mp4 => mp4::facts(file)?.and_then(|facts| facts.duration),
        SoundKind::Other => None,
    })
}

/// The last page says how many samples came before its end.
fn opus(reader: MediaReader) -> Option<Duration> {
    let mut reader = OggOpusReader::new(reader).ok()?;
    let pre_skip = u64::from(reader.head().pre_skip);
    let mut packet = OggPacket::default();
    let mut granule = 0;
    while let Ok(true) = reader.read_packet_into(&mut packet) {
        granule = granule.max(packet.page_granule);
    }
    let samples = u64::try_from(granule).ok()?.saturating_sub(pre_skip);
    of_samples(samples, 48_000)
}

fn of_samples(samples: u64, rate: u32) -> Option<Duration> {
    if samples == 0 || rate == 0 {
        return None;
    }
    Duration::try_from_secs_f64(samples as f64 / f64::from(rate)).ok()
}
