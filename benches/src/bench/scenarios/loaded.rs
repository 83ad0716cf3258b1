//! A purge beside an application that goes on writing.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::application::beside;
use super::super::bed::{Bed, Copy};
use super::super::figure::{Figure, Section, Target, Unit, megabytes};
use super::super::process::Task;
use super::super::watch::LogWatch;
use super::{one_delete, over, purge, rounds};
use crate::clock;
use crate::load::Report;
use crate::table::{Kind, Spec};

/// What was seen of one purge, or of none.
struct Seen {
    time: f64,
    log: f64,
    /// What sessctl says of its longest write transaction.
    hold: Option<f64>,
    report: Report,
}

#[derive(Default)]
struct All {
    none: Vec<Seen>,
    delete: Vec<Seen>,
    purge: Vec<Seen>,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let rows = options.scaled(1_000_000);
    let spec = Spec::half(Kind::Native, rows);
    let mut all = All::default();
    rounds(options, || {
        let copy = bed.copy(&spec)?;
        all.delete.push(watched(&copy, options, &one_delete(&copy.path))?);
        let copy = bed.copy(&spec)?;
        let purged = watched(&copy, options, &purge(bed, &copy.path, &[])?)?;
        // As long as the purge: the longer one looks, the longer is the longest stall.
        let time = Duration::from_secs_f64(purged.time);
        all.purge.push(purged);
        let copy = bed.copy(&spec)?;
        all.none.push(nothing(&copy, options, time)?);
        Ok(())
    })?;
    Ok(section(&all, options, rows))
}

fn watched(copy: &Copy, options: &Options, task: &Task) -> Result<Seen> {
    let now = clock::now();
    let watch = LogWatch::start(&copy.path);
    let (run, report, _) = beside(copy, options.rate, || task.run(copy))?;
    let log = megabytes(watch.peak());
    let left = copy.ask(&format!("SELECT count(*) FROM sessions WHERE {}", over(now)))?;
    ensure!(left == 0, "{} has left {left} rows that are due", task.program.display());
    ensure!(report.lost == 0, "{} has lost {} touches", task.program.display(), report.lost);
    let hold = run.figure("longest_hold_ms").ok();
    Ok(Seen { time: run.wall.as_secs_f64(), log, hold, report })
}

fn nothing(copy: &Copy, options: &Options, time: Duration) -> Result<Seen> {
    let watch = LogWatch::start(&copy.path);
    let ((), report, time) = beside(copy, options.rate, || {
        thread::sleep(time);
        Ok(())
    })?;
    ensure!(report.lost == 0, "without any purge, {} touches are lost", report.lost);
    let log = megabytes(watch.peak());
    Ok(Seen { time: time.as_secs_f64(), log, hold: None, report })
}

fn each(seen: &[Seen], figure: impl Fn(&Seen) -> f64) -> Vec<f64> {
    seen.iter().map(figure).collect()
}

fn section(all: &All, options: &Options, rows: u64) -> Section {
    let (delete, none) = ("one DELETE", "no purge");
    let mut section = Section::default();
    let mut add = |what, unit, figure: fn(&Seen) -> f64, baseline, target| {
        let values = if baseline == none { &all.none } else { &all.delete };
        let measured = Figure::new(what, unit, each(&all.purge, figure));
        section.add(measured.beside(baseline, each(values, figure)).aims_at(target));
    };
    let ms = Unit::Milliseconds;
    add("time", Unit::Seconds, |seen| seen.time, delete, Target::Times(3.0));
    add("application's p99", ms, |seen| seen.report.p99, delete, Target::None);
    add("application's p99", ms, |seen| seen.report.p99, none, Target::None);
    add("application's p99.9", ms, |seen| seen.report.p999, delete, Target::None);
    add("application's p99.9", ms, |seen| seen.report.p999, none, Target::Times(1.3));
    add("longest stall", ms, |seen| seen.report.longest, delete, Target::PartIn(40.0));
    add("longest stall", ms, |seen| seen.report.longest, none, Target::None);
    add("log peak", Unit::Megabytes, |seen| seen.log, delete, Target::PartIn(10.0));
    let holds = all.purge.iter().filter_map(|seen| seen.hold).collect();
    section.add(Figure::new("longest hold", ms, holds));
    section.note(format!(
        "{rows} rows, half of them due; four connections, {} operations per second in total.",
        options.rate
    ));
    for (name, seen) in [("sessctl", &all.purge), (delete, &all.delete), (none, &all.none)] {
        let sum = |figure: fn(&Report) -> u64| -> u64 {
            seen.iter().map(|seen| figure(&seen.report)).sum()
        };
        let (operations, busy, lost) =
            (sum(|all| all.operations), sum(|all| all.busy), sum(|all| all.lost));
        section.note(format!(
            "{name}: {operations} operations, {busy} failed with SQLITE_BUSY, {lost} lost."
        ));
    }
    section
}
