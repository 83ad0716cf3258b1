//! A purge in a database with a rollback journal, where readers and writers block each other.

use anyhow::Result;
use rusqlite::Connection;

use super::super::Options;
use super::super::figure::Section;
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::{delete_command, purge_command, run_verified};
use crate::table::{Kind, TableSpec};

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(1_000_000));
    let comparison = Comparison::measure(
        options,
        || use_rollback_journal(workspace.copy(&spec)?),
        |copy| run_verified(&purge_command(workspace, &copy.path, &[])?, copy),
        |copy| run_verified(&delete_command(&copy.path), copy),
    )?;
    let mut section = Section::default();
    section.add(comparison.time("time", "one DELETE in the sqlite3 shell"));
    section.add(comparison.peak_log("journal peak", "one DELETE"));
    section.add(comparison.longest_hold("longest hold")?);
    section.note(format!("{} rows, half of them due; journal_mode = DELETE.", spec.rows));
    Ok(section)
}

fn use_rollback_journal(copy: TableCopy) -> Result<TableCopy> {
    Connection::open(&copy.path)?.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(copy)
}
