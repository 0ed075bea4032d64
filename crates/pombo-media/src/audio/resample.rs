use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use crate::error::MediaError;

/// How many samples go in at once.
const CHUNK: usize = 2048;

/// Makes 48 kHz of any rate, piece by piece.
pub(super) struct To48k {
    fft: Fft<f32>,
    waiting: Vec<f32>,
    output: Vec<f32>,
    ratio: f64,
    /// Output that is only the filter's delay.
    skip: usize,
    received: u64,
    given: u64,
}

impl To48k {
    pub(super) fn new(rate: u32) -> Result<Self, MediaError> {
        let fft = Fft::new(rate as usize, 48_000, CHUNK, 1, FixedSync::Input)
            .map_err(MediaError::audio)?;
        Ok(Self {
            skip: fft.output_delay(),
            output: vec![0.0; fft.output_frames_max()],
            ratio: 48_000.0 / f64::from(rate),
            fft,
            waiting: Vec::new(),
            received: 0,
            given: 0,
        })
    }

    /// Takes samples, and appends what is ready to `resampled`.
    pub(super) fn push(
        &mut self,
        samples: &[f32],
        resampled: &mut Vec<f32>,
    ) -> Result<(), MediaError> {
        self.received += samples.len() as u64;
        self.waiting.extend_from_slice(samples);
        let mut used = 0;
        while self.waiting.len() - used >= self.fft.input_frames_next() {
            let wanted = self.fft.input_frames_next();
            let chunk = used..used + wanted;
            used += wanted;
            let written = process(&mut self.fft, &self.waiting[chunk], None, &mut self.output)?;
            self.give(written, resampled);
        }
        self.waiting.drain(..used);
        Ok(())
    }

    /// What is still inside, so that as much has come out as went in.
    pub(super) fn finish(mut self, resampled: &mut Vec<f32>) -> Result<(), MediaError> {
        let expected = (self.received as f64 * self.ratio).round() as u64;
        let mut rest = std::mem::take(&mut self.waiting);
        while self.given < expected {
            let partial = rest.len();
            rest.resize(self.fft.input_frames_next(), 0.0);
            let written = process(&mut self.fft, &rest, Some(partial), &mut self.output)?;
            let before = self.given;
            self.give(written, resampled);
            if self.given > expected {
                let surplus = (self.given - expected) as usize;
                resampled.truncate(resampled.len().saturating_sub(surplus));
                break;
            }
            if written == 0 && before == self.given {
                break;
            }
            rest.clear();
        }
        Ok(())
    }

    fn give(&mut self, written: usize, resampled: &mut Vec<f32>) {
        let skipped = self.skip.min(written);
        self.skip -= skipped;
        resampled.extend_from_slice(&self.output[skipped..written]);
        self.given += (written - skipped) as u64;
    }
}

fn process(
    fft: &mut Fft<f32>,
    input: &[f32],
    partial: Option<usize>,
    output: &mut [f32],
) -> Result<usize, MediaError> {
    let frames = output.len();
    let from = InterleavedSlice::new(input, 1, input.len()).map_err(MediaError::audio)?;
    let mut to = InterleavedSlice::new_mut(output, 1, frames).map_err(MediaError::audio)?;
    let indexing = partial.map(|frames| Indexing::new().partial_len(frames));
    let (_, written) = fft
        .process_into_buffer(&from, &mut to, indexing.as_ref())
        .map_err(MediaError::audio)?;
    Ok(written)
}
