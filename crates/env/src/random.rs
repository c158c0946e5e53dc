//! Randomness: the machine's, or a seeded sequence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random numbers. Clones share one sequence; cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct Random {
    state: Arc<AtomicU64>,
    /// Whether what must not be guessed or repeated comes from the machine's own source.
    os: bool,
}

/// The increment of SplitMix64 (Steele, Lea, Flood 2014): odd, so the state walks through all
/// 2^64 values, and a plain atomic addition advances it.
const SPLITMIX_INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// Fast numbers from a sequence that starts at an unpredictable place, and
    /// [`fill`](Self::fill) and [`uuid`](Self::uuid) from the machine's own source.
    #[must_use]
    pub fn os() -> Self {
        let mut seed = [0; 8];
        fill_from_os(&mut seed);
        Self { state: Arc::new(AtomicU64::new(u64::from_ne_bytes(seed))), os: true }
    }

    /// A sequence that is a function of `seed` alone.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { state: Arc::new(AtomicU64::new(seed)), os: false }
    }

    /// An independent sequence that continues from this one: what one part of a simulation draws
    /// does not shift what the others see.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(AtomicU64::new(self.u64())), os: self.os }
    }

    /// A uniformly distributed number. Not for secrets.
    #[must_use]
    pub fn u64(&self) -> u64 {
        let before = self.state.fetch_add(SPLITMIX_INCREMENT, Ordering::Relaxed);
        let mut z = before.wrapping_add(SPLITMIX_INCREMENT);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 for a bound of 0. Not for secrets.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        // The high half of a 128-bit product: the bias is below bound ÷ 2^64.
        ((u128::from(self.u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with a chance of `numerator` in `denominator`.
    #[must_use]
    pub fn chance(&self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// Fills `buf` with random bytes: fit for secrets on the machine's own environment, part of
    /// the seeded sequence in a simulation.
    pub fn fill(&self, buf: &mut [u8]) {
        if self.os {
            fill_from_os(buf);
            return;
        }
        for chunk in buf.chunks_mut(8) {
            chunk.copy_from_slice(&self.u64().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Sixteen random bytes with the version and variant bits of a random (version 4) UUID.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes
    }
}

fn fill_from_os(buf: &mut [u8]) {
    let mut filled = 0;
    while filled < buf.len() {
        match rustix::rand::getrandom(&mut buf[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(got) => filled += got,
            Err(rustix::io::Errno::INTR) => {}
            // Every supported kernel has the call; without randomness ids would collide.
            Err(error) => panic!("the system has no source of randomness: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_gives_one_sequence() {
        let (a, b) = (Random::seeded(7), Random::seeded(7));
        let drawn: Vec<u64> = (0..4).map(|_| a.u64()).collect();
        assert_eq!(drawn, (0..4).map(|_| b.u64()).collect::<Vec<_>>());
        // Published first outputs of SplitMix64 for seed 1234567.
        let known = Random::seeded(1_234_567);
        assert_eq!(known.u64(), 6_457_827_717_110_365_317);
        assert_eq!(known.u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn bounds_hold() {
        let random = Random::os();
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
        let mut seen = [false; 10];
        for _ in 0..1_000 {
            seen[random.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
    }

    #[test]
    fn uuids_are_version_four_and_differ() {
        for random in [Random::os(), Random::seeded(1)] {
            let (a, b) = (random.uuid(), random.uuid());
            assert_ne!(a, b);
            assert_eq!((a[6] >> 4, a[8] >> 6), (4, 2));
        }
    }
}
