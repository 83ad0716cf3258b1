//! A purge of half of a table without other writers.

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::invocation::{Invocation, Measurement};
use super::super::workspace::Workspace;
use super::comparison::{Comparison, seconds};
use super::{delete_command, purge_command, run_rounds, run_verified};
use crate::clock;
use crate::table::{Kind, Layout, TableSpec};

#[derive(Default)]
struct Results {
    comparison: Comparison,
    fast: Vec<Measurement>,
    generic: Vec<Measurement>,
    oldest: Vec<Measurement>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let rows = options.scaled(1_000_000);
    let supports_fast = supports_fast(workspace)?;
    let mut results = Results::default();
    run_rounds(options, || {
        let native = TableSpec::half_due(Kind::Native, rows);
        let copy = workspace.copy(&native)?;
        results.comparison.baseline.push(run_verified(&delete_command(&copy.path), &copy)?);
        let copy = workspace.copy(&native)?;
        results
            .comparison
            .measured
            .push(run_verified(&purge_command(workspace, &copy.path, &[])?, &copy)?);
        if supports_fast {
            let copy = workspace.copy(&native)?;
            results
                .fast
                .push(run_verified(&purge_command(workspace, &copy.path, &["--fast"])?, &copy)?);
        }
        results
            .generic
            .push(delete_from_generic(workspace, TableSpec::half_due(Kind::Generic, rows))?);
        let oldest =
            TableSpec { layout: Layout::Oldest, ..TableSpec::half_due(Kind::Generic, rows) };
        results.oldest.push(delete_from_generic(workspace, oldest)?);
        Ok(())
    })?;
    section(results, rows)
}

/// Deletes the due rows of a generic table by one DELETE.
fn delete_from_generic(workspace: &Workspace, spec: TableSpec) -> Result<Measurement> {
    let copy = workspace.copy(&spec)?;
    let now = clock::now();
    let sql = format!("DELETE FROM sessions WHERE expires_at < {now}");
    let measurement = Invocation::sqlite3(&copy.path, &sql).run(&copy)?;
    let left =
        copy.query_i64(&format!("SELECT count(*) FROM sessions WHERE expires_at < {now}"))?;
    ensure!(left == 0, "the DELETE has left {left} rows of the usual table");
    Ok(measurement)
}

fn supports_fast(workspace: &Workspace) -> Result<bool> {
    let help = Invocation::new(workspace.sessctl(), ["purge", "--help"]).stdout()?;
    Ok(help.contains("--fast"))
}

fn section(results: Results, rows: u64) -> Result<Section> {
    const DELETE: &str = "one DELETE in the sqlite3 shell, same table";
    let mut section = Section::default();
    let Results { comparison, fast, generic, oldest } = results;
    section.add(comparison.time("time", DELETE).with_target(Target::MaxRatio(1.3)));
    let others = [
        ("one DELETE, usual table", generic, Target::MaxFraction(8.0)),
        ("one DELETE, usual table, the due rows being the oldest", oldest, Target::None),
    ];
    for (label, measurements, target) in others.into_iter().filter(|(_, all, _)| !all.is_empty()) {
        let time = Figure::new("time", Unit::Seconds, seconds(&comparison.measured));
        section.add(time.compared_with(label, seconds(&measurements)).with_target(target));
    }
    if fast.is_empty() {
        section.note("This sessctl has no `purge --fast`.");
    } else {
        let time = Figure::new("time with `--fast`", Unit::Seconds, seconds(&fast));
        section.add(time.compared_with(DELETE, seconds(&comparison.baseline)));
    }
    section.add(comparison.peak_log("log peak", DELETE).with_target(Target::MaxFraction(10.0)));
    section.add(comparison.peak_memory("peak memory", DELETE).with_target(Target::Max(16.0)));
    section.add(comparison.longest_hold("longest hold")?);
    section.note(format!("{rows} rows, half of them due, scattered over the keys."));
    Ok(section)
}
