//! A purge of larger and larger tables.

use anyhow::Result;

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::process::Run;
use super::pair::{memory, seconds};
use super::{purge, rounds, run_purge};
use crate::stats::{Spread, float};
use crate::table::{Kind, Spec};

/// How many rows.
const SIZES: [u64; 3] = [1_000_000, 3_000_000, 10_000_000];
/// How many nobody here has the time and the disk to build again and again.
const BEYOND: f64 = 1e8;

struct Size {
    rows: u64,
    runs: Vec<Run>,
}

impl Size {
    /// Microseconds for each row of the table, due or not: the purge reads them all.
    fn per_row(&self) -> Vec<f64> {
        seconds(&self.runs).iter().map(|time| time * 1e6 / float(self.rows)).collect()
    }
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let mut sizes = SIZES.map(|rows| Size { rows: options.scaled(rows), runs: Vec::new() });
    rounds(options, || {
        sizes.iter_mut().try_for_each(|size| {
            let copy = bed.copy(&Spec::half(Kind::Native, size.rows))?;
            size.runs.push(run_purge(&purge(bed, &copy.path, &[])?, &copy)?);
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
    let itself = format!("{} rows", first.rows);
    for size in larger {
        let per_row = Figure::new(
            format!("time for each of {} rows", size.rows),
            Unit::MicrosecondsPerRow,
            size.per_row(),
        );
        section.add(per_row.beside(&itself, first.per_row()).aims_at(Target::Times(1.3)));
    }
    for size in larger {
        let what = format!("peak memory, {} rows", size.rows);
        let peak = Figure::new(what, Unit::Megabytes, memory(&size.runs));
        section.add(peak.beside(&itself, memory(&first.runs)).aims_at(Target::Most(16.0)));
    }
    if let Some((last, per_row)) = sizes.last().and_then(|last| Some((last, last.median()?))) {
        section.note(format!(
            "100 million rows would take {:.0} s at the speed of {} rows: computed, not measured.",
            per_row * BEYOND / 1e6,
            last.rows
        ));
    }
    section
}

impl Size {
    fn median(&self) -> Option<f64> {
        Spread::of(&self.per_row()).map(|spread| spread.median)
    }
}
