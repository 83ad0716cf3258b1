//! Reproducible pseudorandom numbers, tokens and session ids.

use sha2::{Digest, Sha256};

/// A SplitMix64 generator, cheap enough to create one for each row.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Creates the generator of a stream under a seed; a stream is, for example, a row number.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut start = Self(seed);
        Self(start.next_u64() ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number less than `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// Returns an index into a slice of this length, which must not be 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Returns a number from 0 (inclusive) to 1 (exclusive).
    pub fn fraction(&mut self) -> f64 {
        as_fraction(self.next_u64())
    }
}

/// Maps 64 bits to a number from 0 (inclusive) to 1 (exclusive), in the same order.
pub fn as_fraction(bits: u64) -> f64 {
    let top = u32::try_from(bits >> 32).unwrap_or(0);
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

/// Token of a row, derived from the seed.
pub fn token(seed: u64, row: u64) -> String {
    format!("bench-{seed}-{row}")
}

/// Session id of a token according to the contract (its SHA-256 in lower-case hexadecimal), with
/// its position in the range of all ids, from 0 to 1.
pub fn session_id(token: &str) -> (String, f64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = Sha256::digest(token.as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let id = nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect();
    let top = hash.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    (id, as_fraction(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reproducible_and_differ_between_streams() {
        let draw = |seed, stream| Rng::new(seed, stream).next_u64();
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn fractions_are_uniform() {
        let mut random = Rng::new(3, 0);
        let below_a_tenth = (0..10_000).filter(|_| random.fraction() < 0.1).count();
        assert!((900..1100).contains(&below_a_tenth), "{below_a_tenth}");
    }

    #[test]
    fn session_ids_are_sha256_hashes() {
        let (id, place) = session_id("abc");
        assert_eq!(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!((place - f64::from(0xba) / 256.0).abs() < 0.01);
    }
}
