//! Evenly spaced keys between the first and the last key of a table.

use crate::domain::profile::SqlValueRef;
use crate::domain::session::Key;
use crate::store::statement::key_ref;

/// Bytes of a key that count, after the common prefix of all keys.
const KEY_BYTES: usize = 8;

/// Steps within a part, and the offset from one part to the next: multiples of the golden
/// ratio are evenly spread.
const STEPS: i128 = 1_000;
const GOLDEN_STEP: i128 = 618;

/// The range of the keys of a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store::adopted) enum KeyDistribution {
    /// First and last integer.
    Numbers(i64, i64),
    /// First and last number, if some have a fraction.
    Reals(f64, f64),
    /// Texts or blobs: their common prefix, and the following bytes of the first and the
    /// last as numbers.
    Bytes { is_text: bool, prefix: Vec<u8>, first: u64, last: u64 },
    /// Mixed storage classes, or no keys.
    Unknown,
}

impl KeyDistribution {
    /// Distribution between two keys.
    pub(in crate::store::adopted) fn between(
        first: SqlValueRef<'_>,
        last: SqlValueRef<'_>,
    ) -> Self {
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
    pub(in crate::store::adopted) fn position(&self, key: &Key) -> f64 {
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
    pub(in crate::store::adopted) fn sample_points(&self, count: u32) -> Vec<SamplePoint> {
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

/// Key at which a row is searched.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store::adopted) enum SamplePoint {
    Number(i64),
    Real(f64),
    /// Text that need not be UTF-8, because it is only compared with keys.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl SamplePoint {
    pub(in crate::store::adopted) fn value(&self) -> SqlValueRef<'_> {
        match self {
            Self::Number(number) => SqlValueRef::Integer(*number),
            Self::Real(number) => SqlValueRef::Real(*number),
            Self::Text(bytes) => SqlValueRef::Text(bytes),
            Self::Blob(bytes) => SqlValueRef::Blob(bytes),
        }
    }
}

/// A number as one with a fraction, which is finite; `None`: it is none.
#[expect(clippy::cast_precision_loss, reason = "a range is a rough figure")]
fn real(value: SqlValueRef<'_>) -> Option<f64> {
    match value {
        SqlValueRef::Integer(number) => Some(number as f64),
        SqlValueRef::Real(number) => Some(number.clamp(f64::MIN, f64::MAX)),
        _ => None,
    }
}

/// The first bytes as a number; where there are fewer, as if zeros followed.
fn number(bytes: &[u8]) -> u64 {
    let mut eight = [0; KEY_BYTES];
    for (row_id, byte) in eight.iter_mut().zip(bytes) {
        *row_id = *byte;
    }
    u64::from_be_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_points_are_evenly_spaced() {
        let numbers = KeyDistribution::Numbers(i64::MIN, i64::MAX);
        assert_eq!(numbers.sample_points(1), [SamplePoint::Number(i64::MIN)]);
        let tens = KeyDistribution::Numbers(0, 40).sample_points(4);
        assert_eq!(tens, [0, 16, 22, 38].map(SamplePoint::Number));
        assert_eq!(
            KeyDistribution::Numbers(7, 7).sample_points(3),
            vec![SamplePoint::Number(7); 3]
        );
        let texts = KeyDistribution::between(
            SqlValueRef::Text(b"session:a"),
            SqlValueRef::Text(b"session:c"),
        );
        let points = texts.sample_points(2);
        assert_eq!(points[0].value(), SqlValueRef::Text(b"session:a\0\0\0\0\0\0\0"));
        let SqlValueRef::Text(second) = points[1].value() else { panic!() };
        assert!(second.starts_with(b"session:b"), "{second:?}");
        let reals = KeyDistribution::between(SqlValueRef::Integer(-1), SqlValueRef::Real(3.0))
            .sample_points(4);
        assert_eq!(reals, [-1.0, 0.0, 1.0, 2.0].map(SamplePoint::Real));
        let mixed = KeyDistribution::between(SqlValueRef::Integer(1), SqlValueRef::Text(b"a"));
        assert_eq!((mixed.sample_points(9), mixed.clone()), (Vec::new(), KeyDistribution::Unknown));
    }

    #[test]
    fn positions_grow_from_zero_to_one() {
        let texts =
            KeyDistribution::between(SqlValueRef::Text(b"2::a"), SqlValueRef::Text(b"2::e"));
        for (key, share) in [("2::a", 0.0), ("2::c", 0.5), ("2::e", 1.0), ("3", 0.0), ("", 0.0)] {
            let found = texts.position(&Key::Text(key.into()));
            assert!((found - share).abs() < 0.01, "{key}: {found}");
        }
        let numbers = KeyDistribution::Numbers(10, 20);
        let row = |row_id| Key::Row(row_id, Box::new(Key::Integer(0)));
        assert!((numbers.position(&row(15)) - 0.5).abs() < 0.01);
        assert!((numbers.position(&row(99)) - 1.0).abs() < 0.01);
        assert!((KeyDistribution::Unknown.position(&row(1)) - 0.5).abs() < 0.01);
        let all = KeyDistribution::between(
            SqlValueRef::Real(f64::NEG_INFINITY),
            SqlValueRef::Real(f64::MAX),
        );
        for (key, share) in [(f64::MIN, 0.0), (0.0, 0.5), (f64::INFINITY, 1.0)] {
            assert!((all.position(&Key::Real(key)) - share).abs() < 0.01, "{key}");
        }
    }
}
