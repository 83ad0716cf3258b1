//! A purge of Django's table without an application.

use anyhow::Result;

use super::super::Options;
use super::super::figure::{Section, Target};
use super::super::workspace::Workspace;
use super::django_table::{CLEARSESSIONS, Journal, compare, copy};
use crate::print_status;
use crate::table::{Kind, Layout, TableSpec};

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let scattered = TableSpec::half_due(Kind::Django, options.scaled(1_000_000));
    let oldest = TableSpec { layout: Layout::Oldest, ..scattered };
    let (default, fast) = (Target::MaxRatio(2.0), Target::MaxRatio(0.7));
    let cases = [
        ("WAL", scattered, Journal::Wal, &[][..], default),
        ("rollback journal", scattered, Journal::Rollback, &[], default),
        ("`--fast`, WAL", scattered, Journal::Wal, &["--fast"], fast),
        ("`--fast`, rollback journal", scattered, Journal::Rollback, &["--fast"], fast),
        ("the oldest due, WAL", oldest, Journal::Wal, &[], Target::None),
        ("the oldest due, `--fast`, WAL", oldest, Journal::Wal, &["--fast"], Target::None),
    ];
    for (label, spec, journal, args, target) in cases {
        print_status(&format!("  {label}"));
        let copy = || copy(workspace, &spec, journal);
        let comparison = compare(workspace, options, copy, args)?;
        section.add(comparison.time(format!("time, {label}"), CLEARSESSIONS).with_target(target));
        section.add(comparison.longest_hold(format!("longest hold, {label}"))?);
        section.add(comparison.peak_log(format!("log peak, {label}"), CLEARSESSIONS));
        section.add(comparison.peak_memory(format!("peak memory, {label}"), CLEARSESSIONS));
    }
    section.note(format!(
        "{} rows, half of them due: scattered over the table, or its oldest rows, as in a table \
         that has grown in use. With the indexes that Django creates, on the key and on the time.",
        scattered.rows
    ));
    Ok(section)
}
