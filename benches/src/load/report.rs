//! Latency report of the load generator.

use std::ops::Range;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::sample::{Outcome, Sample};
use crate::stats::{percentile, to_f64};

/// Figures of the operations that were due within a period. Latencies are in milliseconds, from
/// the time at which an operation was due until its completion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Number of operations.
    pub operations: u64,
    /// Median latency.
    pub p50: f64,
    /// 99th percentile of the latency.
    pub p99: f64,
    /// 99.9th percentile of the latency.
    pub p999: f64,
    /// Maximum latency.
    pub max: f64,
    /// Number of operations that failed with `SQLITE_BUSY`.
    pub busy: u64,
    /// Number of operations on live sessions that found no row. Any makes a measurement invalid.
    pub lost: u64,
}

impl Report {
    /// Summarizes the samples that were due within `window`, in Unix microseconds.
    pub fn new(samples: &[Sample], window: &Range<u64>) -> Self {
        let within: Vec<_> = samples.iter().filter(|sample| window.contains(&sample.due)).collect();
        let mut latencies: Vec<u64> = within.iter().map(|sample| sample.latency).collect();
        latencies.sort_unstable();
        let at = |permille| to_f64(percentile(&latencies, permille)) / 1000.0;
        let count = |outcome| within.iter().filter(|sample| sample.outcome == outcome).count();
        Self {
            operations: within.len() as u64,
            p50: at(500),
            p99: at(990),
            p999: at(999),
            max: at(1000),
            busy: count(Outcome::Busy) as u64,
            lost: count(Outcome::Lost) as u64,
        }
    }

    /// Report in the format that the load generator prints.
    pub fn to_json(self) -> Value {
        json!({
            "operations": self.operations,
            "p50_ms": self.p50,
            "p99_ms": self.p99,
            "p999_ms": self.p999,
            "longest_stall_ms": self.max,
            "busy": self.busy,
            "lost": self.lost,
        })
    }
}

/// Parses the samples that the load generator has written, one per line.
pub fn parse_samples(text: &str) -> Result<Vec<Sample>> {
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
    fn a_report_covers_the_operations_due_in_the_window() {
        let samples = [
            sample(99, 5_000_000, Outcome::Busy),
            sample(100, 900_000, Outcome::Done),
            sample(150, 1_000, Outcome::Lost),
            sample(200, 2_000, Outcome::Busy),
        ];
        let report = Report::new(&samples, &(100..200));
        assert_eq!((report.operations, report.busy, report.lost), (2, 0, 1));
        assert!((report.max - 900.0).abs() < f64::EPSILON);
        assert!((report.p50 - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn an_invalid_sample_is_reported_with_its_line() {
        let error = parse_samples("1 2 done\n1 2").unwrap_err();
        assert!(format!("{error:#}").starts_with("line 2: "), "{error:#}");
    }
}
