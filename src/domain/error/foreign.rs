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
    Tables {
        /// True if the columns of a table match a profile, but the table cannot be used.
        is_known: bool,
        /// Profiles whose columns match a table, but not its values.
        mismatches: Vec<String>,
        /// Tables with a profile that fits, but has to be named.
        candidates: Vec<(String, String)>,
    },
    /// Anything else, such as the tables of a newer sessctl.
    Other,
}
