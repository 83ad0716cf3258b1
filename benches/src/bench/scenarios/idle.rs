//! A purge of half of a table without other writers.

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::process::{Run, Task};
use super::pair::{Pair, seconds};
use super::{one_delete, purge, rounds, run_purge};
use crate::clock;
use crate::table::{Kind, Layout, Spec};

#[derive(Default)]
struct Runs {
    pair: Pair,
    fast: Vec<Run>,
    usual: Vec<Run>,
    oldest: Vec<Run>,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let rows = options.scaled(1_000_000);
    let has_fast = can_be_fast(bed)?;
    let mut runs = Runs::default();
    rounds(options, || {
        let native = Spec::half(Kind::Native, rows);
        let copy = bed.copy(&native)?;
        runs.pair.baseline.push(run_purge(&one_delete(&copy.path), &copy)?);
        let copy = bed.copy(&native)?;
        runs.pair.measured.push(run_purge(&purge(bed, &copy.path, &[])?, &copy)?);
        if has_fast {
            let copy = bed.copy(&native)?;
            runs.fast.push(run_purge(&purge(bed, &copy.path, &["--fast"])?, &copy)?);
        }
        runs.usual.push(usual(bed, Spec::half(Kind::Usual, rows))?);
        let oldest = Spec { layout: Layout::Oldest, ..Spec::half(Kind::Usual, rows) };
        runs.oldest.push(usual(bed, oldest)?);
        Ok(())
    })?;
    section(runs, rows)
}

/// One DELETE on the table that most applications have.
fn usual(bed: &Bed, spec: Spec) -> Result<Run> {
    let copy = bed.copy(&spec)?;
    let now = clock::now();
    let sql = format!("DELETE FROM sessions WHERE expires_at < {now}");
    let run = Task::shell(&copy.path, &sql).run(&copy)?;
    let left = copy.ask(&format!("SELECT count(*) FROM sessions WHERE expires_at < {now}"))?;
    ensure!(left == 0, "the DELETE has left {left} rows of the usual table");
    Ok(run)
}

fn can_be_fast(bed: &Bed) -> Result<bool> {
    let help = Task::new(bed.sessctl(), ["purge", "--help"]).answer()?;
    Ok(help.contains("--fast"))
}

fn section(runs: Runs, rows: u64) -> Result<Section> {
    const DELETE: &str = "one DELETE in the sqlite3 shell, same table";
    let mut section = Section::default();
    let Runs { pair, fast, usual, oldest } = runs;
    section.add(pair.time("time", DELETE).aims_at(Target::Times(1.5)));
    let others = [
        ("one DELETE, usual table", usual, Target::PartIn(8.0)),
        ("one DELETE, usual table, the due rows being the oldest", oldest, Target::None),
    ];
    for (what, runs, target) in others.into_iter().filter(|(_, runs, _)| !runs.is_empty()) {
        let time = Figure::new("time", Unit::Seconds, seconds(&pair.measured));
        section.add(time.beside(what, seconds(&runs)).aims_at(target));
    }
    if fast.is_empty() {
        section.note("This sessctl has no `purge --fast`.");
    } else {
        let time = Figure::new("time with `--fast`", Unit::Seconds, seconds(&fast));
        section.add(time.beside(DELETE, seconds(&pair.baseline)));
    }
    section.add(pair.log("log peak", DELETE).aims_at(Target::PartIn(10.0)));
    section.add(pair.memory("peak memory", DELETE).aims_at(Target::Most(16.0)));
    section.add(pair.hold("longest hold")?);
    section.note(format!("{rows} rows, half of them due, scattered over the keys."));
    Ok(section)
}
