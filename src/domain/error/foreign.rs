//! Databases without a table of sessions.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// There is no file, and sessctl can create one.
    File,
    /// There is no file, and its application would have created it.
    ApplicationFile,
    /// Another reason, such as the messages of the nodes of a cluster.
    Other(String),
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File | Self::ApplicationFile => Ok(()),
            Self::Other(why) => write!(f, ": {why}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignContent {
    /// Nothing: an empty file, or a database without tables.
    Nothing,
    /// The tables of an older sessctl.
    Outdated,
    /// Tables that no profile fits by itself.
    Tables(NextStep),
    /// Other tables than the one that was named.
    NoSuchTable(NextStep),
    /// A file of another kind.
    File(FileKind),
    /// Anything else, such as the tables of a newer sessctl.
    Other,
}

/// Next step for a database whose table of sessions is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// A profile fits a table by its columns, but not by its values.
    Check(TableProfile),
    /// Profiles fit, but have to be named.
    Choose(Vec<TableProfile>),
    /// A table with a similar name may be the one that is meant.
    Table(String),
    /// Write a profile: for this table, if it looks like one of sessions.
    Draft(Option<String>),
}

/// Table with a profile that fits it, at least by its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProfile {
    pub table: String,
    pub profile: String,
    /// Set if the profile finds the table without being told its name.
    pub finds_table: bool,
    /// Set if the table is enough to find the profile.
    pub is_detected: bool,
}

/// Kind of a file that is not an SQLite database, as far as it suggests a remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Compressed by this program.
    Compressed(&'static str),
    Archive,
    /// The text of SQL statements.
    Dump,
    /// The write-ahead log, the journal or the shared memory of a database.
    Sidecar,
    Encrypted,
}
