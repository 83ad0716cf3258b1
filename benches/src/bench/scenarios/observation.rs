//! Observation of an application during a purge, or without one.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::figure::megabytes;
use super::super::invocation::Invocation;
use super::super::load_process::{Load, run_under_load};
use super::super::log_sampler::LogSizeSampler;
use super::super::workspace::TableCopy;
use crate::load::Report;

/// Results of one repetition, with a purge or without one.
pub struct Observation {
    /// Duration in seconds.
    pub time: f64,
    /// Peak size of the log in megabytes.
    pub log: f64,
    /// Longest write transaction in milliseconds, as reported by sessctl.
    pub hold: Option<f64>,
    /// Exit code of the purge; 0 without one.
    pub exit_code: i32,
    pub report: Report,
}

impl Observation {
    /// Runs a command under load, and verifies that the application has lost no session.
    pub fn of(copy: &TableCopy, load: Load, invocation: &Invocation) -> Result<Self> {
        let sampler = LogSizeSampler::start(&copy.path);
        let (measurement, report, _) = run_under_load(copy, load, || invocation.run(copy))?;
        let log = megabytes(sampler.peak());
        let (program, lost) = (invocation.program.display(), report.lost);
        ensure!(lost == 0, "{program}: the application has lost {lost} sessions");
        let hold = measurement.json_number("longest_hold_ms").ok();
        let (time, exit_code) = (measurement.wall_time.as_secs_f64(), measurement.exit_code);
        Ok(Self { time, log, hold, exit_code, report })
    }

    /// Observes the application alone.
    pub fn without_purge(copy: &TableCopy, load: Load, time: Duration) -> Result<Self> {
        let sampler = LogSizeSampler::start(&copy.path);
        let ((), report, time) = run_under_load(copy, load, || {
            thread::sleep(time);
            Ok(())
        })?;
        ensure!(report.lost == 0, "{} sessions were lost without a purge", report.lost);
        let log = megabytes(sampler.peak());
        Ok(Self { time: time.as_secs_f64(), log, hold: None, exit_code: 0, report })
    }
}

/// One figure of several observations.
pub fn values(observed: &[Observation], figure: impl Fn(&Observation) -> f64) -> Vec<f64> {
    observed.iter().map(figure).collect()
}
