//! Tables of sessions that belong to frameworks. They are described by profiles, and
//! their schema is never changed.

use std::path::Path;

use super::Access;
use crate::domain::error::Result;
use crate::domain::port::Store;
use crate::domain::profile::{Difference, Expiry, Profile};
use crate::domain::time::UnixTime;

/// Opens a framework's table, as a profile describes it. The ledger and the leases are
/// in a file of sessctl's own in the folder `state`, which is made when something is to
/// be changed.
///
/// # Errors
/// [`Error::Missing`](crate::domain::error::Error::Missing) and
/// [`Error::NotOurs`](crate::domain::error::Error::NotOurs) if there is no such table,
/// [`Error::Refused`](crate::domain::error::Error::Refused) if it is another than the
/// profile describes or the profile lacks a parameter, and whatever keeps the files from
/// being opened.
pub fn open(
    _path: &Path,
    _access: Access,
    _profile: Profile,
    _state: &Path,
) -> Result<Box<dyn Store>> {
    todo!()
}

/// Which of these profiles fits the one table of sessions in a file, by the names of its
/// columns and by the values in them.
///
/// # Errors
/// [`Error::NotOurs`](crate::domain::error::Error::NotOurs) if none does, and
/// [`Error::Ambiguous`](crate::domain::error::Error::Ambiguous) if several do, with what
/// was found.
pub fn detect(_path: &Path, _profiles: Vec<Profile>) -> Result<Profile> {
    todo!()
}

/// What a profile finds in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// How the columns differ from those that the table should have.
    pub difference: Option<Difference>,
    /// The rows of the table.
    pub rows: u64,
    /// What the inputs hold, as far as it was looked at.
    pub classes: Vec<Class>,
    /// Some rows, from all over the table.
    pub samples: Vec<Sample>,
    /// How SQLite would look for what is due, and how it would go through the table: a
    /// purpose, and the steps of the plan.
    pub plans: Vec<(String, Vec<String>)>,
    /// Tables that refer to it, and what becomes of their rows, in sentences.
    pub dependents: Vec<String>,
    /// Why a purge would be refused, in sentences; empty: it would not.
    pub refusals: Vec<String>,
    /// What is allowed but looks wrong, in sentences.
    pub warnings: Vec<String>,
}

/// Values of one class in one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The column, with the path in it if there is one.
    pub input: String,
    /// The class, in the words of SQLite's `typeof`.
    pub class: String,
    /// How many of the rows that were looked at have it.
    pub rows: u64,
    /// How many of these cannot be read; 0 where the input is no time.
    pub unreadable: u64,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What people see instead of its id.
    pub handle: String,
    /// The user, if it has one.
    pub user: Option<String>,
    /// Each of its times: the input's name, the value as it stands, and what it means.
    pub times: Vec<(String, String, Option<UnixTime>)>,
    /// When it is over; `None`: it is no session.
    pub expiry: Option<Expiry>,
}

/// Looks at what a profile finds in a file, without changing anything. A table that has
/// other columns has no more than the difference.
///
/// # Errors
/// If there is no such table, and whatever keeps the file from being read.
pub fn examine(_path: &Path, _profile: &Profile, _now: UnixTime) -> Result<Examination> {
    todo!()
}
