//! How many rows one write transaction of a purge takes on.

use std::time::Duration;

/// The least and the most that a batch ever has.
const FEWEST: usize = 16;
const MOST: usize = 100_000;
/// How much the last batch counts against those before it.
const WEIGHT: f64 = 0.3;

/// Sizes batches so that each holds the write lock for about as long as it
/// should: the size follows a moving average of the rows done in a millisecond,
/// and at most doubles from one batch to the next.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    aim: Duration,
    rows: usize,
    per_ms: Option<f64>,
}

impl Pace {
    /// Starts small: nothing is known yet of the machine and its load.
    pub(super) fn aiming_at(aim: Duration) -> Self {
        Self { aim, rows: FEWEST * 4, per_ms: None }
    }

    /// How many due rows the next batch takes on.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Learns what a batch took.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers lie within [FEWEST, MOST]"
    )]
    pub(super) fn learn(&mut self, done: u64, hold: Duration) {
        if done == 0 {
            return;
        }
        let rate = done as f64 / (hold.as_secs_f64() * 1000.0).max(0.001);
        let average = self.per_ms.map_or(rate, |before| before + WEIGHT * (rate - before));
        self.per_ms = Some(average);
        let wanted = (average * self.aim.as_secs_f64() * 1000.0) as usize;
        self.rows = wanted.min(self.rows * 2).clamp(FEWEST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_settles_where_a_batch_takes_the_time_that_it_should() {
        let mut pace = Pace::aiming_at(Duration::from_millis(2));
        let per_row = Duration::from_micros(4);
        for _ in 0..20 {
            let rows = pace.rows();
            pace.learn(rows as u64, per_row * u32::try_from(rows).unwrap());
        }
        assert_eq!(pace.rows(), 500);
    }

    #[test]
    fn it_backs_off_at_once_and_grows_by_doubling_at_most() {
        let mut pace = Pace::aiming_at(Duration::from_millis(2));
        pace.learn(64, Duration::from_micros(1));
        assert_eq!(pace.rows(), 128);
        pace.learn(128, Duration::from_secs(10));
        assert!(pace.rows() <= 256);
        for _ in 0..40 {
            pace.learn(10, Duration::from_secs(10));
        }
        assert_eq!(pace.rows(), FEWEST);
    }
}
