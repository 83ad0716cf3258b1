//! A purge while an application writes.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit, megabytes};
use super::super::invocation::Invocation;
use super::super::load_process::run_under_load;
use super::super::log_sampler::LogSizeSampler;
use super::super::workspace::{TableCopy, Workspace};
use super::{delete_command, due_condition, purge_command, run_rounds};
use crate::clock;
use crate::load::Report;
use crate::table::{Kind, TableSpec};

/// Results of one repetition, with a purge or without one.
struct Observation {
    /// Duration in seconds.
    time: f64,
    /// Peak size of the log in megabytes.
    log: f64,
    /// Longest write transaction in milliseconds, as reported by sessctl.
    hold: Option<f64>,
    report: Report,
}

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
        all.none.push(measure_baseline(&copy, options, time)?);
        Ok(())
    })?;
    Ok(section(&all, options, rows))
}

fn measure(copy: &TableCopy, options: &Options, invocation: &Invocation) -> Result<Observation> {
    let now = clock::now();
    let sampler = LogSizeSampler::start(&copy.path);
    let (measurement, report, _) = run_under_load(copy, options.rate, || invocation.run(copy))?;
    let log = megabytes(sampler.peak());
    let left =
        copy.query_i64(&format!("SELECT count(*) FROM sessions WHERE {}", due_condition(now)))?;
    ensure!(left == 0, "{} has left {left} due rows", invocation.program.display());
    ensure!(report.lost == 0, "{} has lost {} touches", invocation.program.display(), report.lost);
    let hold = measurement.json_number("longest_hold_ms").ok();
    Ok(Observation { time: measurement.wall_time.as_secs_f64(), log, hold, report })
}

fn measure_baseline(copy: &TableCopy, options: &Options, time: Duration) -> Result<Observation> {
    let sampler = LogSizeSampler::start(&copy.path);
    let ((), report, time) = run_under_load(copy, options.rate, || {
        thread::sleep(time);
        Ok(())
    })?;
    ensure!(report.lost == 0, "{} touches were lost without a purge", report.lost);
    let log = megabytes(sampler.peak());
    Ok(Observation { time: time.as_secs_f64(), log, hold: None, report })
}

fn values(observed: &[Observation], figure: impl Fn(&Observation) -> f64) -> Vec<f64> {
    observed.iter().map(figure).collect()
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
        options.rate
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
