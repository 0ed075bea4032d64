use pombo_domain::media::WAVEFORM_LENGTH;

/// How many blocks are measured for each second.
const BLOCKS_PER_SECOND: u32 = 100;

/// Measures loudness while sound passes by.
pub(super) struct Waveform {
    block: usize,
    sum: f32,
    count: usize,
    loudness: Vec<f32>,
}

impl Waveform {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            block: (rate / BLOCKS_PER_SECOND).max(1) as usize,
            sum: 0.0,
            count: 0,
            loudness: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            // Damaged files hold numbers that are none.
            if sample.is_finite() {
                self.sum += sample.abs();
            }
            self.count += 1;
            if self.count == self.block {
                self.close_block();
            }
        }
    }

    /// The loudest part is 100, silence 0.
    pub(super) fn finish(mut self) -> [u8; WAVEFORM_LENGTH] {
        if self.count > 0 {
            self.close_block();
        }
        let mut columns = [0.0; WAVEFORM_LENGTH];
        let blocks = self.loudness.len();
        if blocks == 0 {
            return [0; WAVEFORM_LENGTH];
        }
        for (index, column) in columns.iter_mut().enumerate() {
            let start = index * blocks / WAVEFORM_LENGTH;
            let end = ((index + 1) * blocks / WAVEFORM_LENGTH).max(start + 1);
            let part = &self.loudness[start..end.min(blocks)];
            *column = part.iter().sum::<f32>() / part.len().max(1) as f32;
        }
        let loudest = columns.iter().copied().fold(0.0, f32::max);
        // So quiet that a difference could not be heard.
        if loudest < 1e-5 {
            return [0; WAVEFORM_LENGTH];
        }
        columns.map(|column| (column / loudest * 100.0).round() as u8)
    }

    fn close_block(&mut self) {
        self.loudness.push(self.sum / self.count as f32);
        self.sum = 0.0;
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waveform(samples: &[f32]) -> [u8; WAVEFORM_LENGTH] {
        let mut waveform = Waveform::new(8000);
        for part in samples.chunks(333) {
            waveform.push(part);
        }
        waveform.finish()
    }

    #[test]
    fn it_follows_the_loudness() {
        let mut samples = vec![0.0; 8000];
        samples.extend(std::iter::repeat_n([0.2, -0.2], 4000).flatten());
        samples.extend(std::iter::repeat_n([0.4, -0.4], 4000).flatten());
        let waveform = waveform(&samples);
        assert!(
            waveform[..21].iter().all(|value| *value == 0),
            "{waveform:?}"
        );
        assert!(
            waveform[22..42]
                .iter()
                .all(|value| (49..=51).contains(value)),
            "{waveform:?}"
        );
        assert!(
            waveform[43..].iter().all(|value| *value == 100),
            "{waveform:?}"
        );
    }

    #[test]
    fn silence_and_nothing_are_flat() {
        assert_eq!(waveform(&[0.0; 9000]), [0; WAVEFORM_LENGTH]);
        assert_eq!(waveform(&[]), [0; WAVEFORM_LENGTH]);
        assert_eq!(waveform(&[f32::NAN; 500]), [0; WAVEFORM_LENGTH]);
    }

    #[test]
    fn a_short_sound_fills_all_columns() {
        assert_eq!(waveform(&[0.5; 100]), [100; WAVEFORM_LENGTH]);
    }
}
