//! A purge and its baseline, in turn on copies of one table.

use anyhow::Result;

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::{Figure, Unit, megabytes};
use super::super::process::Run;
use super::{one_delete, purge, rounds, run_purge};
use crate::table::Spec;

/// What came of both.
#[derive(Default)]
pub struct Pair {
    pub measured: Vec<Run>,
    pub baseline: Vec<Run>,
}

impl Pair {
    /// `sessctl purge` and one DELETE.
    pub fn of_purges(bed: &Bed, options: &Options, spec: &Spec) -> Result<Self> {
        Self::of(
            options,
            || bed.copy(spec),
            |copy| run_purge(&purge(bed, &copy.path, &[])?, copy),
            |copy| run_purge(&one_delete(&copy.path), copy),
        )
    }

    /// Any two things, each on a copy of its own.
    pub fn of(
        options: &Options,
        copy: impl Fn() -> Result<Copy>,
        measured: impl Fn(&Copy) -> Result<Run>,
        baseline: impl Fn(&Copy) -> Result<Run>,
    ) -> Result<Self> {
        let mut pair = Self::default();
        rounds(options, || {
            pair.baseline.push(baseline(&copy()?)?);
            pair.measured.push(measured(&copy()?)?);
            Ok(())
        })?;
        Ok(pair)
    }

    pub fn time(&self, what: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(what, Unit::Seconds, seconds(&self.measured));
        measured.beside(baseline, seconds(&self.baseline))
    }

    pub fn log(&self, what: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(what, Unit::Megabytes, log(&self.measured));
        measured.beside(baseline, log(&self.baseline))
    }

    pub fn memory(&self, what: impl Into<String>, baseline: &str) -> Figure {
        let measured = Figure::new(what, Unit::Megabytes, memory(&self.measured));
        measured.beside(baseline, memory(&self.baseline))
    }

    /// What sessctl says of its longest write transaction.
    pub fn hold(&self, what: impl Into<String>) -> Result<Figure> {
        let holds = self.measured.iter().map(|run| run.figure("longest_hold_ms"));
        Ok(Figure::new(what, Unit::Milliseconds, holds.collect::<Result<_>>()?))
    }
}

/// How long each took.
pub fn seconds(runs: &[Run]) -> Vec<f64> {
    runs.iter().map(|run| run.wall.as_secs_f64()).collect()
}

/// How much memory each had, in megabytes.
pub fn memory(runs: &[Run]) -> Vec<f64> {
    runs.iter().map(|run| megabytes(run.memory)).collect()
}

/// How large the log was, in megabytes.
pub fn log(runs: &[Run]) -> Vec<f64> {
    runs.iter().map(|run| megabytes(run.log)).collect()
}
