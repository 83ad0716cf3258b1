//! Alternating measurements of a purge and of its baseline, on copies of one table.

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Figure, Unit, megabytes};
use super::super::invocation::Measurement;
use super::super::workspace::{TableCopy, Workspace};
use super::{delete_command, purge_command, run_rounds, run_verified};
use crate::table::TableSpec;

/// Measurements of a purge and of its baseline.
#[derive(Default)]
pub struct Comparison {
    pub measured: Vec<Measurement>,
    pub baseline: Vec<Measurement>,
}

impl Comparison {
    /// Measures `sessctl purge` against one DELETE.
    pub fn with_delete(workspace: &Workspace, options: &Options, spec: &TableSpec) -> Result<Self> {
        Self::measure(
            options,
            || workspace.copy(spec),
            |copy| run_verified(&purge_command(workspace, &copy.path, &[])?, copy),
            |copy| run_verified(&delete_command(&copy.path), copy),
        )
    }

    /// Measures two operations in turn, each on a fresh copy.
    pub fn measure(
        options: &Options,
        copy: impl Fn() -> Result<TableCopy>,
        measured: impl Fn(&TableCopy) -> Result<Measurement>,
        baseline: impl Fn(&TableCopy) -> Result<Measurement>,
    ) -> Result<Self> {
        let mut comparison = Self::default();
        run_rounds(options, || {
            comparison.baseline.push(baseline(&copy()?)?);
            comparison.measured.push(measured(&copy()?)?);
            Ok(())
        })?;
        Ok(comparison)
    }

    pub fn time(&self, label: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(label, Unit::Seconds, seconds(&self.measured));
        measured.compared_with(baseline, seconds(&self.baseline))
    }

    pub fn peak_log(&self, label: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(label, Unit::Megabytes, peak_log(&self.measured));
        measured.compared_with(baseline, peak_log(&self.baseline))
    }

    pub fn peak_memory(&self, label: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(label, Unit::Megabytes, peak_memory(&self.measured));
        measured.compared_with(baseline, peak_memory(&self.baseline))
    }

    /// Longest write transaction, as reported by sessctl.
    pub fn longest_hold(&self, label: impl Into<String>) -> Result<Figure> {
        Ok(Figure::new(label, Unit::Milliseconds, self.longest_holds()?))
    }

    /// Longest write transaction of each purge in milliseconds.
    pub fn longest_holds(&self) -> Result<Vec<f64>> {
        self.measured.iter().map(|measurement| measurement.json_number("longest_hold_ms")).collect()
    }
}

/// Durations in seconds.
pub fn seconds(measurements: &[Measurement]) -> Vec<f64> {
    measurements.iter().map(|measurement| measurement.wall_time.as_secs_f64()).collect()
}

/// Peak memory in megabytes.
pub fn peak_memory(measurements: &[Measurement]) -> Vec<f64> {
    measurements.iter().map(|measurement| megabytes(measurement.peak_memory)).collect()
}

/// Peak size of the log in megabytes.
pub fn peak_log(measurements: &[Measurement]) -> Vec<f64> {
    measurements.iter().map(|measurement| megabytes(measurement.peak_log)).collect()
}
