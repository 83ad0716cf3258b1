//! A purge of Django's table, compared with Django's `clearsessions`.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use rusqlite::Connection;

use super::super::Options;
use super::super::figure::{Section, Target};
use super::super::invocation::{Invocation, Measurement};
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::django_python;
use crate::table::{Kind, Layout, TableSpec};

/// Django settings; `DB` is the path of the database.
const SETTINGS: &str = "
SECRET_KEY = 'benches'
INSTALLED_APPS = ['django.contrib.sessions']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': DB}}
USE_TZ = True
";
const CLEARSESSIONS: &str = "`clearsessions`";

/// Journal mode of the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Journal {
    /// Write-ahead log, recommended for concurrent access.
    Wal,
    /// Rollback journal, Django's default.
    Rollback,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let Some(python) = django_python() else {
        section.note("Django is not installed: no comparison.");
        return Ok(section);
    };
    let scattered = TableSpec::half_due(Kind::Django, options.scaled(1_000_000));
    let oldest = TableSpec { layout: Layout::Oldest, ..scattered };
    let few = TableSpec { due_share: 0.01, ..oldest };
    let target = Target::MaxRatio(0.75);
    let cases = [
        ("no other writers, `--fast`", scattered, Journal::Wal, "--fast", target),
        ("the oldest due, `--fast`", oldest, Journal::Wal, "--fast", target),
        ("short holds", scattered, Journal::Wal, "--hold=2ms", Target::None),
        ("the oldest due, short holds", oldest, Journal::Wal, "--hold=2ms", Target::None),
        ("rollback journal, `--fast`", scattered, Journal::Rollback, "--fast", Target::None),
        ("rollback journal", scattered, Journal::Rollback, "--hold=2ms", Target::None),
        ("the oldest 1 % due", few, Journal::Wal, "--hold=2ms", Target::None),
    ];
    for (label, spec, journal, arg, target) in cases {
        let comparison = Comparison::measure(
            options,
            || copy(workspace, &spec, journal),
            |copy| run_purge(workspace, copy, arg),
            |copy| run_clearsessions(workspace, copy, &python),
        )?;
        section.add(comparison.time(format!("time, {label}"), CLEARSESSIONS).with_target(target));
        section.add(comparison.longest_hold(format!("longest hold, {label}"))?);
        section.add(comparison.peak_log(format!("log peak, {label}"), CLEARSESSIONS));
        section.add(comparison.peak_memory(format!("peak memory, {label}"), CLEARSESSIONS));
    }
    section.note(format!(
        "{} rows, half of them due unless stated otherwise: scattered over the table, or its oldest \
         rows, as in a table that has grown in use. With the indexes that Django creates, on the \
         key and on the time.",
        scattered.rows
    ));
    Ok(section)
}

fn copy(workspace: &Workspace, spec: &TableSpec, journal: Journal) -> Result<TableCopy> {
    let copy = workspace.copy(spec)?;
    if journal == Journal::Rollback {
        Connection::open(&copy.path)?.pragma_update(None, "journal_mode", "DELETE")?;
    }
    Ok(copy)
}

/// Runs a deletion of expired sessions, and verifies that it deleted all of them and no others.
fn run_verified(invocation: &Invocation, copy: &TableCopy) -> Result<Measurement> {
    // Due rows expired at least an hour ago, and live rows do not expire within an hour.
    let live = "SELECT count(*) FROM django_session WHERE expire_date > datetime('now')";
    let before = copy.query_i64(live)?;
    let measurement = invocation.run(copy)?;
    let after = copy.query_i64("SELECT count(*) FROM django_session")?;
    ensure!(before == after, "{} has left {after} of {before} rows", invocation.program.display());
    Ok(measurement)
}

fn run_purge(workspace: &Workspace, copy: &TableCopy, arg: &str) -> Result<Measurement> {
    let config = workspace.file("django.toml", "profile = \"django\"\n")?;
    let state = workspace.dir().join("state");
    let Some(state) = state.to_str() else { bail!("{} is not UTF-8", state.display()) };
    let args = ["purge", "--state-dir", state, arg];
    run_verified(&Invocation::sessctl(workspace, &copy.path, &config, &args), copy)
}

/// Runs `manage.py clearsessions`.
fn run_clearsessions(
    workspace: &Workspace,
    copy: &TableCopy,
    python: &Path,
) -> Result<Measurement> {
    let name = format!("DB = {:?}", copy.path.display().to_string());
    workspace.file("benches_settings.py", &format!("{name}\n{SETTINGS}"))?;
    let args = ["-B", "-m", "django", "clearsessions", "--settings", "benches_settings"];
    let mut invocation = Invocation::new(python, args);
    invocation.env.push(("PYTHONPATH", workspace.dir().into()));
    run_verified(&invocation, copy)
}
