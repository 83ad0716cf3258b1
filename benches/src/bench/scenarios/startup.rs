//! Start-up: a command that does almost nothing.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::invocation::Invocation;
use super::super::workspace::Workspace;
use super::run_rounds;
use crate::stats::{Summary, to_millis};
use crate::table::{Kind, TableSpec};

/// Number of starts in each round; a single start is too short to be measured reliably.
const STARTS: u32 = 200;
const ROWS: u64 = 100;

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let copy = workspace.copy(&TableSpec::half_due(Kind::Native, ROWS))?;
    let args: [OsString; 4] = ["--db".into(), (&copy.path).into(), "show".into(), "stat".into()];
    let stat = Invocation::new(workspace.sessctl(), args);
    let args: [OsString; 2] = [(&copy.path).into(), "select count(*) from sessions".into()];
    let shell = Invocation::new(Path::new("sqlite3"), args);
    let (mut measured, mut baseline) = (Vec::new(), Vec::new());
    run_rounds(options, || {
        let (mut stats, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            counts.push(to_millis(shell.time()?));
            stats.push(to_millis(stat.time()?));
        }
        measured.extend(Summary::of(&stats).map(|summary| summary.median));
        baseline.extend(Summary::of(&counts).map(|summary| summary.median));
        Ok(())
    })?;
    let mut section = Section::default();
    let time = Figure::new("`sessctl show stat`", Unit::Milliseconds, measured);
    let shell = "`sqlite3 FILE 'select count(*) from sessions'`";
    section.add(time.compared_with(shell, baseline).with_target(Target::MaxRatio(1.0)));
    section.note(format!(
        "{ROWS} rows; each figure is the median of {STARTS} starts; the two programs alternate."
    ));
    Ok(section)
}
