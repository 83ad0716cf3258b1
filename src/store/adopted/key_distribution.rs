//! Distribution of the values of a column over their range.

use crate::domain::profile::SqlValueRef;
use crate::domain::session::SessionKey;
use crate::store::statement::key_ref;

/// Bytes of a key that count, after the common prefix of all keys.
const KEY_BYTES: usize = 8;

/// Steps within a part, and the offset from one part to the next: multiples of the golden
/// ratio are evenly spread.
const STEPS: i128 = 1_000;
const GOLDEN_STEP: i128 = 618;

#[derive(Debug, Clone, PartialEq)]
pub enum KeyDistribution {
    Numbers(i64, i64),
    /// First and last number, if some have a fraction.
    Reals(f64, f64),
    /// Texts or blobs: common prefix, and the next bytes of the first and the last as numbers.
    Bytes {
        is_text: bool,
        prefix: Vec<u8>,
        first: u64,
        last: u64,
    },
    /// Mixed storage classes, or no keys.
    Unknown,
}

impl KeyDistribution {
    pub fn between(first: SqlValueRef<'_>, last: SqlValueRef<'_>) -> Self {
        match (first, last) {
            (SqlValueRef::Integer(first), SqlValueRef::Integer(last)) => Self::Numbers(first, last),
            (SqlValueRef::Text(first), SqlValueRef::Text(last)) => {
                Self::of_bytes(true, first, last)
            }
            (SqlValueRef::Blob(first), SqlValueRef::Blob(last)) => {
                Self::of_bytes(false, first, last)
            }
            (first, last) => match (real(first), real(last)) {
                (Some(first), Some(last)) => Self::Reals(first, last),
                _ => Self::Unknown,
            },
        }
    }

    fn of_bytes(is_text: bool, first: &[u8], last: &[u8]) -> Self {
        let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        let number = |key: &[u8]| number(&key[common..]);
        let prefix = first[..common].to_vec();
        Self::Bytes { is_text, prefix, first: number(first), last: number(last) }
    }

    /// Fraction of the range that precedes a key, in `[0, 1]`; 0.5 if the range is unknown.
    #[expect(clippy::cast_precision_loss, reason = "a share is a rough figure")]
    pub fn position(&self, key: &SessionKey) -> f64 {
        let share = |first: i128, last: i128, here: i128| {
            (here - first) as f64 / (last - first).max(1) as f64
        };
        match (self, key_ref(key)) {
            (Self::Numbers(first, last), SqlValueRef::Integer(here)) => {
                share((*first).into(), (*last).into(), here.into()).clamp(0.0, 1.0)
            }
            (Self::Reals(first, last), here) => {
                // Half of each, so that the largest distance is still a number.
                let to = |end: f64| end / 2.0 - first / 2.0;
                let share = real(here).map_or(0.5, |here| to(here) / to(*last));
                if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) }
            }
            (
                Self::Bytes { prefix, first, last, .. },
                SqlValueRef::Text(here) | SqlValueRef::Blob(here),
            ) => {
                let rest = here.get(prefix.len()..).unwrap_or_default();
                share((*first).into(), (*last).into(), number(rest).into()).clamp(0.0, 1.0)
            }
            _ => 0.5,
        }
    }

    /// Returns `count` keys within the range, which need not exist: one in each of `count`
    /// equal parts, at a position that shifts from part to part, so that periodic patterns
    /// in the rows are not sampled in phase.
    pub fn sample_points(&self, count: u32) -> Vec<SamplePoint> {
        let at = |first: i128, last: i128, part: u32| {
            let here = i128::from(part) * STEPS + i128::from(part) * GOLDEN_STEP % STEPS;
            first + (last - first) * here / (i128::from(count.max(1)) * STEPS)
        };
        match self {
            Self::Unknown => Vec::new(),
            Self::Numbers(first, last) => (0..count)
                .filter_map(|part| i64::try_from(at((*first).into(), (*last).into(), part)).ok())
                .map(SamplePoint::Number)
                .collect(),
            Self::Reals(first, last) => (0..count)
                .map(|part| {
                    let share = f64::from(part) / f64::from(count.max(1));
                    SamplePoint::Real(first * (1.0 - share) + last * share)
                })
                .collect(),
            Self::Bytes { is_text, prefix, first, last } => (0..count)
                .filter_map(|part| u64::try_from(at((*first).into(), (*last).into(), part)).ok())
                .map(|number| {
                    let bytes = [&prefix[..], &number.to_be_bytes()].concat();
                    if *is_text { SamplePoint::Text(bytes) } else { SamplePoint::Blob(bytes) }
                })
                .collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum SamplePoint {
    Number(i64),
    Real(f64),
    /// Text that need not be UTF-8, because it is only compared with keys.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl SamplePoint {
    pub fn value(&self) -> SqlValueRef<'_> {
        match self {
            Self::Number(number) => SqlValueRef::Integer(*number),
            Self::Real(number) => SqlValueRef::Real(*number),
            Self::Text(bytes) => SqlValueRef::Text(bytes),
            Self::Blob(bytes) => SqlValueRef::Blob(bytes),
        }
    }
}

/// Number with a fraction, made finite; `None` for other values.
#[expect(clippy::cast_precision_loss, reason = "a range is a rough figure")]
fn real(value: SqlValueRef<'_>) -> Option<f64> {
    match value {
        SqlValueRef::Integer(number) => Some(number as f64),
        SqlValueRef::Real(number) => Some(number.clamp(f64::MIN, f64::MAX)),
        _ => None,
    }
}

/// First bytes as a number, padded with zeros.
fn number(bytes: &[u8]) -> u64 {
    let mut eight = [0; KEY_BYTES];
    for (row_id, byte) in eight.iter_mut().zip(bytes) {
        *row_id = *byte;
    }
    u64::from_be_bytes(eight)
}
