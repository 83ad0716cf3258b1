//! A purge of Django's table, beside Django's own command.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use rusqlite::Connection;

use super::super::Options;
use super::super::bed::{Bed, Copy};
use super::super::figure::{Section, Target};
use super::super::process::{Run, Task};
use super::pair::Pair;
use super::python;
use crate::table::{Kind, Layout, Spec};

/// How Django is told of its database.
const SETTINGS: &str = "
SECRET_KEY = 'benches'
INSTALLED_APPS = ['django.contrib.sessions']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': DB}}
USE_TZ = True
";
const CLEAR: &str = "`clearsessions`";

/// How the file keeps what has not been committed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Journal {
    /// In a write-ahead log, as most who care about speed have it.
    Log,
    /// In a rollback journal, as Django makes the file.
    Rollback,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let mut section = Section::default();
    let Some(python) = python() else {
        section.note("Django is not installed: no comparison.");
        return Ok(section);
    };
    let scattered = Spec::half(Kind::Django, options.scaled(1_000_000));
    let oldest = Spec { layout: Layout::Oldest, ..scattered };
    let few = Spec { due: 0.01, ..oldest };
    let aim = Target::Times(0.75);
    let scenes = [
        ("no other writers, `--fast`", scattered, Journal::Log, "--fast", aim),
        ("the oldest due, `--fast`", oldest, Journal::Log, "--fast", aim),
        ("short holds", scattered, Journal::Log, "--hold=2ms", Target::None),
        ("the oldest due, short holds", oldest, Journal::Log, "--hold=2ms", Target::None),
        ("rollback journal, `--fast`", scattered, Journal::Rollback, "--fast", Target::None),
        ("rollback journal", scattered, Journal::Rollback, "--hold=2ms", Target::None),
        ("the oldest 1 % due", few, Journal::Log, "--hold=2ms", Target::None),
    ];
    for (what, spec, journal, arg, target) in scenes {
        let pair = Pair::of(
            options,
            || copy(bed, &spec, journal),
            |copy| purge(bed, copy, arg),
            |copy| clear_sessions(bed, copy, &python),
        )?;
        section.add(pair.time(format!("time, {what}"), CLEAR).aims_at(target));
        section.add(pair.hold(format!("longest hold, {what}"))?);
        section.add(pair.log(format!("log peak, {what}"), CLEAR));
        section.add(pair.memory(format!("peak memory, {what}"), CLEAR));
    }
    section.note(format!(
        "{} rows, half of them due unless stated otherwise: scattered over the table, or its oldest \
         rows, as in a table that has grown in use. With the indexes that Django creates, on the \
         key and on the time.",
        scattered.rows
    ));
    Ok(section)
}

fn copy(bed: &Bed, spec: &Spec, journal: Journal) -> Result<Copy> {
    let copy = bed.copy(spec)?;
    if journal == Journal::Rollback {
        Connection::open(&copy.path)?.pragma_update(None, "journal_mode", "DELETE")?;
    }
    Ok(copy)
}

/// Runs something that deletes what is over, and makes sure that it has deleted that
/// and nothing else.
fn checked(task: &Task, copy: &Copy) -> Result<Run> {
    // What is due has been so for an hour, and what is not will not be for as long.
    let live = "SELECT count(*) FROM django_session WHERE expire_date > datetime('now')";
    let before = copy.ask(live)?;
    let run = task.run(copy)?;
    let after = copy.ask("SELECT count(*) FROM django_session")?;
    ensure!(before == after, "{} has left {after} of {before} rows", task.program.display());
    Ok(run)
}

fn purge(bed: &Bed, copy: &Copy, arg: &str) -> Result<Run> {
    let config = bed.file("django.toml", "profile = \"django\"\n")?;
    let state = bed.folder().join("state");
    let Some(state) = state.to_str() else { bail!("{} is no UTF-8", state.display()) };
    let args = ["purge", "--state-dir", state, arg];
    checked(&Task::sessctl(bed, &copy.path, &config, &args), copy)
}

/// Django's own command.
fn clear_sessions(bed: &Bed, copy: &Copy, python: &Path) -> Result<Run> {
    let name = format!("DB = {:?}", copy.path.display().to_string());
    bed.file("benches_settings.py", &format!("{name}\n{SETTINGS}"))?;
    let args = ["-B", "-m", "django", "clearsessions", "--settings", "benches_settings"];
    let mut task = Task::new(python, args);
    task.env.push(("PYTHONPATH", bed.folder().into()));
    checked(&task, copy)
}
