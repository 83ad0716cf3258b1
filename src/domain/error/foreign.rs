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
        /// Profile whose columns match a table, but not its values.
        mismatch: Option<String>,
        /// Profiles that fit a table, but have to be named.
        candidates: Vec<String>,
    },
    /// Anything else, such as the tables of a newer sessctl.
    Other,
}
