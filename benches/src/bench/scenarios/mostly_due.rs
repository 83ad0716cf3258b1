//! A purge of a table in which almost all rows are due.

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Section, Target};
use super::super::workspace::Workspace;
use super::django_table::{CLEARSESSIONS, Journal, compare, copy};
use crate::table::{Kind, TableSpec};

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let rows = options.scaled(1_000_000);
    let spec = TableSpec { due_share: 0.97, ..TableSpec::half_due(Kind::Django, rows) };
    for journal in Journal::ALL {
        let copy = || copy(workspace, &spec, journal);
        let comparison = compare(workspace, options, copy, &["--fast"])?;
        let target = match journal {
            Journal::Wal => Target::None,
            Journal::Rollback => Target::MaxRatio(0.25),
        };
        let label = journal.label();
        section.add(comparison.time(format!("time, {label}"), CLEARSESSIONS).with_target(target));
        section.add(comparison.longest_hold(format!("longest hold, {label}"))?);
        section.add(comparison.peak_log(format!("log peak, {label}"), CLEARSESSIONS));
        section.add(comparison.peak_memory(format!("peak memory, {label}"), CLEARSESSIONS));
    }
    section.note(format!("{rows} rows of Django's table, 97 % of them due; `--fast`."));
    Ok(section)
}
