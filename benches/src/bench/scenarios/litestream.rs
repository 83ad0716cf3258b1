//! A purge of Django's table while Litestream replicates it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, params};

use super::super::Options;
use super::super::figure::{Section, Target};
use super::super::invocation::{Invocation, Measurement};
use super::super::litestream_process::LitestreamProcess;
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::django_table::{Journal, copy, purge_command, python, verified};
use crate::print_status;
use crate::table::{Kind, TableSpec};

/// Number of rows that are in one database and not in the other.
const DIFFERENCES: &str = "
    SELECT (SELECT count(*) FROM (SELECT rowid, * FROM main.django_session
                                  EXCEPT SELECT rowid, * FROM replica.django_session))
         + (SELECT count(*) FROM (SELECT rowid, * FROM replica.django_session
                                  EXCEPT SELECT rowid, * FROM main.django_session))";

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let program = litestream()?;
    let spec = TableSpec::half_due(Kind::Django, options.scaled(300_000));
    let mut section = Section::default();
    for (label, args) in [("default", &[][..]), ("`--fast`", &["--fast"])] {
        print_status(&format!("  {label}"));
        let outcomes = RefCell::new(Vec::new());
        let comparison = Comparison::measure(
            options,
            || copy(workspace, &spec, Journal::Wal),
            |copy| {
                let purge = purge_command(workspace, &copy.path, args)?;
                let measurement = run_with_litestream(&program, &purge, copy)?;
                let rows = copy.query_i64("SELECT count(*) FROM django_session")?;
                let exit_code = measurement.exit_code;
                outcomes.borrow_mut().push(format!("exit code {exit_code}, {rows} rows left"));
                Ok(measurement)
            },
            |copy| verified(copy, || purge_command(workspace, &copy.path, args)?.run(copy)),
        )?;
        let time = comparison.time(format!("time, {label}"), "without Litestream");
        section.add(time.with_target(Target::MaxRatio(1.5)));
        section.add(comparison.peak_log(format!("log peak, {label}"), "without Litestream"));
        section.add(comparison.longest_hold(format!("longest hold, {label}"))?);
        section.note(format!("With Litestream, {label}: {}.", outcomes.into_inner().join("; ")));
    }
    section.note(format!(
        "{} rows, half of them due. After each purge, the restored replica had the same rows.",
        spec.rows
    ));
    Ok(section)
}

/// Program that benches/run has installed.
fn litestream() -> Result<PathBuf> {
    let program = python()?.with_file_name("litestream");
    ensure!(program.exists(), "Litestream is not installed: start this scenario with benches/run");
    Ok(program)
}

/// Runs a purge while Litestream replicates the table, and verifies the rows, unless the purge has
/// stopped early, and those of the replica.
fn run_with_litestream(
    program: &Path,
    purge: &Invocation,
    copy: &TableCopy,
) -> Result<Measurement> {
    let purge = Invocation { allow_failure: true, ..purge.clone() };
    let litestream = LitestreamProcess::start(program, &copy.path)?;
    let measurement = purge.run(copy)?;
    let restored = copy.path.with_extension("restored.db");
    litestream.stop_and_restore(&restored)?;
    let differences = differences(&copy.path, &restored)?;
    ensure!(differences == 0, "{differences} rows of the replica differ");
    let due = "SELECT count(*) FROM django_session WHERE expire_date < datetime('now')";
    let is_done = measurement.exit_code != 0 || copy.query_i64(due)? == 0;
    ensure!(is_done, "{} has left due rows", purge.program.display());
    Ok(measurement)
}

fn differences(db: &Path, replica: &Path) -> Result<i64> {
    let connection = Connection::open(db)?;
    let replica = replica.to_str().context("the path of the replica is not UTF-8")?;
    connection.execute("ATTACH ? AS replica", params![replica])?;
    Ok(connection.query_row(DIFFERENCES, [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_are_counted_in_both_databases() {
        let dir = tempfile::tempdir().unwrap();
        let [db, replica] = ["a.db", "b.db"].map(|name| dir.path().join(name));
        TableSpec::half_due(Kind::Django, 20).build(&db, Path::new(""), 1_000_000_000).unwrap();
        std::fs::copy(&db, &replica).unwrap();
        assert_eq!(differences(&db, &replica).unwrap(), 0);
        let connection = Connection::open(&replica).unwrap();
        connection.execute("DELETE FROM django_session WHERE rowid = 3", []).unwrap();
        connection.execute("UPDATE django_session SET rowid = 30 WHERE rowid = 4", []).unwrap();
        assert_eq!(differences(&db, &replica).unwrap(), 3);
    }
}
