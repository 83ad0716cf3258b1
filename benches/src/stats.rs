//! Medians, percentiles and ratios.

use std::time::Duration;

/// The value that `permille` of all values do not exceed, by the nearest rank: it
/// is always one of them. 0 if there are none. `sorted` is in ascending order.
pub fn percentile(sorted: &[u64], permille: usize) -> u64 {
    let rank = (sorted.len() * permille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// The median of several runs, with the least and the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The one in the middle, or the mean of the two there.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of any number of runs but none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        Some(Self { median: f64::midpoint(sorted[lower], sorted[upper]), min, max })
    }

    /// How many times the other median this one is, unless that is 0.
    pub fn over(self, other: Self) -> Option<f64> {
        (other.median > 0.0).then(|| self.median / other.median)
    }
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// In milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_at_the_nearest_rank() {
        let values: Vec<u64> = (1..=1000).collect();
        assert_eq!(percentile(&values, 500), 500);
        assert_eq!(percentile(&values, 990), 990);
        assert_eq!(percentile(&values, 999), 999);
        assert_eq!(percentile(&values, 1000), 1000);
        assert_eq!(percentile(&[7], 1), 7);
        assert_eq!(percentile(&[1, 2, 3], 990), 3);
        assert_eq!(percentile(&[], 990), 0);
    }

    #[test]
    fn a_spread_does_not_mind_the_order() {
        let odd = Spread::of(&[3.0, 1.0, 8.0]).unwrap();
        assert_eq!(odd, Spread { median: 3.0, min: 1.0, max: 8.0 });
        let even = Spread::of(&[4.0, 1.0, 2.0, 8.0]).unwrap();
        assert!((even.median - 3.0).abs() < f64::EPSILON);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        let of = |value| Spread::of(&[value]).unwrap();
        assert_eq!(of(3.0).over(of(2.0)), Some(1.5));
        assert_eq!(of(3.0).over(of(0.0)), None);
    }
}
