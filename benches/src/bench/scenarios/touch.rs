//! Touches of many tokens from a file.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::process::Task;
use super::rounds;
use crate::clock;
use crate::stats::float;
use crate::table::{Kind, Spec};

/// Each touch writes.
const ALWAYS: &str = "[policy]\ntouch_resolution = \"0s\"\n";
/// None does, so soon after the last one. No timeout may be so short that it matters.
const SELDOM: &str = "
    [policy]
    timeout = \"1h\"
    min_timeout = \"1h\"
    touch_resolution = \"15m\"";

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(1_000_000));
    let most = usize::try_from(options.scaled(200_000))?;
    let tokens = spec.live_tokens(most);
    let file = bed.file("tokens.txt", &(tokens.join("\n") + "\n"))?;
    let always = bed.file("touch-always.toml", ALWAYS)?;
    let seldom = bed.file("touch-seldom.toml", SELDOM)?;
    let count = tokens.len() as u64;
    let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
    rounds(options, || {
        let copy = bed.copy(&spec)?;
        changed.push(rate(&touch(bed, &copy.path, &always, &file), &copy, count, count)?);
        // From the next second on, a touch that were written could be seen.
        thread::sleep(Duration::from_millis(1100));
        unchanged.push(rate(&touch(bed, &copy.path, &seldom, &file), &copy, count, 0)?);
        Ok(())
    })?;
    let mut section = Section::default();
    let each = |what, rates, least| {
        Figure::new(what, Unit::PerSecond, rates).aims_at(Target::Least(least))
    };
    section.add(each("tokens per second, all changed", changed, 1e5));
    section.add(each("tokens per second, all unchanged", unchanged, 2e5));
    section.note(format!(
        "{count} tokens from a file, in random order of their keys, in a table of {} rows. The \
         time includes the start of the program.",
        spec.rows
    ));
    Ok(section)
}

fn touch(bed: &Bed, db: &Path, config: &Path, tokens: &Path) -> Task {
    let args: [OsString; 7] = [
        "--db".into(),
        db.into(),
        "--config".into(),
        config.into(),
        "touch".into(),
        "--token-file".into(),
        tokens.into(),
    ];
    Task::new(bed.sessctl(), args)
}

/// Tokens a second, having made sure that so many rows changed.
fn rate(task: &Task, copy: &Copy, tokens: u64, expected: u64) -> Result<f64> {
    let now = clock::now();
    let run = task.run(copy)?;
    let sql = format!("SELECT count(*) FROM sessions WHERE last_used_at >= {now}");
    let changed = copy.ask(&sql)?.cast_unsigned();
    ensure!(changed == expected, "{changed} rows have changed, and not {expected}");
    Ok(float(tokens) / run.wall.as_secs_f64())
}
