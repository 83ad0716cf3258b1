//! A purge in a database with a rollback journal, where readers and writers wait for
//! each other.

use anyhow::Result;
use rusqlite::Connection;

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::Section;
use super::pair::Pair;
use super::{one_delete, purge, run_purge};
use crate::table::{Kind, Spec};

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(1_000_000));
    let pair = Pair::of(
        options,
        || without_log(bed.copy(&spec)?),
        |copy| run_purge(&purge(bed, &copy.path, &[])?, copy),
        |copy| run_purge(&one_delete(&copy.path), copy),
    )?;
    let mut section = Section::default();
    section.add(pair.time("time", "one DELETE in the sqlite3 shell"));
    section.add(pair.log("journal peak", "one DELETE"));
    section.add(pair.hold("longest hold")?);
    section.note(format!("{} rows, half of them due; journal_mode = DELETE.", spec.rows));
    Ok(section)
}

fn without_log(copy: Copy) -> Result<Copy> {
    Connection::open(&copy.path)?.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(copy)
}
