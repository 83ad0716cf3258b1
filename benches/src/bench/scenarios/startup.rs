//! Start-up: a command that does almost nothing.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::process::Task;
use super::rounds;
use crate::stats::{Spread, ms};
use crate::table::{Kind, Spec};

/// How often in each round: one start is over before a clock could tell much.
const STARTS: u32 = 200;
const ROWS: u64 = 100;

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let copy = bed.copy(&Spec::half(Kind::Native, ROWS))?;
    let args: [OsString; 4] = ["--db".into(), (&copy.path).into(), "show".into(), "stat".into()];
    let stat = Task::new(bed.sessctl(), args);
    let args: [OsString; 2] = [(&copy.path).into(), "select count(*) from sessions".into()];
    let shell = Task::new(Path::new("sqlite3"), args);
    let (mut measured, mut baseline) = (Vec::new(), Vec::new());
    rounds(options, || {
        let (mut stats, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            counts.push(ms(shell.time()?));
            stats.push(ms(stat.time()?));
        }
        measured.extend(Spread::of(&stats).map(|spread| spread.median));
        baseline.extend(Spread::of(&counts).map(|spread| spread.median));
        Ok(())
    })?;
    let mut section = Section::default();
    let time = Figure::new("`sessctl show stat`", Unit::Milliseconds, measured);
    let shell = "`sqlite3 FILE 'select count(*) from sessions'`";
    section.add(time.beside(shell, baseline).aims_at(Target::Times(1.0)));
    section.note(format!(
        "{ROWS} rows; each figure is the median of {STARTS} starts; the two programs alternate."
    ));
    Ok(section)
}
