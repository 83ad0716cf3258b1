//! Purges of Django's table in cases where a batch of the usual size would take too long.

use anyhow::{Result, ensure};
use rusqlite::Connection;

use super::super::Options;
use super::super::figure::{Section, Target};
use super::super::invocation::{Invocation, Measurement};
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::django_table::{
    CLEARSESSIONS, Journal, clearsessions_command, compare, copy, purge_command, verified,
};
use crate::print_status;
use crate::table::{Kind, Layout, TableSpec};

/// Child table with one row for each session. Each deleted session costs a scan of it.
const CHILD_TABLE: &str = "
    CREATE TABLE login (
        id INTEGER PRIMARY KEY,
        session_key varchar(40) NOT NULL
            REFERENCES django_session (session_key) ON DELETE CASCADE
    );
    INSERT INTO login (session_key) SELECT session_key FROM django_session;";
const ORPHANS: &str = "
    SELECT count(*) FROM login WHERE session_key NOT IN (SELECT session_key FROM django_session)";
/// Rows of the table with a child table: the time grows with the square of their number.
const PARENT_ROWS: u64 = 10_000;
/// Limit of the longest hold in milliseconds: twice the default of `--hold`.
const MAX_HOLD: f64 = 4.0;

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let parent = TableSpec::half_due(Kind::Django, options.scaled(PARENT_ROWS));
    print_status("  child table");
    let comparison = Comparison::measure(
        options,
        || with_child_table(workspace, &parent),
        |copy| run_with_child_table(&purge_command(workspace, &copy.path, &[])?, copy),
        |copy| run_with_child_table(&clearsessions_command(workspace, &copy.path)?, copy),
    )?;
    let label = format!("child table ({} rows)", parent.rows);
    add(&mut section, &comparison, &label, Target::None)?;
    for (label, spec) in shapes(options) {
        let spec = TableSpec { rows: options.scaled(spec.rows), ..spec };
        let label = format!("{label} ({} rows)", spec.rows);
        print_status(&format!("  {label}"));
        let copy = || copy(workspace, &spec, Journal::Wal);
        let comparison = compare(workspace, options, copy, &[])?;
        add(&mut section, &comparison, &label, Target::Max(MAX_HOLD))?;
    }
    section.note(
        "Django's table with a write-ahead log. Half of the rows are due and scattered unless \
         stated otherwise. The child table has one row for each session, `ON DELETE CASCADE`, and \
         no index on the reference.",
    );
    Ok(section)
}

/// Other tables, each with a label that names the difference from the scenario `django`.
fn shapes(options: &Options) -> Vec<(&'static str, TableSpec)> {
    let standard = TableSpec::half_due(Kind::Django, 1_000_000);
    let with_row_bytes = |row_bytes, rows| TableSpec { rows, row_bytes, ..standard };
    let few = TableSpec { due_share: 0.01, layout: Layout::Oldest, ..standard };
    let mut shapes = vec![
        ("rows of 1 kB", with_row_bytes(1_000, 300_000)),
        ("rows of 10 kB", with_row_bytes(10_000, 50_000)),
        ("rows of 100 kB", with_row_bytes(100_000, 5_000)),
        ("the oldest 1 % due", few),
    ];
    if options.large {
        shapes.push(("large table", TableSpec { rows: 10_000_000, ..standard }));
    }
    shapes
}

fn with_child_table(workspace: &Workspace, spec: &TableSpec) -> Result<TableCopy> {
    let copy = copy(workspace, spec, Journal::Wal)?;
    Connection::open(&copy.path)?.execute_batch(CHILD_TABLE)?;
    Ok(copy)
}

/// Runs a deletion of expired sessions, and verifies that their rows in the child table are gone.
fn run_with_child_table(invocation: &Invocation, copy: &TableCopy) -> Result<Measurement> {
    let measurement = verified(copy, || invocation.run(copy))?;
    let orphans = copy.query_i64(ORPHANS)?;
    ensure!(orphans == 0, "{} has left {orphans} orphans", invocation.program.display());
    Ok(measurement)
}

fn add(
    section: &mut Section,
    comparison: &Comparison,
    label: &str,
    max_hold: Target,
) -> Result<()> {
    section.add(comparison.time(format!("time, {label}"), CLEARSESSIONS));
    let hold = comparison.longest_hold(format!("longest hold, {label}"))?;
    section.add(hold.with_target(max_hold));
    section.add(comparison.peak_log(format!("log peak, {label}"), CLEARSESSIONS));
    Ok(())
}
