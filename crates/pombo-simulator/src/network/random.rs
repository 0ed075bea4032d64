//! Seeded randomness: the same seed makes the same keys and ids in the same order.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use wacore_libsignal::protocol::KeyPair;

/// The network's source of randomness.
#[derive(Debug)]
pub(crate) struct Random(StdRng);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A generator of its own, for work outside the lock.
    pub(crate) fn fork(&mut self) -> StdRng {
        StdRng::seed_from_u64(self.0.random())
    }

    /// For functions that take a generator.
    pub(crate) fn generator(&mut self) -> &mut StdRng {
        &mut self.0
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// From 0 up to, but without, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end.max(1))
    }

    pub(crate) fn key_pair(&mut self) -> KeyPair {
        KeyPair::generate(&mut self.0)
    }

    /// Upper-case hexadecimal digits, as message ids are made of.
    pub(crate) fn hex<const N: usize>(&mut self) -> String {
        self.bytes::<N>()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_keys() {
        let (mut one, mut two) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(
            one.key_pair().public_key.serialize(),
            two.key_pair().public_key.serialize()
        );
        assert_eq!(one.hex::<8>(), two.hex::<8>());
        assert_ne!(one.hex::<8>(), one.hex::<8>());
    }
}
