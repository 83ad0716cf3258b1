//! A purge that ends sessions and keeps their rows.

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::figure::Section;
use super::super::invocation::{Invocation, Measurement};
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::due_condition;
use crate::clock;
use crate::table::{Kind, TableSpec};

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(1_000_000));
    // An empty configuration, so that a file in /etc has no effect.
    let config = workspace.file("keep.toml", "")?;
    let comparison = Comparison::measure(
        options,
        || workspace.copy(&spec),
        |copy| run_verified(&Invocation::sessctl(workspace, &copy.path, &config, &["purge"]), copy),
        |copy| run_verified(&one_update(copy), copy),
    )?;
    let mut section = Section::default();
    section.add(comparison.time("time", "one UPDATE in the sqlite3 shell"));
    section.add(comparison.peak_log("log peak", "one UPDATE"));
    section.add(comparison.peak_memory("peak memory", "one UPDATE"));
    section.add(comparison.longest_hold("longest hold")?);
    section.note(format!("{} rows, half of them due.", spec.rows));
    Ok(section)
}

fn one_update(copy: &TableCopy) -> Invocation {
    let now = clock::now();
    let sql = format!(
        "UPDATE sessions SET ended_at = {now}, end_reason = 'expired' WHERE {}",
        due_condition(now)
    );
    Invocation::sqlite3(&copy.path, &sql)
}

/// Runs a purge, and verifies that all rows are kept and the due ones have ended.
fn run_verified(invocation: &Invocation, copy: &TableCopy) -> Result<Measurement> {
    let now = clock::now();
    let count = "SELECT count(*) FROM sessions";
    let before = copy.query_i64(count)?;
    let due = copy.query_i64(&format!("{count} WHERE {}", due_condition(now)))?;
    let measurement = invocation.run(copy)?;
    let after =
        (copy.query_i64(count)?, copy.query_i64(&format!("{count} WHERE end_reason = 'expired'"))?);
    let program = invocation.program.display();
    ensure!(after == (before, due), "{program} has left (rows, ended) {after:?}");
    Ok(measurement)
}
