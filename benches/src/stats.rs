//! Medians, percentiles and ratios.

use std::time::Duration;

/// Percentile by the nearest-rank method, in thousandths (`990` is p99); 0 without values.
/// `sorted` is in ascending order.
pub fn percentile(sorted: &[u64], permille: usize) -> u64 {
    let rank = (sorted.len() * permille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// Median, minimum and maximum of repeated measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Median; the mean of the two middle values of an even number of values.
    pub median: f64,
    /// Minimum.
    pub min: f64,
    /// Maximum.
    pub max: f64,
}

impl Summary {
    /// Summarizes the values; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        Some(Self { median: f64::midpoint(sorted[lower], sorted[upper]), min, max })
    }

    /// Ratio of this median to another; `None` if the other is 0.
    pub fn ratio_to(self, other: Self) -> Option<f64> {
        (other.median > 0.0).then(|| self.median / other.median)
    }
}

/// Converts a count to a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
pub fn to_f64(count: u64) -> f64 {
    count as f64
}

/// Converts a duration to milliseconds.
pub fn to_millis(time: Duration) -> f64 {
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
    fn a_summary_does_not_depend_on_the_order() {
        let odd = Summary::of(&[3.0, 1.0, 8.0]).unwrap();
        assert_eq!(odd, Summary { median: 3.0, min: 1.0, max: 8.0 });
        let even = Summary::of(&[4.0, 1.0, 2.0, 8.0]).unwrap();
        assert!((even.median - 3.0).abs() < f64::EPSILON);
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn a_ratio_divides_the_medians() {
        let of = |value| Summary::of(&[value]).unwrap();
        assert_eq!(of(3.0).ratio_to(of(2.0)), Some(1.5));
        assert_eq!(of(3.0).ratio_to(of(0.0)), None);
    }
}
