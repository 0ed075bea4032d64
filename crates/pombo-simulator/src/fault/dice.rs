//! Dice that fall the same way for the same seed, rule, device and count.

/// One throw: a start from which any number of values is drawn.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The throw number `count` of `rule` for the device `account:device`.
    pub(super) fn new(seed: u64, rule: u64, account: &str, device: u16, count: u64) -> Self {
        // FNV-1a over everything that may make a difference; the mixing is the generator's.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let words = [seed, rule, u64::from(device), count];
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        for byte in bytes.chain(account.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }

    /// The next value: SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Whether an event of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        // 53 bits: what a float holds. 1.0 always, 0.0 never.
        let drawn = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }

    /// 0 to `end`, both included.
    pub(super) fn up_to(&mut self, end: u64) -> u64 {
        match end.checked_add(1) {
            Some(values) => self.next() % values,
            None => self.next(),
        }
    }

    /// Random bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes())
            .flatten()
            .take(count)
            .collect()
    }
}
