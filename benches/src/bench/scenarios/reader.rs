//! A purge while a reader holds a snapshot, so that the log cannot be reset.

use std::cell::RefCell;

use anyhow::Result;
use rusqlite::Connection;

use super::super::Options;
use super::super::figure::Section;
use super::super::invocation::{Invocation, Measurement};
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::{delete_command, purge_command};
use crate::table::{Kind, TableSpec};

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(1_000_000));
    let outcomes = RefCell::new(Vec::new());
    let comparison = Comparison::measure(
        options,
        || workspace.copy(&spec),
        |copy| {
            let invocation =
                Invocation { allow_failure: true, ..purge_command(workspace, &copy.path, &[])? };
            let measurement = run_with_reader(&invocation, copy)?;
            let rows = copy.query_i64("SELECT count(*) FROM sessions")?;
            outcomes
                .borrow_mut()
                .push(format!("exit code {}, {rows} rows left", measurement.exit_code));
            Ok(measurement)
        },
        |copy| run_with_reader(&delete_command(&copy.path), copy),
    )?;
    let mut section = Section::default();
    section.add(comparison.time("time", "one DELETE in the sqlite3 shell"));
    section.add(comparison.peak_log("log peak", "one DELETE"));
    section.note(format!("{} rows, half of them due.", spec.rows));
    section.note(format!("`sessctl purge`: {}.", outcomes.into_inner().join("; ")));
    Ok(section)
}

/// Runs an invocation while a reader holds a snapshot from before it. Nothing else in this
/// process may open the file meanwhile: closing it would release the reader's lock.
fn run_with_reader(invocation: &Invocation, copy: &TableCopy) -> Result<Measurement> {
    let reader = Connection::open(&copy.path)?;
    reader.execute_batch("BEGIN")?;
    reader.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0))?;
    let measurement = invocation.run(copy)?;
    reader.execute_batch("COMMIT")?;
    Ok(measurement)
}
