//! Touches of many tokens from a file.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::invocation::Invocation;
use super::super::workspace::{TableCopy, Workspace};
use super::run_rounds;
use crate::clock;
use crate::stats::to_f64;
use crate::table::{Kind, TableSpec};

/// Configuration under which each touch writes.
const ALWAYS_WRITE: &str = "[policy]\ntouch_resolution = \"0s\"\n";
/// Configuration under which a touch soon after another writes nothing. The timeouts are long
/// enough not to shorten the resolution.
const RARELY_WRITE: &str = "
    [policy]
    timeout = \"1h\"
    min_timeout = \"1h\"
    touch_resolution = \"15m\"";

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(1_000_000));
    let max_tokens = usize::try_from(options.scaled(200_000))?;
    let tokens = spec.live_tokens(max_tokens);
    let file = workspace.file("tokens.txt", &(tokens.join("\n") + "\n"))?;
    let always = workspace.file("touch-always.toml", ALWAYS_WRITE)?;
    let rarely = workspace.file("touch-rarely.toml", RARELY_WRITE)?;
    let count = tokens.len() as u64;
    let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
    run_rounds(options, || {
        let copy = workspace.copy(&spec)?;
        changed.push(rate(&touch(workspace, &copy.path, &always, &file), &copy, count, count)?);
        // Times have whole seconds: a touch that writes shows only from the next second on.
        thread::sleep(Duration::from_millis(1100));
        unchanged.push(rate(&touch(workspace, &copy.path, &rarely, &file), &copy, count, 0)?);
        Ok(())
    })?;
    let mut section = Section::default();
    let each = |what, rates, least| {
        Figure::new(what, Unit::PerSecond, rates).with_target(Target::Min(least))
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

fn touch(workspace: &Workspace, db: &Path, config: &Path, tokens: &Path) -> Invocation {
    let args: [OsString; 7] = [
        "--db".into(),
        db.into(),
        "--config".into(),
        config.into(),
        "touch".into(),
        "--token-file".into(),
        tokens.into(),
    ];
    Invocation::new(workspace.sessctl(), args)
}

/// Touches the tokens, verifies the number of changed rows, and returns the tokens per second.
fn rate(invocation: &Invocation, copy: &TableCopy, tokens: u64, expected: u64) -> Result<f64> {
    let now = clock::now();
    let measurement = invocation.run(copy)?;
    let sql = format!("SELECT count(*) FROM sessions WHERE last_used_at >= {now}");
    let changed = copy.query_i64(&sql)?.cast_unsigned();
    ensure!(changed == expected, "{changed} rows have changed instead of {expected}");
    Ok(to_f64(tokens) / measurement.wall_time.as_secs_f64())
}
