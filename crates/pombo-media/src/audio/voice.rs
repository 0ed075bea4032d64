use std::io::{BufWriter, Write};
use std::time::Duration;

use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead, RateControl};
use pombo_domain::media::{MediaFile, WAVEFORM_LENGTH};

use super::decode::Decoder;
use super::kind::SoundKind;
use super::resample::To48k;
use super::waveform::Waveform;
use crate::error::MediaError;
use crate::spool::{Limits, Scratch};

/// The rate of voice notes.
const RATE: u32 = 48_000;

/// 20 ms.
const FRAME: usize = 960;

/// More than speech needs, so that music is bearable too.
const BITS_PER_SECOND: i32 = 48_000;

/// What measuring decodes Opus to: enough to see how loud it is, and quick.
const MEASURING_RATE: u32 = 8_000;

/// Nobody listens to a longer one, and a small file can be years of silence.
const LONGEST_SECONDS: u64 = 6 * 3600;

/// Sound that is ready to be sent as a voice note.
#[derive(Debug)]
pub(crate) struct VoiceNote {
    pub(crate) file: MediaFile,
    pub(crate) duration: Duration,
    pub(crate) waveform: [u8; WAVEFORM_LENGTH],
}

/// Whether WhatsApp's clients play it as a voice note as it is: Opus in Ogg, one channel.
pub(crate) fn is_voice_note(file: &MediaFile, kind: SoundKind) -> bool {
    kind == SoundKind::Opus
        && Decoder::open(file, kind, MEASURING_RATE).is_ok_and(|sound| sound.channels() == 1)
}

/// Measures sound that stays as it is. May block for long: for the workers only.
pub(crate) fn describe(
    file: &MediaFile,
    kind: SoundKind,
) -> Result<(Duration, [u8; WAVEFORM_LENGTH]), MediaError> {
    let mut decoder = Decoder::open(file, kind, MEASURING_RATE)?;
    let mut waveform = Waveform::new(decoder.rate());
    let mut mono = Vec::new();
    let mut samples = 0;
    while next(&mut decoder, &mut mono, samples)? {
        waveform.push(&mono);
        samples += mono.len() as u64;
        mono.clear();
    }
    let duration = length(samples, decoder.rate())?;
    Ok((duration, waveform.finish()))
}

/// Makes a voice note. May block for long: for the workers only.
pub(crate) fn encode(
    file: &MediaFile,
    kind: SoundKind,
    limits: Limits,
) -> Result<VoiceNote, MediaError> {
    let mut decoder = Decoder::open(file, kind, RATE)?;
    let mut resampler = match decoder.rate() {
        RATE => None,
        rate => Some(To48k::new(rate)?),
    };
    let mut waveform = Waveform::new(decoder.rate());
    let mut scratch = Scratch::new(limits, "ogg")?;
    let mut writer = Writer::new(BufWriter::new(scratch.file()))?;
    let mut mono = Vec::new();
    let mut resampled = Vec::new();
    let mut samples = 0;
    while next(&mut decoder, &mut mono, samples)? {
        waveform.push(&mono);
        samples += mono.len() as u64;
        match &mut resampler {
            None => writer.push(&mono)?,
            Some(resampler) => {
                resampler.push(&mono, &mut resampled)?;
                writer.push(&resampled)?;
                resampled.clear();
            }
        }
        mono.clear();
    }
    if let Some(resampler) = resampler {
        resampler.finish(&mut resampled)?;
        writer.push(&resampled)?;
    }
    writer.finish()?;
    let duration = length(samples, decoder.rate())?;
    Ok(VoiceNote {
        file: scratch.finish()?,
        duration,
        waveform: waveform.finish(),
    })
}

/// What breaks off in the middle is played as far as it goes.
fn next(decoder: &mut Decoder, mono: &mut Vec<f32>, before: u64) -> Result<bool, MediaError> {
    if before > LONGEST_SECONDS * u64::from(decoder.rate()) {
        return Err(MediaError::TooLong {
            hours: LONGEST_SECONDS / 3600,
        });
    }
    match decoder.next(mono) {
        Err(MediaError::Audio(_)) if before > 0 => Ok(false),
        result => result,
    }
}

fn length(samples: u64, rate: u32) -> Result<Duration, MediaError> {
    if samples == 0 {
        return Err(MediaError::Audio("there is none".to_owned()));
    }
    Ok(Duration::from_secs_f64(samples as f64 / f64::from(rate)))
}

/// Encodes sound as it comes, and ends it where it ended. Source: RFC 7845, sections 4.4 and 4.5.
struct Writer<W: Write> {
    encoder: OpusEncoder,
    file: OggOpusWriter<W>,
    waiting: Vec<f32>,
    packet: Vec<u8>,
    pre_skip: u64,
    received: u64,
}

impl<W: Write> Writer<W> {
    fn new(sink: W) -> Result<Self, MediaError> {
        let mut encoder =
            OpusEncoder::new(RATE as i32, 1, Application::Audio).map_err(MediaError::audio)?;
        encoder.bitrate_bps = BITS_PER_SECOND;
        encoder.rate_control = RateControl::Vbr;
        let head = OpusHead::for_encoder(&encoder, RATE);
        let pre_skip = u64::from(head.pre_skip);
        Ok(Self {
            encoder,
            file: OggOpusWriter::new(sink, head).map_err(MediaError::audio)?,
            waiting: Vec::new(),
            packet: vec![0; MAX_PACKET_BYTES],
            pre_skip,
            received: 0,
        })
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), MediaError> {
        self.received += samples.len() as u64;
        self.waiting.extend(
            samples
                .iter()
                .map(|sample| if sample.is_finite() { *sample } else { 0.0 }),
        );
        // The last frame waits: it must say where the sound ends.
        let frames = self.waiting.len().saturating_sub(1) / FRAME;
        for index in 0..frames {
            let length = self.encode(index * FRAME)?;
            self.file
                .write_packet(&self.packet[..length])
                .map_err(MediaError::audio)?;
        }
        self.waiting.drain(..frames * FRAME);
        Ok(())
    }

    fn finish(mut self) -> Result<(), MediaError> {
        let end = self.pre_skip + self.received;
        let written = self.file.granule().max(0) as u64;
        let frames = end.saturating_sub(written).div_ceil(FRAME as u64).max(1) as usize;
        self.waiting.resize(frames * FRAME, 0.0);
        for index in 0..frames {
            let length = self.encode(index * FRAME)?;
            let packet = &self.packet[..length];
            if index + 1 < frames {
                self.file.write_packet(packet)
            } else {
                let written = self.file.granule().max(0) as u64;
                // Less than a frame.
                let rest = end.saturating_sub(written) as u32;
                self.file.write_packet_with_duration(packet, rest)
            }
            .map_err(MediaError::audio)?;
        }
        self.file
            .finish()
            .map_err(MediaError::audio)?
            .flush()
            .map_err(MediaError::from)
    }

    fn encode(&mut self, start: usize) -> Result<usize, MediaError> {
        let frame = &self.waiting[start..start + FRAME];
        self.encoder
            .encode(frame, FRAME, &mut self.packet)
            .map_err(MediaError::audio)
    }
}
