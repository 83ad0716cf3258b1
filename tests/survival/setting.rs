//! The table before the purge, and the policies.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::fixture::{DAY, HOUR, MINUTE, Row, Sandbox, row};
use crate::scene::Scene;

/// The name of the configuration.
pub const CONFIG: &str = "sessctl.toml";

/// How SQLite keeps what it has not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// As `init` sets it up.
    Wal,
    /// As it is on a file system that has no shared memory.
    Delete,
}

/// For how long the rows of ended sessions are kept.
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
    /// Whether a purge that ends a session of a task deletes its row in the same step.
    pub fn discards(self, task: &str) -> bool {
        match self {
            Self::Day => false,
            Self::None => true,
            Self::Mixed => task == "http",
        }
    }
}

/// What a purge finds.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub journal: Journal,
    pub retention: Retention,
    pub rows: u32,
}

/// A table and its configuration, ready to be copied.
pub struct Prepared {
    files: BTreeMap<String, Vec<u8>>,
    book: Book,
}

impl Prepared {
    pub fn scene(&self) -> Scene {
        let sandbox = Sandbox::without_database();
        for (name, bytes) in &self.files {
            sandbox.file(name, bytes);
        }
        Scene::new(sandbox, self.book.clone())
    }
}

impl Setting {
    pub fn prepare(self) -> Prepared {
        let sandbox = Sandbox::new();
        // A purge competes with the touches, which have the lenient form for that.
        let retention = match self.retention {
            Retention::Day => "",
            Retention::None => "retention = \"0\"\n",
            Retention::Mixed => "[policy.http]\nstrict = false\nretention = \"0\"\n",
        };
        sandbox.file(CONFIG, format!("[policy]\nstrict = false\n{retention}"));
        if self.journal == Journal::Delete {
            sandbox.db().pragma_update(None, "journal_mode", "DELETE").unwrap();
        }
        // The files are those of an application that has died: it leaves the log behind.
        let db = sandbox.db();
        sandbox.insert_all(0..self.rows, kind);
        let book = Book::new(&db, self.retention);
        Prepared { files: sandbox.files(), book }
    }
}

/// Half of the rows are due to end, an eighth ended so long ago that they are due to
/// go, another eighth has ended just now, and the rest is in use.
fn kind(n: u32) -> Row {
    let row = row(&n.to_string()).task(if n % 16 < 8 { "imap" } else { "http" });
    match n % 8 {
        0..4 => row.idle(12 * HOUR),
        4 => row.idle(2 * DAY + HOUR).ended(2 * DAY, "closed"),
        5 => row.idle(HOUR).ended(MINUTE, "closed"),
        _ => row,
    }
}
