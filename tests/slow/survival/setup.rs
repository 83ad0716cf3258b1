//! The table before the purge, and the policies.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{DAY, HOUR, MINUTE, Row, Sandbox, row};
use crate::survival::application::{Application, Serve};
use crate::survival::django;
use crate::survival::harness::Harness;
use crate::survival::ledger_check::{Expectation, ExpectedRows};

/// The name of the configuration.
pub const CONFIG: &str = "sessctl.toml";

/// The owner of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// sessctl's own.
    Native,
    /// Django's. Rows go at once, and what is remembered of it is in another file.
    Django,
}

impl Table {
    /// Arguments that every command needs.
    pub fn args(self) -> &'static [&'static str] {
        match self {
            Self::Native => &[],
            Self::Django => &["--profile", "django"],
        }
    }

    /// Creates the application process with this index.
    pub fn application(self, path: &Path, index: u64, processes: u64) -> Box<dyn Serve> {
        match self {
            Self::Native => Box::new(Application::new(path, index, processes)),
            Self::Django => Box::new(django::Application::new(path, index, processes)),
        }
    }

    /// The table of this name.
    pub fn named(name: &str) -> Self {
        let all = [Self::Native, Self::Django];
        all.into_iter().find(|table| format!("{table:?}") == name).unwrap()
    }
}

/// The journal of SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// Write-ahead log, the default of `init`.
    Wal,
    /// Rollback journal, as on a file system without shared memory.
    Delete,
}

/// The retention of rows of ended sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// For a day, which is the default: sessions end, and rows that ended before go.
    Day,
    /// Not at all: rows go at once.
    None,
    /// For a day in one task, not at all in the other: all of it in one walk.
    Mixed,
}

impl Retention {
    /// True if a purge that ends a session of a task deletes its row in the same step.
    pub fn discards(self, task: &str) -> bool {
        match self {
            Self::Day => false,
            Self::None => true,
            Self::Mixed => task == "http",
        }
    }
}

/// The conditions of a purge.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub table: Table,
    pub journal: Journal,
    pub retention: Retention,
    pub rows: u32,
}

/// A table and its configuration, ready to be copied.
pub struct Prepared {
    table: Table,
    files: BTreeMap<String, Vec<u8>>,
    expected: Box<dyn Expectation>,
}

impl Prepared {
    pub fn harness(&self) -> Harness {
        let sandbox = Sandbox::without_database();
        for (name, bytes) in &self.files {
            sandbox.file(name, bytes);
        }
        Harness::new(sandbox, self.table, self.expected.copy())
    }
}

impl Setup {
    pub fn prepare(self) -> Prepared {
        let sandbox = match self.table {
            Table::Native => Sandbox::new(),
            Table::Django => Sandbox::without_database(),
        };
        // A purge competes with the touches, which have the lenient form for that.
        let retention = match self.retention {
            Retention::Day => "",
            Retention::None => "retention = \"0\"\n",
            Retention::Mixed => "[policy.http]\nstrict = false\nretention = \"0\"\n",
        };
        let policies = match self.table {
            Table::Native => format!("[policy]\nstrict = false\n{retention}"),
            Table::Django => String::new(),
        };
        sandbox.file(CONFIG, policies);
        // The files are those of an application that has died: it leaves the log behind.
        let db = sandbox.db();
        let mode = if self.journal == Journal::Delete { "DELETE" } else { "WAL" };
        db.pragma_update(None, "journal_mode", mode).unwrap();
        let expected: Box<dyn Expectation> = match self.table {
            Table::Native => {
                sandbox.insert_all(0..self.rows, kind);
                Box::new(ExpectedRows::new(&db, self.retention))
            }
            Table::Django => {
                django::fill(&db, self.rows);
                Box::new(django::ExpectedRows::new(&db))
            }
        };
        Prepared { table: self.table, files: sandbox.files(), expected }
    }
}

/// Row of this number: half of the rows are due to end, an eighth ended long ago and are due to be
/// deleted, another eighth ended just now, and the rest are live.
fn kind(n: u32) -> Row {
    let row = row(&n.to_string()).task(if n % 16 < 8 { "imap" } else { "http" });
    match n % 8 {
        0..4 => row.idle(12 * HOUR),
        4 => row.idle(2 * DAY + HOUR).ended(2 * DAY, "closed"),
        5 => row.idle(HOUR).ended(MINUTE, "closed"),
        _ => row,
    }
}
