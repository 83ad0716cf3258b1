//! A purge while an application writes.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::invocation::Invocation;
use super::super::load_process::Load;
use super::super::workspace::{TableCopy, Workspace};
use super::observation::{Observation, values};
use super::{delete_command, due_condition, purge_command, run_rounds};
use crate::clock;
use crate::load::{Application, Report};
use crate::table::{Kind, TableSpec};

/// Operations per second, unless `--rate` is given.
const DEFAULT_RATE: f64 = 2000.0;

#[derive(Default)]
struct Observations {
    none: Vec<Observation>,
    delete: Vec<Observation>,
    purge: Vec<Observation>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let rows = options.scaled(1_000_000);
    let spec = TableSpec::half_due(Kind::Native, rows);
    let mut all = Observations::default();
    run_rounds(options, || {
        let copy = workspace.copy(&spec)?;
        all.delete.push(measure(&copy, options, &delete_command(&copy.path))?);
        let copy = workspace.copy(&spec)?;
        let purge = measure(&copy, options, &purge_command(workspace, &copy.path, &[])?)?;
        // The same duration as the purge: a longer measurement would find longer stalls.
        let time = Duration::from_secs_f64(purge.time);
        all.purge.push(purge);
        let copy = workspace.copy(&spec)?;
        all.none.push(Observation::without_purge(&copy, load(options), time)?);
        Ok(())
    })?;
    Ok(section(&all, options, rows))
}

fn measure(copy: &TableCopy, options: &Options, invocation: &Invocation) -> Result<Observation> {
    let now = clock::now();
    let observation = Observation::of(copy, load(options), invocation)?;
    let left =
        copy.query_i64(&format!("SELECT count(*) FROM sessions WHERE {}", due_condition(now)))?;
    ensure!(left == 0, "{} has left {left} due rows", invocation.program.display());
    Ok(observation)
}

fn load(options: &Options) -> Load {
    Load { application: Application::Native, rate: options.rate.unwrap_or(DEFAULT_RATE) }
}

fn section(all: &Observations, options: &Options, rows: u64) -> Section {
    let (delete, none) = ("one DELETE", "no purge");
    let mut section = Section::default();
    let mut add = |label, unit, figure: fn(&Observation) -> f64, baseline, target| {
        let reference = if baseline == none { &all.none } else { &all.delete };
        let measured = Figure::new(label, unit, values(&all.purge, figure));
        section
            .add(measured.compared_with(baseline, values(reference, figure)).with_target(target));
    };
    let ms = Unit::Milliseconds;
    add("time", Unit::Seconds, |observed| observed.time, delete, Target::MaxRatio(3.0));
    add("application's p99", ms, |observed| observed.report.p99, delete, Target::None);
    add("application's p99", ms, |observed| observed.report.p99, none, Target::None);
    add("application's p99.9", ms, |observed| observed.report.p999, delete, Target::None);
    add("application's p99.9", ms, |observed| observed.report.p999, none, Target::MaxRatio(1.3));
    add("longest stall", ms, |observed| observed.report.max, delete, Target::MaxFraction(40.0));
    add("longest stall", ms, |observed| observed.report.max, none, Target::None);
    add("log peak", Unit::Megabytes, |observed| observed.log, delete, Target::MaxFraction(10.0));
    let holds = all.purge.iter().filter_map(|observed| observed.hold).collect();
    section.add(Figure::new("longest hold", ms, holds));
    section.note(format!(
        "{rows} rows, half of them due; four connections, {} operations per second in total.",
        load(options).rate
    ));
    for (name, observed) in [("sessctl", &all.purge), (delete, &all.delete), (none, &all.none)] {
        let sum = |figure: fn(&Report) -> u64| -> u64 {
            observed.iter().map(|observed| figure(&observed.report)).sum()
        };
        let (operations, busy, lost) =
            (sum(|all| all.operations), sum(|all| all.busy), sum(|all| all.lost));
        section.note(format!(
            "{name}: {operations} operations, {busy} failed with SQLITE_BUSY, {lost} lost."
        ));
    }
    section
}
