//! Generated tables of sessions, each determined by its specification and the current time.

mod django;
mod generic;
mod native;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use rusqlite::{Connection, OpenFlags};

use crate::random::{self, Rng};

pub use django::{data as django_data, micros as django_micros};

/// Idle timeout of the sessions in seconds, long enough that live sessions stay live during a
/// benchmark.
pub const IDLE_TIMEOUT: i64 = 4 * 3600;
/// Maximum time in seconds since the last use of a live session.
const MAX_IDLE: u64 = 300;
/// Minimum time in seconds since the last use of a live session, so that later touches can be
/// told by their time.
const MIN_IDLE: u64 = 60;
/// Approximate size of a row without padding.
const UNPADDED_ROW_BYTES: usize = 110;
/// Page cache in KiB, large enough for a table of ten million rows. With a smaller one, inserts in
/// random order would read and write pages repeatedly.
const CACHE_SIZE: &str = "-3000000";

/// Schema of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// sessctl's own table, created by `sessctl init`
    Native,
    /// The usual table of an application: a rowid table with an index on the expiry time
    Generic,
    /// The table of `django.contrib.sessions` in Django 5.2
    Django,
}

/// Position of the due rows in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// Distributed uniformly over the table
    Uniform,
    /// At the beginning of the range of keys
    LowKeys,
    /// At the end of the range of keys
    HighKeys,
    /// The rows that were inserted first: the beginning of a rowid table, and a uniform
    /// distribution in a table that is stored in key order
    Oldest,
}

/// Specification of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableSpec {
    /// Schema of the table.
    pub kind: Kind,
    /// Number of rows.
    pub rows: u64,
    /// Share of the rows that are due, from 0 to 1.
    pub due_share: f64,
    /// Position of the due rows.
    pub layout: Layout,
    /// Approximate size of a row in bytes.
    pub row_bytes: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl TableSpec {
    /// Specifies a table in which half of the rows are due, distributed uniformly.
    pub const fn half_due(kind: Kind, rows: u64) -> Self {
        Self {
            kind,
            rows,
            due_share: 0.5,
            layout: Layout::Uniform,
            row_bytes: UNPADDED_ROW_BYTES,
            seed: 1,
        }
    }

    /// Builds the table in a new file. `sessctl` is the program that creates native tables.
    pub fn build(&self, path: &Path, sessctl: &Path, now: i64) -> Result<()> {
        ensure!(!path.exists(), "{} already exists", path.display());
        ensure!(
            (0.0..=1.0).contains(&self.due_share),
            "the share of due rows must be from 0 to 1, not {}",
            self.due_share
        );
        match self.kind {
            Kind::Native => native::build(self, path, sessctl, now),
            Kind::Generic => generic::build(self, path, now),
            Kind::Django => django::build(self, path, now),
        }
        .with_context(|| format!("could not build {}", path.display()))
    }

    /// Generates the row with this number in the order of insertion, which is independent of the
    /// key order.
    fn row(&self, number: u64, now: i64) -> Row {
        let (id, position) = random::session_id(&random::token(self.seed, number));
        let mut random = Rng::new(self.seed, number);
        let is_due = match self.layout {
            Layout::Uniform => random.fraction() < self.due_share,
            Layout::LowKeys => position < self.due_share,
            Layout::HighKeys => position >= 1.0 - self.due_share,
            Layout::Oldest => {
                crate::stats::to_f64(number) < self.due_share * crate::stats::to_f64(self.rows)
            }
        };
        let idle = if is_due {
            IDLE_TIMEOUT + 3600 + random.below(24 * 3600).cast_signed()
        } else {
            (MIN_IDLE + random.below(MAX_IDLE - MIN_IDLE)).cast_signed()
        };
        let last_used_at = now - idle;
        let created_at = last_used_at - random.below(3600).cast_signed();
        Row { id, is_due, created_at, last_used_at, random }
    }

    /// Returns the tokens of the first live sessions, at most `max`.
    pub fn live_tokens(&self, max: usize) -> Vec<String> {
        let live = (0..self.rows).filter(|number| !self.row(*number, 0).is_due);
        live.take(max).map(|number| random::token(self.seed, number)).collect()
    }
}

/// Formats the specification as the name of the table's file.
impl fmt::Display for TableSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, rows, due_share, layout, row_bytes, seed } = self;
        write!(f, "{kind:?}-{rows}-{due_share}-{layout:?}-{row_bytes}-{seed}.db")
    }
}

/// Columns that all schemas have in common.
struct Row {
    id: String,
    is_due: bool,
    created_at: i64,
    last_used_at: i64,
    random: Rng,
}

impl Row {
    fn user(&mut self, bytes: usize) -> String {
        let mut user = format!("user{:05}", self.random.below(50_000));
        user.extend(std::iter::repeat_n('x', bytes.saturating_sub(UNPADDED_ROW_BYTES)));
        user
    }

    fn task(&mut self) -> &'static str {
        ["imap", "http", "jmap"][self.random.index(3)]
    }

    fn client(&mut self) -> String {
        let [_, _, _, _, a, b, c, _] = self.random.next_u64().to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }
}

/// Opens a database without syncs and without a journal. A failure leaves a file that is discarded.
fn open_for_bulk_load(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "cache_size", CACHE_SIZE)?;
    Ok(connection)
}

/// Creates a database file for a bulk load.
fn create_file(path: &Path) -> Result<Connection> {
    open_for_bulk_load(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Switches the filled database to a write-ahead log and closes it.
fn enable_wal(connection: Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Runs `sessctl init`, with a configuration file if one is given.
pub fn sessctl_init(sessctl: &Path, path: &Path, config: Option<&PathBuf>) -> Result<()> {
    let mut command = Command::new(sessctl);
    command.arg("--db").arg(path);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    let output = command.arg("init").output().with_context(|| {
        format!("could not run {}: build it, or name it with --sessctl", sessctl.display())
    })?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} init: {}", sessctl.display(), stderr.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(layout: Layout) -> Vec<(u64, String)> {
        let spec =
            TableSpec { due_share: 0.25, layout, ..TableSpec::half_due(Kind::Generic, 4000) };
        let rows = (0..spec.rows).map(|number| (number, spec.row(number, 1_000_000_000)));
        rows.filter(|(_, row)| row.is_due).map(|(number, row)| (number, row.id)).collect()
    }

    #[test]
    fn due_rows_have_the_requested_share_and_layout() {
        for layout in [Layout::Uniform, Layout::LowKeys, Layout::HighKeys, Layout::Oldest] {
            let due = due(layout);
            assert!((900..1100).contains(&due.len()), "{layout:?}: {}", due.len());
            match layout {
                Layout::LowKeys => assert!(due.iter().all(|(_, id)| id.as_str() < "4")),
                Layout::HighKeys => assert!(due.iter().all(|(_, id)| id.as_str() >= "c")),
                Layout::Oldest => assert!(due.iter().all(|(number, _)| *number < 1000)),
                Layout::Uniform => {}
            }
        }
    }

    #[test]
    fn live_rows_stay_live_for_hours_and_due_rows_expired_an_hour_ago() {
        let now = 1_000_000_000;
        let spec = TableSpec::half_due(Kind::Generic, 1000);
        for number in 0..spec.rows {
            let row = spec.row(number, now);
            let expires_at = row.last_used_at + IDLE_TIMEOUT;
            assert!(if row.is_due {
                expires_at <= now - 3600
            } else {
                expires_at > now + 3 * 3600
            });
            assert!(row.created_at <= row.last_used_at);
        }
    }

    #[test]
    fn live_tokens_belong_to_the_live_rows() {
        let spec = TableSpec::half_due(Kind::Native, 50);
        let tokens = spec.live_tokens(usize::MAX);
        let live = (0..50).map(|number| spec.row(number, 0)).filter(|row| !row.is_due);
        assert!(live.map(|row| row.id).eq(tokens.iter().map(|token| random::session_id(token).0)));
        assert_eq!(spec.live_tokens(3).len(), 3);
    }
}
