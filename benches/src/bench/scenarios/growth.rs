//! Purges of increasingly large tables.

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::invocation::Measurement;
use super::super::workspace::Workspace;
use super::comparison::{peak_memory, seconds};
use super::{purge_command, run_rounds, run_verified};
use crate::stats::{Summary, to_f64};
use crate::table::{Kind, TableSpec};

/// Numbers of rows.
const SIZES: [u64; 3] = [1_000_000, 3_000_000, 10_000_000];
/// Size for which the duration is extrapolated: too large to build in each round.
const EXTRAPOLATED_ROWS: f64 = 1e8;

struct Size {
    rows: u64,
    measurements: Vec<Measurement>,
}

impl Size {
    /// Microseconds per row of the table, due or not, because the purge reads all rows.
    fn per_row(&self) -> Vec<f64> {
        seconds(&self.measurements).iter().map(|time| time * 1e6 / to_f64(self.rows)).collect()
    }
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut sizes = SIZES.map(|rows| Size { rows: options.scaled(rows), measurements: Vec::new() });
    run_rounds(options, || {
        sizes.iter_mut().try_for_each(|size| {
            let copy = workspace.copy(&TableSpec::half_due(Kind::Native, size.rows))?;
            size.measurements
                .push(run_verified(&purge_command(workspace, &copy.path, &[])?, &copy)?);
            Ok(())
        })
    })?;
    Ok(section(&sizes))
}

fn section(sizes: &[Size]) -> Section {
    let mut section = Section::default();
    let Some((first, larger)) = sizes.split_first() else {
        return section;
    };
    let baseline = format!("{} rows", first.rows);
    for size in larger {
        let per_row = Figure::new(
            format!("time for each of {} rows", size.rows),
            Unit::MicrosecondsPerRow,
            size.per_row(),
        );
        section.add(
            per_row.compared_with(&baseline, first.per_row()).with_target(Target::MaxRatio(1.3)),
        );
    }
    for size in larger {
        let label = format!("peak memory, {} rows", size.rows);
        let peak = Figure::new(label, Unit::Megabytes, peak_memory(&size.measurements));
        section.add(
            peak.compared_with(&baseline, peak_memory(&first.measurements))
                .with_target(Target::Max(16.0)),
        );
    }
    if let Some((last, per_row)) = sizes.last().and_then(|last| Some((last, last.median()?))) {
        section.note(format!(
            "100 million rows would take {:.0} s at the speed of {} rows: computed, not measured.",
            per_row * EXTRAPOLATED_ROWS / 1e6,
            last.rows
        ));
    }
    section
}

impl Size {
    fn median(&self) -> Option<f64> {
        Summary::of(&self.per_row()).map(|summary| summary.median)
    }
}
