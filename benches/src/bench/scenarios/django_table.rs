//! Django's table, purged by sessctl or by Django's `clearsessions`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;

use super::super::Options;
use super::super::invocation::Invocation;
use super::super::workspace::{TableCopy, Workspace};
use super::comparison::Comparison;
use super::django_python;
use crate::table::TableSpec;

/// Django settings; `DB` is the path of the database.
const SETTINGS: &str = "
SECRET_KEY = 'benches'
INSTALLED_APPS = ['django.contrib.sessions']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': DB}}
USE_TZ = True
";
/// Condition of the rows that stay: due rows expired at least an hour ago, and live rows do not
/// expire within an hour.
const LIVE: &str = "expire_date > datetime('now')";
/// Baseline in the figures.
pub const CLEARSESSIONS: &str = "`clearsessions`";

/// Journal mode of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// Write-ahead log, recommended for concurrent access.
    Wal,
    /// Rollback journal, Django's default.
    Rollback,
}

impl Journal {
    pub const ALL: [Self; 2] = [Self::Wal, Self::Rollback];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Wal => "WAL",
            Self::Rollback => "rollback journal",
        }
    }
}

/// Copies `spec` with a journal mode.
pub fn copy(workspace: &Workspace, spec: &TableSpec, journal: Journal) -> Result<TableCopy> {
    let copy = workspace.copy(spec)?;
    if journal == Journal::Rollback {
        Connection::open(&copy.path)?.pragma_update(None, "journal_mode", "DELETE")?;
    }
    Ok(copy)
}

/// `sessctl purge` with additional arguments.
pub fn purge_command(workspace: &Workspace, db: &Path, args: &[&str]) -> Result<Invocation> {
    let config = workspace.file("django.toml", "profile = \"django\"\n")?;
    let state = workspace.dir().join("state");
    let state = state.to_str().with_context(|| format!("{} is not UTF-8", state.display()))?;
    let args = [&["purge", "--state-dir", state], args].concat();
    Ok(Invocation::sessctl(workspace, db, &config, &args))
}

/// `manage.py clearsessions`.
pub fn clearsessions_command(workspace: &Workspace, db: &Path) -> Result<Invocation> {
    let name = format!("DB = {:?}", db.display().to_string());
    workspace.file("benches_settings.py", &format!("{name}\n{SETTINGS}"))?;
    let args = ["-B", "-m", "django", "clearsessions", "--settings", "benches_settings"];
    let mut invocation = Invocation::new(&python()?, args);
    invocation.env.push(("PYTHONPATH", workspace.dir().into()));
    Ok(invocation)
}

/// Virtual environment that benches/run has created, as the path of its interpreter.
pub fn python() -> Result<PathBuf> {
    django_python().context("Django is not installed: start this scenario with benches/run")
}

/// Runs a deletion of expired sessions, and verifies that it deleted all of them and no others,
/// and that the others have kept their rowids.
pub fn verified<T>(copy: &TableCopy, work: impl FnOnce() -> Result<T>) -> Result<T> {
    verified_if(copy, work, |_| true)
}

/// The same for a deletion that may stop early: it may then leave due rows.
pub fn verified_if<T>(
    copy: &TableCopy,
    work: impl FnOnce() -> Result<T>,
    is_complete: impl FnOnce(&T) -> bool,
) -> Result<T> {
    let before = survivors(copy, LIVE)?;
    let outcome = work()?;
    let after = survivors(copy, if is_complete(&outcome) { "true" } else { LIVE })?;
    ensure!(before == after, "(rows, sum of rowids) are {after:?} instead of {before:?}");
    Ok(outcome)
}

/// Number of the rows that meet a condition, and the sum of their rowids.
fn survivors(copy: &TableCopy, condition: &str) -> Result<(i64, i64)> {
    let query = |what: &str| {
        copy.query_i64(&format!("SELECT {what} FROM django_session WHERE {condition}"))
    };
    Ok((query("count(*)")?, query("ifnull(sum(rowid), 0)")?))
}

/// Measures `sessctl purge` against `clearsessions`.
pub fn compare(
    workspace: &Workspace,
    options: &Options,
    copy: impl Fn() -> Result<TableCopy>,
    args: &[&str],
) -> Result<Comparison> {
    Comparison::measure(
        options,
        copy,
        |copy| verified(copy, || purge_command(workspace, &copy.path, args)?.run(copy)),
        |copy| verified(copy, || clearsessions_command(workspace, &copy.path)?.run(copy)),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::table::Kind;

    #[test]
    fn a_changed_rowid_and_a_row_left_are_reported() {
        let dir = tempfile::tempdir().unwrap();
        let args = ["bench", "--sessctl", "/bin/sh", "--keep", dir.path().to_str().unwrap()];
        let workspace = Workspace::new(&Options::parse_from(args)).unwrap();
        let spec = TableSpec::half_due(Kind::Django, 100);
        let purge = "DELETE FROM django_session WHERE expire_date < datetime('now')";
        let change = "UPDATE django_session SET rowid = rowid + 1000";
        for (sql, is_exact) in [
            (purge.to_owned(), true),
            (format!("{purge}; {change}"), false),
            (format!("{purge} AND rowid > 50"), false),
        ] {
            let copy = copy(&workspace, &spec, Journal::Rollback).unwrap();
            let work = || Ok(Connection::open(&copy.path)?.execute_batch(&sql)?);
            assert_eq!(verified(&copy, work).is_ok(), is_exact, "{sql}");
        }
        for (sql, is_exact) in [("", true), ("DELETE FROM django_session", false)] {
            let copy = copy(&workspace, &spec, Journal::Wal).unwrap();
            let work = || Ok(Connection::open(&copy.path)?.execute_batch(sql)?);
            assert_eq!(verified_if(&copy, work, |()| false).is_ok(), is_exact, "{sql}");
        }
    }
}
