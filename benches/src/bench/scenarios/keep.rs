//! A purge that ends sessions and keeps their rows.

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::Section;
use super::super::process::{Run, Task};
use super::over;
use super::pair::Pair;
use crate::clock;
use crate::table::{Kind, Spec};

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(1_000_000));
    // Its defaults, whatever the machine has in /etc.
    let config = bed.file("keep.toml", "")?;
    let pair = Pair::of(
        options,
        || bed.copy(&spec),
        |copy| end(&Task::sessctl(bed, &copy.path, &config, &["purge"]), copy),
        |copy| end(&one_update(copy), copy),
    )?;
    let mut section = Section::default();
    section.add(pair.time("time", "one UPDATE in the sqlite3 shell"));
    section.add(pair.log("log peak", "one UPDATE"));
    section.add(pair.memory("peak memory", "one UPDATE"));
    section.add(pair.hold("longest hold")?);
    section.note(format!("{} rows, half of them due.", spec.rows));
    Ok(section)
}

fn one_update(copy: &Copy) -> Task {
    let now = clock::now();
    let sql =
        format!("UPDATE sessions SET ended_at = {now}, end_reason = 'expired' WHERE {}", over(now));
    Task::shell(&copy.path, &sql)
}

/// Runs it and makes sure that all rows are still there and the due ones have ended.
fn end(task: &Task, copy: &Copy) -> Result<Run> {
    let now = clock::now();
    let count = "SELECT count(*) FROM sessions";
    let before = copy.ask(count)?;
    let due = copy.ask(&format!("{count} WHERE {}", over(now)))?;
    let run = task.run(copy)?;
    let after = (copy.ask(count)?, copy.ask(&format!("{count} WHERE end_reason = 'expired'"))?);
    let program = task.program.display();
    ensure!(after == (before, due), "{program} has left (rows, ended) {after:?}");
    Ok(run)
}
