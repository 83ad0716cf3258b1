//! What many operations come to.

use std::ops::Range;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::sample::{Outcome, Sample};
use crate::stats::{float, percentile};

/// Figures of all operations that were due in some time. Latencies are in
/// milliseconds, from when an operation was due to when it was done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// How many.
    pub operations: u64,
    /// The median latency.
    pub p50: f64,
    /// Of a hundred, one took longer.
    pub p99: f64,
    /// Of a thousand, one took longer.
    pub p999: f64,
    /// The longest latency of all.
    pub longest: f64,
    /// How many gave up with `SQLITE_BUSY`.
    pub busy: u64,
    /// How many found a live session gone. Any is a grave fault.
    pub lost: u64,
}

impl Report {
    /// Of the samples that were due within `window`, in microseconds since 1970.
    pub fn of(samples: &[Sample], window: &Range<u64>) -> Self {
        let within: Vec<_> = samples.iter().filter(|sample| window.contains(&sample.due)).collect();
        let mut latencies: Vec<u64> = within.iter().map(|sample| sample.latency).collect();
        latencies.sort_unstable();
        let at = |permille| float(percentile(&latencies, permille)) / 1000.0;
        let count = |outcome| within.iter().filter(|sample| sample.outcome == outcome).count();
        Self {
            operations: within.len() as u64,
            p50: at(500),
            p99: at(990),
            p999: at(999),
            longest: at(1000),
            busy: count(Outcome::Busy) as u64,
            lost: count(Outcome::Lost) as u64,
        }
    }

    /// As the load generator prints it.
    pub fn to_json(self) -> Value {
        json!({
            "operations": self.operations,
            "p50_ms": self.p50,
            "p99_ms": self.p99,
            "p999_ms": self.p999,
            "longest_stall_ms": self.longest,
            "busy": self.busy,
            "lost": self.lost,
        })
    }
}

/// Reads the samples that the load generator has written.
pub fn read_samples(text: &str) -> Result<Vec<Sample>> {
    let numbered = (1..).zip(text.lines());
    numbered.map(|(number, line)| line.parse().with_context(|| format!("line {number}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(due: u64, latency: u64, outcome: Outcome) -> Sample {
        Sample { due, latency, outcome }
    }

    #[test]
    fn only_what_was_due_in_the_window_counts_however_late_it_was_done() {
        let samples = [
            sample(99, 5_000_000, Outcome::Busy),
            sample(100, 900_000, Outcome::Done),
            sample(150, 1_000, Outcome::Lost),
            sample(200, 2_000, Outcome::Busy),
        ];
        let report = Report::of(&samples, &(100..200));
        assert_eq!((report.operations, report.busy, report.lost), (2, 0, 1));
        assert!((report.longest - 900.0).abs() < f64::EPSILON);
        assert!((report.p50 - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_spoilt_file_is_an_error_that_says_where() {
        let error = read_samples("1 2 done\n1 2").unwrap_err();
        assert!(format!("{error:#}").starts_with("line 2: "), "{error:#}");
    }
}
