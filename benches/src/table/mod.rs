//! Tables to purge: each a pure function of its description, a seed and the time.

mod django;
mod native;
mod usual;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use rusqlite::{Connection, OpenFlags};

use crate::random::{self, Random};

/// How long a session may stay unused: long enough for the live ones to stay live
/// while everything is measured.
pub const IDLE_TIMEOUT: i64 = 4 * 3600;
/// The live sessions have been used within this many seconds,
const RECENT: u64 = 300;
/// and not within these: what changes from now on can be told by its time.
const JUST_NOW: u64 = 60;
/// What a row takes without any padding, about.
const BARE: usize = 110;
/// Enough to hold a table of ten million rows: with less, rows that come in random
/// order would be read and written again and again.
const CACHE: &str = "-3000000";

/// Whose table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// sessctl's own, made by `sessctl init`
    Native,
    /// What most applications have: a rowid table with an index on its expiry time
    Usual,
    /// The table of `django.contrib.sessions` in Django 5.2
    Django,
}

/// Where the rows that are due lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Anywhere
    Scattered,
    /// At the beginning of the range of keys
    First,
    /// At the end of the range of keys
    Last,
    /// Among the rows that were inserted first: at the beginning of a rowid table,
    /// and anywhere in one that lies in the order of its keys
    Oldest,
}

/// What a table is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Whose table it is.
    pub kind: Kind,
    /// How many rows it has.
    pub rows: u64,
    /// The share of them that is due.
    pub due: f64,
    /// Where those lie.
    pub layout: Layout,
    /// How many bytes a row takes, about.
    pub bytes: usize,
    /// What everything random in it follows from.
    pub seed: u64,
}

impl Spec {
    /// A table of which half is due, anywhere in it.
    pub const fn half(kind: Kind, rows: u64) -> Self {
        Self { kind, rows, due: 0.5, layout: Layout::Scattered, bytes: BARE, seed: 1 }
    }

    /// Builds it as a new file. `sessctl` is the program that makes native ones.
    pub fn build(&self, path: &Path, sessctl: &Path, now: i64) -> Result<()> {
        ensure!(!path.exists(), "{} is there already", path.display());
        ensure!((0.0..=1.0).contains(&self.due), "a share lies between 0 and 1, not {}", self.due);
        match self.kind {
            Kind::Native => native::build(self, path, sessctl, now),
            Kind::Usual => usual::build(self, path, now),
            Kind::Django => django::build(self, path, now),
        }
        .with_context(|| format!("could not build {}", path.display()))
    }

    /// The row of this number, in the order of the inserts, which is random against
    /// that of the keys.
    fn row(&self, number: u64, now: i64) -> Row {
        let (id, place) = random::id(&random::token(self.seed, number));
        let mut random = Random::new(self.seed, number);
        let is_due = match self.layout {
            Layout::Scattered => random.fraction() < self.due,
            Layout::First => place < self.due,
            Layout::Last => place >= 1.0 - self.due,
            Layout::Oldest => {
                crate::stats::float(number) < self.due * crate::stats::float(self.rows)
            }
        };
        let unused = if is_due {
            IDLE_TIMEOUT + 3600 + random.below(24 * 3600).cast_signed()
        } else {
            (JUST_NOW + random.below(RECENT - JUST_NOW)).cast_signed()
        };
        let last_used_at = now - unused;
        let created_at = last_used_at - random.below(3600).cast_signed();
        Row { id, is_due, created_at, last_used_at, random }
    }

    /// The tokens of the first live sessions, at most so many.
    pub fn live_tokens(&self, most: usize) -> Vec<String> {
        let live = (0..self.rows).filter(|number| !self.row(*number, 0).is_due);
        live.take(most).map(|number| random::token(self.seed, number)).collect()
    }
}

/// Names the file of such a table.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, rows, due, layout, bytes, seed } = self;
        write!(f, "{kind:?}-{rows}-{due}-{layout:?}-{bytes}-{seed}.db")
    }
}

/// What all kinds of tables have in common.
struct Row {
    id: String,
    is_due: bool,
    created_at: i64,
    last_used_at: i64,
    random: Random,
}

impl Row {
    fn user(&mut self, bytes: usize) -> String {
        let mut user = format!("user{:05}", self.random.below(50_000));
        user.extend(std::iter::repeat_n('x', bytes.saturating_sub(BARE)));
        user
    }

    fn task(&mut self) -> &'static str {
        ["imap", "http", "jmap"][self.random.place(3)]
    }

    fn client(&mut self) -> String {
        let [_, _, _, _, a, b, c, _] = self.random.bits().to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }
}

/// Opens a table to fill it. Nobody needs it if this fails, so nothing is synced and
/// nothing can be rolled back.
fn open_to_fill(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    Ok(connection)
}

/// A new file.
fn create(path: &Path) -> Result<Connection> {
    open_to_fill(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Gives a filled table the log that it is used with.
fn finish(connection: Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Runs `sessctl init`, under a configuration if one is named.
pub fn init(sessctl: &Path, path: &Path, config: Option<&PathBuf>) -> Result<()> {
    let mut command = Command::new(sessctl);
    command.arg("--db").arg(path);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    let output = command.arg("init").output().with_context(|| {
        format!("could not run {}: build it, or name it with --sessctl", sessctl.display())
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} init: {}", sessctl.display(), said.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(layout: Layout) -> Vec<(u64, String)> {
        let spec = Spec { due: 0.25, layout, ..Spec::half(Kind::Usual, 4000) };
        let rows = (0..spec.rows).map(|number| (number, spec.row(number, 1_000_000_000)));
        rows.filter(|(_, row)| row.is_due).map(|(number, row)| (number, row.id)).collect()
    }

    #[test]
    fn the_due_rows_are_as_many_as_asked_for_and_lie_where_they_should() {
        for layout in [Layout::Scattered, Layout::First, Layout::Last, Layout::Oldest] {
            let due = due(layout);
            assert!((900..1100).contains(&due.len()), "{layout:?}: {}", due.len());
            match layout {
                Layout::First => assert!(due.iter().all(|(_, id)| id.as_str() < "4")),
                Layout::Last => assert!(due.iter().all(|(_, id)| id.as_str() >= "c")),
                Layout::Oldest => assert!(due.iter().all(|(number, _)| *number < 1000)),
                Layout::Scattered => {}
            }
        }
    }

    #[test]
    fn live_rows_stay_live_for_hours_and_due_ones_have_been_due_for_one() {
        let now = 1_000_000_000;
        let spec = Spec::half(Kind::Usual, 1000);
        for number in 0..spec.rows {
            let row = spec.row(number, now);
            let over_at = row.last_used_at + IDLE_TIMEOUT;
            assert!(if row.is_due { over_at <= now - 3600 } else { over_at > now + 3 * 3600 });
            assert!(row.created_at <= row.last_used_at);
        }
    }

    #[test]
    fn the_tokens_are_those_of_the_live_rows() {
        let spec = Spec::half(Kind::Native, 50);
        let tokens = spec.live_tokens(usize::MAX);
        let live = (0..50).map(|number| spec.row(number, 0)).filter(|row| !row.is_due);
        assert!(live.map(|row| row.id).eq(tokens.iter().map(|token| random::id(token).0)));
        assert_eq!(spec.live_tokens(3).len(), 3);
    }
}
