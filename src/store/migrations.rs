//! The versions of the native schema, and the way from each to the next.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::sql::Statement;
use super::transport::Transport;
use super::transport::sqlite::SqliteFile;
use crate::domain::error::{Error, Result};

/// Marks a file as sessctl's: "sctl" in the header's field for that.
const APPLICATION_ID: i64 = 0x7363_746c;

/// The script that leads to version 1, to version 2, and so on.
const SCRIPTS: &[&str] = &[include_str!("../../migrations/0001_sessions.sql")];

/// The version that this program reads and writes: that of the last script.
const VERSION: i64 = 1;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    application: i64,
    version: i64,
}

impl Stamp {
    /// That of a database that nobody has set up.
    const BLANK: Self = Self { application: 0, version: 0 };

    fn of(database: &impl Transport) -> Result<Self> {
        let mut stamp = Self::BLANK;
        database.query(&Statement::new(STAMP), &mut |row| {
            stamp = Self {
                application: row.integer(0).unwrap_or(0),
                version: row.integer(1).unwrap_or(0),
            };
            Ok(ControlFlow::Break(()))
        })?;
        Ok(stamp)
    }
}

const STAMP: &str =
    "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version";
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 4";

/// Brings a database to this program's version.
///
/// The version is read within the transaction that applies the scripts, so that
/// of two programs that start at once one does it and the other finds it done.
///
/// # Errors
/// [`Error::NotOurs`] if it holds another program's tables, or those of a newer
/// sessctl; then it is as it was.
pub fn apply(file: &mut SqliteFile) -> Result<()> {
    let place = file.place().to_owned();
    file.upgrade(|connection| {
        let stamp = connection.query_row(STAMP, [], |row| {
            Ok(Stamp { application: row.get(0)?, version: row.get(1)? })
        })?;
        let tables = tables(connection)?;
        if stamp == Stamp::BLANK && tables.is_empty() {
            return Ok(Ok(Some(script_from(0))));
        }
        Ok(judge(&place, stamp, &tables)
            .map(|()| (stamp.version < VERSION).then(|| script_from(stamp.version))))
    })
}

/// Makes sure that a database is sessctl's, of whatever version.
///
/// # Errors
/// [`Error::NotOurs`] if not.
pub fn check_owner(database: &impl Transport) -> Result<()> {
    let stamp = Stamp::of(database)?;
    if stamp.application == APPLICATION_ID {
        return Ok(());
    }
    judge(database.place(), stamp, &tables_in(database)?)
}

/// The same, but a database without tables may also be nobody's yet.
///
/// # Errors
/// [`Error::NotOurs`] if it is another program's.
pub fn check_owner_if_any(database: &impl Transport) -> Result<()> {
    let is_blank = Stamp::of(database)? == Stamp::BLANK && tables_in(database)?.is_empty();
    if is_blank { Ok(()) } else { check_owner(database) }
}

/// Makes sure that a database is one that this program can work with as it is.
///
/// # Errors
/// [`Error::NotOurs`] if not.
pub fn check(database: &impl Transport) -> Result<()> {
    let stamp = Stamp::of(database)?;
    if (stamp == Stamp { application: APPLICATION_ID, version: VERSION }) {
        return Ok(());
    }
    judge(database.place(), stamp, &tables_in(database)?)?;
    Err(not_ours(
        database.place(),
        format!(
            "its schema has version {}, older than this program's {VERSION}; \
             `sessctl init` brings it up to date",
            stamp.version
        ),
    ))
}

fn judge(place: &str, stamp: Stamp, tables: &[String]) -> Result<()> {
    if stamp.application != APPLICATION_ID {
        let found = if tables.is_empty() {
            "it is an SQLite database without tables; `sessctl init` sets it up".to_owned()
        } else {
            format!("it is another program's, with the tables {}", tables.join(", "))
        };
        return Err(not_ours(place, found));
    }
    if stamp.version > VERSION {
        let found = format!(
            "its schema has version {}, newer than this program's {VERSION}; update sessctl",
            stamp.version
        );
        return Err(not_ours(place, found));
    }
    Ok(())
}

fn not_ours(place: &str, found: String) -> Error {
    Error::NotOurs { at: place.to_owned(), found }
}

fn tables_in(database: &impl Transport) -> Result<Vec<String>> {
    let mut tables = Vec::new();
    database.query(&Statement::new(TABLES), &mut |row| {
        tables.extend(row.text(0));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tables)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare(TABLES)?.query_map([], |row| row.get(0))?.collect()
}

/// All that leads from a version to this program's.
fn script_from(version: i64) -> String {
    let done = usize::try_from(version).unwrap_or(0);
    format!(
        "{}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {VERSION};",
        SCRIPTS[done.min(SCRIPTS.len())..].join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scripts_apply() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&script_from(0)).unwrap();
        let stamp: (i64, i64) =
            connection.query_row(STAMP, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(stamp, (APPLICATION_ID, VERSION));
        assert_eq!(usize::try_from(VERSION), Ok(SCRIPTS.len()));
    }
}
