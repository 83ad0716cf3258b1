//! Start-up: commands that do almost nothing.

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
const STARTS: u32 = 300;
const ROWS: u64 = 100;

/// A program and the median time of its starts in each round, in milliseconds.
struct Candidate {
    invocation: Invocation,
    medians: Vec<f64>,
}

impl Candidate {
    fn new<const N: usize>(program: &Path, args: [OsString; N]) -> Self {
        Self { invocation: Invocation::new(program, args), medians: Vec::new() }
    }
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let copy = workspace.copy(&TableSpec::half_due(Kind::Native, ROWS))?;
    let db = || OsString::from(&copy.path);
    let sessctl = workspace.sessctl();
    let stat_args = ["--db".into(), db(), "show".into(), "stat".into()];
    let mut candidates = [
        Candidate::new(Path::new("true"), []),
        Candidate::new(sessctl, ["--version".into()]),
        Candidate::new(Path::new("sqlite3"), [db(), "select count(*) from sessions".into()]),
        Candidate::new(sessctl, stat_args),
    ];
    run_rounds(options, || measure(&mut candidates))?;
    let [empty, version, shell, stat] = candidates.map(|candidate| candidate.medians);
    let mut section = Section::default();
    let time = |label, medians| Figure::new(label, Unit::Milliseconds, medians);
    let count = "`sqlite3 FILE 'select count(*) from sessions'`";
    let stat = time("`sessctl show stat`", stat).compared_with(count, shell);
    section.add(stat.with_target(Target::MaxRatio(1.0)));
    let version = time("`sessctl --version`", version);
    section.add(version.compared_with("an empty process, `true`", empty));
    section.note(format!(
        "{ROWS} rows; each figure is the median of {STARTS} starts; the four commands alternate."
    ));
    Ok(section)
}

/// Starts the candidates in turn.
fn measure(candidates: &mut [Candidate]) -> Result<()> {
    let mut times = vec![Vec::new(); candidates.len()];
    for _ in 0..STARTS {
        for (candidate, times) in candidates.iter().zip(&mut times) {
            times.push(to_millis(candidate.invocation.time()?));
        }
    }
    for (candidate, times) in candidates.iter_mut().zip(&times) {
        candidate.medians.extend(Summary::of(times).map(|summary| summary.median));
    }
    Ok(())
}
