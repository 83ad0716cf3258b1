use std::time::Duration;

use super::vacuum::DiskUsage;
use crate::domain::health::SqliteVersion;

/// Properties of an SQLite file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInspection {
    /// Journal mode, in SQLite's words: `wal`, `delete`, ….
    pub journal_mode: String,
    pub auto_vacuum: AutoVacuum,
    pub usage: DiskUsage,
    /// How long this program waits for a lock of another.
    pub busy_timeout: Duration,
    /// Version of the library in this program.
    pub own_version: SqliteVersion,
    /// Version of the library that last changed the header of the file, if it has recorded one.
    pub writer_version: Option<SqliteVersion>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoVacuum {
    None,
    Full,
    Incremental,
}

impl AutoVacuum {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }
}

/// Properties of a framework's table that matter for its purge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableInspection {
    pub expiry_index: ExpiryIndexStatus,
    /// Names of its triggers.
    pub triggers: Vec<String>,
}

/// Index by which a purge finds expired rows without reading all others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExpiryIndexStatus {
    Present(String),
    /// The statement that creates it.
    Missing {
        column: String,
        remedy: String,
    },
    /// No index could serve the rules of the table.
    #[default]
    Unusable,
}
