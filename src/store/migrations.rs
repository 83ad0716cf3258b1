//! The versions of the native schema, and the way from each to the next.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::database::Database;
use super::database::sqlite::SqliteFile;
use super::statement::Statement;
use crate::domain::error::{Error, Result};

/// Marks a file as sessctl's: "sctl" in the header's field for that.
const APPLICATION_ID: i64 = 0x7363_746c;

/// A script, and the table that shows that it has run.
struct Script {
    sql: &'static str,
    makes: &'static str,
    /// Whether a file has no use for it.
    is_for_clusters: bool,
}

/// What kind of database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file on this machine.
    File,
    /// A cluster.
    Cluster,
}

/// All scripts, in their order.
const SCRIPTS: &[Script] = &[
    Script {
        sql: include_str!("../../migrations/0001_sessions.sql"),
        makes: "sessions",
        is_for_clusters: false,
    },
    Script {
        sql: include_str!("../../migrations/0002_ledger.sql"),
        makes: "runs",
        is_for_clusters: false,
    },
    Script {
        sql: include_str!("../../migrations/0003_receipts.sql"),
        makes: "receipts",
        is_for_clusters: true,
    },
    Script {
        sql: include_str!("../../migrations/0004_job_histories.sql"),
        makes: "job_histories",
        is_for_clusters: false,
    },
    Script {
        sql: include_str!("../../migrations/0005_clocks.sql"),
        makes: "clocks",
        is_for_clusters: false,
    },
    Script {
        sql: include_str!("../../migrations/0006_task_names.sql"),
        makes: "task_names",
        is_for_clusters: false,
    },
];

/// The version of the contract with applications, docs/sql-contract.md, that this
/// program keeps. Tables that are no part of it come and go without a new one.
const VERSION: i64 = 1;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SchemaVersion {
    application: i64,
    version: i64,
}

impl SchemaVersion {
    /// That of a database that nobody has set up.
    const BLANK: Self = Self { application: 0, version: 0 };

    /// In two statements, as one would have SQLite read the whole schema first. In
    /// this order, a database that is being set up in between has the stamp that it
    /// had before: without the application, the version says nothing.
    fn of(database: &impl Database) -> Result<Self> {
        let application = number(database, "PRAGMA application_id")?;
        Ok(Self { application, version: number(database, "PRAGMA user_version")? })
    }
}

fn number(database: &impl Database, sql: &str) -> Result<i64> {
    let mut number = 0;
    database.query(&Statement::new(sql), &mut |row| {
        number = row.integer(0).unwrap_or(0);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(number)
}

const STAMP: &str =
    "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version";
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

/// How many tables of another program a message names.
const NAMED: usize = 4;

/// Brings a database to this program's version.
///
/// The version is read within the transaction that applies the scripts, so that
/// of two programs that start at once one does it and the other finds it done.
///
/// # Errors
/// [`Error::ForeignDatabase`] if it holds another program's tables, or those of a newer
/// sessctl; then it is as it was.
pub fn apply(file: &mut SqliteFile) -> Result<()> {
    let place = file.display_name().to_owned();
    file.upgrade(|connection| {
        let stamp = connection.query_row(STAMP, [], |row| {
            Ok(SchemaVersion { application: row.get(0)?, version: row.get(1)? })
        })?;
        Ok(lacking(&place, DatabaseKind::File, stamp, &tables(connection)?))
    })
}

/// The same for a cluster: the database is looked at first, and if anybody has set it up
/// in between, the scripts are refused as a whole, and it is looked at once more.
///
/// # Errors
/// As for [`apply`].
pub fn apply_to_cluster(database: &mut impl Database) -> Result<()> {
    let mut seen = SchemaState::of(database, DatabaseKind::Cluster)?;
    loop {
        let lacking =
            lacking(database.display_name(), DatabaseKind::Cluster, seen.stamp, &seen.tables)?;
        let Some(script) = lacking else { return Ok(()) };
        let Err(error) = database.execute_batch(&[seen.must_hold(), Statement::new(&script)])
        else {
            return Ok(());
        };
        let now = SchemaState::of(database, DatabaseKind::Cluster)?;
        if now == seen {
            return Err(error);
        }
        seen = now;
    }
}

/// What a database looks like from outside.
#[derive(Debug, PartialEq, Eq)]
struct SchemaState {
    stamp: SchemaVersion,
    tables: Vec<String>,
}

impl SchemaState {
    fn of(database: &impl Database, home: DatabaseKind) -> Result<Self> {
        match home {
            DatabaseKind::File => {
                Ok(Self { stamp: SchemaVersion::of(database)?, tables: tables_in(database)? })
            }
            DatabaseKind::Cluster => Self::at_once(database),
        }
    }

    /// By one request, between whose parts nobody can set anything up.
    fn at_once(database: &impl Database) -> Result<Self> {
        let sql = format!(
            "SELECT application_id, user_version, name \
             FROM pragma_application_id, pragma_user_version LEFT JOIN ({TABLES}) ORDER BY name"
        );
        let mut seen = Self { stamp: SchemaVersion::BLANK, tables: Vec::new() };
        database.query(&Statement::new(&sql), &mut |row| {
            let number = |place| row.integer(place).unwrap_or(0);
            seen.stamp = SchemaVersion { application: number(0), version: number(1) };
            seen.tables.extend(row.text(2));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(seen)
    }

    /// A statement that fails, and with it its list, where that is no longer so.
    fn must_hold(&self) -> Statement {
        let tables = (!self.tables.is_empty()).then(|| self.tables.join("/"));
        // No number is as large as that one without its sign.
        Statement::new(&format!(
            "SELECT abs(CASE WHEN (SELECT application_id FROM pragma_application_id) = ?1 \
             AND (SELECT user_version FROM pragma_user_version) = ?2 \
             AND (SELECT group_concat(name, '/') FROM ({TABLES})) IS ?3 \
             THEN 0 ELSE -9223372036854775807 - 1 END)"
        ))
        .with(self.stamp.application)
        .with(self.stamp.version)
        .with(tables)
    }
}

/// What a database of this program lacks, or one that is nobody's yet, as one script.
fn lacking(
    place: &str,
    home: DatabaseKind,
    stamp: SchemaVersion,
    tables: &[String],
) -> Result<Option<String>> {
    let is_blank = stamp == SchemaVersion::BLANK && tables.is_empty();
    if !is_blank {
        judge(place, stamp, tables)?;
    }
    let is_current = stamp.version == VERSION && missing(home, tables).next().is_none();
    Ok((!is_current).then(|| script(home, tables)))
}

/// The scripts that have not run on a database with these tables.
fn missing(home: DatabaseKind, tables: &[String]) -> impl Iterator<Item = &'static Script> {
    let is_for = move |script: &&Script| home == DatabaseKind::Cluster || !script.is_for_clusters;
    let is_there = |script: &Script| tables.iter().any(|table| table == script.makes);
    SCRIPTS.iter().filter(is_for).filter(move |script| !is_there(script))
}

/// Whether a database is sessctl's, of whatever version.
///
/// # Errors
/// If it cannot be read.
pub fn is_marked(database: &impl Database) -> Result<bool> {
    Ok(number(database, "PRAGMA application_id")? == APPLICATION_ID)
}

/// Makes sure that a database is sessctl's, of whatever version.
///
/// # Errors
/// [`Error::ForeignDatabase`] if not.
pub fn check_owner(database: &impl Database) -> Result<()> {
    let stamp = SchemaVersion::of(database)?;
    if stamp.application == APPLICATION_ID {
        return Ok(());
    }
    judge(database.display_name(), stamp, &tables_in(database)?)
}

/// The same, but a database without tables may also be nobody's yet.
///
/// # Errors
/// [`Error::ForeignDatabase`] if it is another program's.
pub fn check_owner_if_any(database: &impl Database) -> Result<()> {
    let is_blank =
        SchemaVersion::of(database)? == SchemaVersion::BLANK && tables_in(database)?.is_empty();
    if is_blank { Ok(()) } else { check_owner(database) }
}

/// Makes sure that a database is one that this program can work with as it is.
///
/// # Errors
/// [`Error::ForeignDatabase`] if not.
pub fn check(database: &impl Database, home: DatabaseKind) -> Result<()> {
    let SchemaState { stamp, tables } = SchemaState::of(database, home)?;
    judge(database.display_name(), stamp, &tables)?;
    let lacks = if stamp.version < VERSION {
        format!("its schema has version {}, older than this program's {VERSION}", stamp.version)
    } else if let Some(script) = missing(home, &tables).next() {
        format!("it has no table {:?}: an older sessctl made it", script.makes)
    } else {
        return Ok(());
    };
    Err(not_ours(database.display_name(), format!("{lacks}; `sessctl init` brings it up to date")))
}

fn judge(place: &str, stamp: SchemaVersion, tables: &[String]) -> Result<()> {
    if stamp.application != APPLICATION_ID {
        let found = if tables.is_empty() {
            "it is an SQLite database without tables; `sessctl init` sets it up".to_owned()
        } else {
            let some = &tables[..tables.len().min(NAMED)];
            format!("it is another program's, with the tables {}", some.join(", "))
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
    Error::ForeignDatabase { at: place.to_owned(), found }
}

fn tables_in(database: &impl Database) -> Result<Vec<String>> {
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

/// All that a database with these tables lacks.
fn script(home: DatabaseKind, tables: &[String]) -> String {
    let scripts: Vec<&str> = missing(home, tables).map(|script| script.sql).collect();
    format!(
        "{}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {VERSION};",
        scripts.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scripts_apply_one_after_the_other() {
        let connection = Connection::open_in_memory().unwrap();
        for (done, script) in SCRIPTS.iter().enumerate() {
            let before = tables(&connection).unwrap();
            assert_eq!(missing(DatabaseKind::Cluster, &before).count(), SCRIPTS.len() - done);
            connection.execute_batch(script.sql).unwrap();
        }
        assert_eq!(missing(DatabaseKind::Cluster, &tables(&connection).unwrap()).count(), 0);
    }

    #[test]
    fn a_blank_database_gets_all_and_its_stamp() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&script(DatabaseKind::File, &[])).unwrap();
        let stamp: (i64, i64) =
            connection.query_row(STAMP, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(stamp, (APPLICATION_ID, VERSION));
    }
}
