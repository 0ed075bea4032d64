use hound::{SampleFormat, WavReader};
use nanomp3::Reader as Mp3Reader;
use opus_pure::{OggOpusReader, OggPacket, OpusDecoder, Trim};
use pombo_domain::media::MediaFile;

use super::kind::SoundKind;
use crate::error::MediaError;
use crate::reader::MediaReader;

/// How many samples of each channel are asked for at once.
const BLOCK: usize = 4096;

/// The longest packet of Opus, 120 ms, at 48 kHz.
const LONGEST_PACKET: usize = 5760;

/// Sound as numbers from -1 to 1, all channels mixed into one.
pub(super) struct Decoder {
    source: Source,
    rate: u32,
    channels: usize,
    interleaved: Vec<f32>,
}

enum Source {
    Wav(WavReader<MediaReader>),
    Mp3(Box<Mp3Reader<MediaReader>>),
    Opus(Box<Opus>),
}

struct Opus {
    reader: OggOpusReader<MediaReader>,
    decoder: OpusDecoder,
    trim: Trim,
    packet: OggPacket,
    pcm: Vec<f32>,
}

impl Decoder {
    /// `opus_rate` is what Opus is decoded to, which it can do at many rates; the others have their own.
    pub(super) fn open(
        file: &MediaFile,
        kind: SoundKind,
        opus_rate: u32,
    ) -> Result<Self, MediaError> {
        let reader = MediaReader::open(file)?;
        let (source, rate, channels) = match kind {
            SoundKind::Wav => {
                let wav = WavReader::new(reader).map_err(MediaError::audio)?;
                let spec = wav.spec();
                let channels = usize::from(spec.channels);
                (Source::Wav(wav), spec.sample_rate, channels)
            }
            SoundKind::Mp3 => {
                let mp3 = Mp3Reader::new(reader).map_err(MediaError::audio)?;
                let channels = mp3
                    .channels()
                    .ok_or_else(|| MediaError::Audio("there is none".to_owned()))?;
                let channels = match channels {
                    nanomp3::Channels::Mono => 1,
                    nanomp3::Channels::Stereo => 2,
                };
                let rate = mp3.sample_rate();
                (Source::Mp3(Box::new(mp3)), rate, channels)
            }
            SoundKind::Opus => {
                let opus = Opus::open(reader, opus_rate)?;
                let channels = opus.decoder.channels();
                (Source::Opus(Box::new(opus)), opus_rate, channels)
            }
            SoundKind::Mp4 | SoundKind::Other => {
                return Err(MediaError::Audio("its format is not known".to_owned()));
            }
        };
        if channels == 0 || !(4_000..=384_000).contains(&rate) {
            return Err(MediaError::Audio(format!(
                "{channels} channels of {rate} Hz are not possible"
            )));
        }
        Ok(Self {
            source,
            rate,
            channels,
            interleaved: Vec::new(),
        })
    }

    /// Samples per second.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// How many channels there were before they were mixed.
    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Appends the next samples to `mono`; `false` at the end. What is damaged ends the sound, unless it is the beginning.
    pub(super) fn next(&mut self, mono: &mut Vec<f32>) -> Result<bool, MediaError> {
        self.interleaved.clear();
        match &mut self.source {
            Source::Wav(wav) => read_wav(wav, &mut self.interleaved, BLOCK * self.channels)?,
            Source::Mp3(mp3) => {
                let frame = mp3.read_frame().map_err(MediaError::audio)?;
                self.interleaved
                    .extend_from_slice(frame.unwrap_or_default());
            }
            Source::Opus(opus) => {
                // A packet may be cut away whole, at the start and at the end.
                while self.interleaved.is_empty() {
                    if !opus.next(&mut self.interleaved)? {
                        return Ok(false);
                    }
                }
            }
        }
        if self.interleaved.is_empty() {
            return Ok(false);
        }
        let share = 1.0 / self.channels as f32;
        mono.extend(
            self.interleaved
                .chunks_exact(self.channels)
                .map(|frame| frame.iter().sum::<f32>() * share),
        );
        Ok(true)
    }
}

impl Opus {
    fn open(reader: MediaReader, rate: u32) -> Result<Self, MediaError> {
        let reader = OggOpusReader::new(reader).map_err(MediaError::audio)?;
        let rate = rate as i32;
        let decoder = reader.head().decoder(rate).map_err(MediaError::audio)?;
        let trim = Trim::new(reader.head(), rate, decoder.channels()).map_err(MediaError::audio)?;
        let pcm = vec![0.0; LONGEST_PACKET * decoder.channels()];
        Ok(Self {
            reader,
            decoder,
            trim,
            packet: OggPacket::default(),
            pcm,
        })
    }

    fn next(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, MediaError> {
        let more = self.reader.read_packet_into(&mut self.packet);
        if !more.map_err(MediaError::audio)? {
            return Ok(false);
        }
        let samples = self
            .decoder
            .decode(&self.packet.data, LONGEST_PACKET, &mut self.pcm)
            .map_err(MediaError::audio)?;
        let decoded = self
            .pcm
            .get(..samples * self.decoder.channels())
            .unwrap_or_default();
        interleaved.extend_from_slice(self.trim.keep(&self.packet, decoded));
        Ok(true)
    }
}

fn read_wav(
    wav: &mut WavReader<MediaReader>,
    interleaved: &mut Vec<f32>,
    count: usize,
) -> Result<(), MediaError> {
    let spec = wav.spec();
    match spec.sample_format {
        SampleFormat::Float => {
            for sample in wav.samples::<f32>().take(count) {
                interleaved.push(sample.map_err(MediaError::audio)?);
            }
        }
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            for sample in wav.samples::<i32>().take(count) {
                interleaved.push(sample.map_err(MediaError::audio)? as f32 * scale);
            }
        }
    }
    Ok(())
}
