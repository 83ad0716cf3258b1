//! A purge beside a reader that keeps the log from being emptied.

use std::cell::RefCell;

use anyhow::Result;
use rusqlite::Connection;

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::Section;
use super::super::process::{Run, Task};
use super::pair::Pair;
use super::{one_delete, purge};
use crate::table::{Kind, Spec};

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(1_000_000));
    let left = RefCell::new(Vec::new());
    let pair = Pair::of(
        options,
        || bed.copy(&spec),
        |copy| {
            let task = Task { may_fail: true, ..purge(bed, &copy.path, &[])? };
            let run = beside_reader(&task, copy)?;
            let rows = copy.ask("SELECT count(*) FROM sessions")?;
            left.borrow_mut().push(format!("exit code {}, {rows} rows left", run.code));
            Ok(run)
        },
        |copy| beside_reader(&one_delete(&copy.path), copy),
    )?;
    let mut section = Section::default();
    section.add(pair.time("time", "one DELETE in the sqlite3 shell"));
    section.add(pair.log("log peak", "one DELETE"));
    section.note(format!("{} rows, half of them due.", spec.rows));
    section.note(format!("`sessctl purge`: {}.", left.into_inner().join("; ")));
    Ok(section)
}

/// The reader looks at the table as it was before. Nothing else in this process may
/// open the file meanwhile: to close it would take the reader's lock away.
fn beside_reader(task: &Task, copy: &Copy) -> Result<Run> {
    let reader = Connection::open(&copy.path)?;
    reader.execute_batch("BEGIN")?;
    reader.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, i64>(0))?;
    let run = task.run(copy)?;
    reader.execute_batch("COMMIT")?;
    Ok(run)
}
