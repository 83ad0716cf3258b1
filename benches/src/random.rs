//! Numbers that look random and are the same in each run.

use sha2::{Digest, Sha256};

/// SplitMix64, small enough to start anew for each row.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Those of a seed and a stream within it, such as the number of a row.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut start = Self(seed);
        Self(start.bits() ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// A place in a slice of this length, which is not 0.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A fraction from 0 up to, but not including, 1.
    pub fn fraction(&mut self) -> f64 {
        fraction_of(self.bits())
    }
}

/// Where 64 bits lie between the least and the largest.
pub fn fraction_of(bits: u64) -> f64 {
    let top = u32::try_from(bits >> 32).unwrap_or(0);
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

/// The token of a row. Whoever knows the seed can present it.
pub fn token(seed: u64, row: u64) -> String {
    format!("bench-{seed}-{row}")
}

/// The id of a token, by the contract: its SHA-256 in lower-case hexadecimal.
/// With it, where it lies in the range of all ids, as a fraction.
pub fn id(token: &str) -> (String, f64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Sha256::digest(token.as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let id = nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect();
    let top = hash.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    (id, fraction_of(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_stream_others() {
        let draw = |seed, stream| Random::new(seed, stream).bits();
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn fractions_spread_over_the_whole_range() {
        let mut random = Random::new(3, 0);
        let below_a_tenth = (0..10_000).filter(|_| random.fraction() < 0.1).count();
        assert!((900..1100).contains(&below_a_tenth), "{below_a_tenth}");
    }

    #[test]
    fn an_id_is_that_of_the_contract() {
        let (id, place) = id("abc");
        assert_eq!(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!((place - f64::from(0xba) / 256.0).abs() < 0.01);
    }
}
