//! Migrations of the native schema.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::database::Database;
use super::database::sqlite::SqliteFile;
use super::statement::Statement;
use crate::domain::error::{Error, ForeignContent, Result};

/// Marks a file as sessctl's: "sctl" in the header's field for that.
pub const APPLICATION_ID: i64 = 0x7363_746c;

/// A script, and the table or the column that shows that it has run.
pub struct Script {
    pub sql: &'static str,
    creates: &'static str,
    cluster_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    File,
    Cluster,
}

const fn script(sql: &'static str, creates: &'static str) -> Script {
    Script { sql, creates, cluster_only: false }
}

/// Name of a column among the names of tables.
const AGENT_COLUMN: &str = "sessions.agent";

pub const SCRIPTS: &[Script] = &[
    script(include_str!("../../migrations/0001_sessions.sql"), "sessions"),
    script(include_str!("../../migrations/0002_ledger.sql"), "runs"),
    Script {
        cluster_only: true,
        ..script(include_str!("../../migrations/0003_receipts.sql"), "receipts")
    },
    script(include_str!("../../migrations/0004_job_histories.sql"), "job_histories"),
    script(include_str!("../../migrations/0005_clocks.sql"), "clocks"),
    script(include_str!("../../migrations/0006_task_names.sql"), "task_names"),
    script(include_str!("../../migrations/0007_agents.sql"), AGENT_COLUMN),
    script(include_str!("../../migrations/0008_audit.sql"), "run_sessions"),
    script(include_str!("../../migrations/0009_samples.sql"), "samples"),
];

/// Version of the SQL contract (docs/sql-contract.md) that this program supports. Tables
/// outside the contract are added and removed without a new version.
pub const SCHEMA_VERSION: i64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SchemaVersion {
    application_id: i64,
    user_version: i64,
}

impl SchemaVersion {
    const BLANK: Self = Self { application_id: 0, user_version: 0 };

    /// Reads the version with two statements, because a single one would make SQLite read
    /// the whole schema. In this order, a database that is being initialized appears as
    /// blank: without the application id, the version has no meaning.
    fn read(database: &impl Database) -> Result<Self> {
        let application_id = number(database, "PRAGMA application_id")?;
        Ok(Self { application_id, user_version: number(database, "PRAGMA user_version")? })
    }
}

fn number(database: &impl Database, sql: &str) -> Result<i64> {
    Ok(database.query_first(&Statement::new(sql), |row| row.integer(0))?.flatten().unwrap_or(0))
}

pub const SELECT_VERSION: &str =
    "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version";
/// The names of all tables but SQLite's own, which remain when others are dropped, and of the
/// column that a script adds.
const SELECT_TABLES: &str = "SELECT name FROM sqlite_schema \
     WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' UNION ALL \
     SELECT 'sessions.agent' FROM sqlite_schema AS own, pragma_table_info(own.name) AS column \
     WHERE own.type = 'table' AND own.name = 'sessions' AND column.name = 'agent' ORDER BY name";

const MAX_NAMED_TABLES: usize = 4;

/// Brings a database to this program's version. The version is read within the transaction that
/// applies the scripts, so that of two programs that start at once one does it and the other finds
/// it done.
///
/// # Errors
/// [`Error::ForeignDatabase`] if it holds another program's tables, or those of a newer sessctl;
/// then it is as it was.
pub fn apply(file: &mut SqliteFile) -> Result<()> {
    let database = file.display_name().to_owned();
    file.upgrade(|connection| {
        let version = connection.query_row(SELECT_VERSION, [], |row| {
            Ok(SchemaVersion { application_id: row.get(0)?, user_version: row.get(1)? })
        })?;
        Ok(pending_script(&database, DatabaseKind::File, version, &tables(connection)?))
    })
}

/// Brings a cluster to this program's version: reads its schema first; if another process changes
/// it in between, the scripts are rejected as a whole, and the schema is read again.
pub fn apply_to_cluster(database: &mut impl Database) -> Result<()> {
    let mut state = SchemaState::read(database, DatabaseKind::Cluster)?;
    loop {
        let script = pending_script(
            database.display_name(),
            DatabaseKind::Cluster,
            state.version,
            &state.tables,
        )?;
        let Some(script) = script else { return Ok(()) };
        let Err(error) =
            database.execute_batch(&[state.assert_unchanged(), Statement::new(&script)])
        else {
            return Ok(());
        };
        let now = SchemaState::read(database, DatabaseKind::Cluster)?;
        if now == state {
            return Err(error);
        }
        state = now;
    }
}

#[derive(Debug, PartialEq, Eq)]
struct SchemaState {
    version: SchemaVersion,
    tables: Vec<String>,
}

impl SchemaState {
    fn read(database: &impl Database, kind: DatabaseKind) -> Result<Self> {
        match kind {
            DatabaseKind::File => {
                Ok(Self { version: SchemaVersion::read(database)?, tables: tables_in(database)? })
            }
            DatabaseKind::Cluster => Self::read_in_one_query(database),
        }
    }

    /// Reads both in one request, so that they are consistent.
    fn read_in_one_query(database: &impl Database) -> Result<Self> {
        let sql = format!(
            "SELECT application_id, user_version, name \
             FROM pragma_application_id, pragma_user_version LEFT JOIN ({SELECT_TABLES}) ORDER BY name"
        );
        let mut state = Self { version: SchemaVersion::BLANK, tables: Vec::new() };
        database.query(&Statement::new(&sql), &mut |row| {
            let number = |database| row.integer(database).unwrap_or(0);
            state.version = SchemaVersion { application_id: number(0), user_version: number(1) };
            state.tables.extend(row.text(2));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(state)
    }

    /// Returns a statement that fails, and its batch with it, if the schema has changed.
    fn assert_unchanged(&self) -> Statement {
        let tables = (!self.tables.is_empty()).then(|| self.tables.join("/"));
        // No number is as large as that one without its sign.
        Statement::new(&format!(
            "SELECT abs(CASE WHEN (SELECT application_id FROM pragma_application_id) = ?1 \
             AND (SELECT user_version FROM pragma_user_version) = ?2 \
             AND (SELECT group_concat(name, '/') FROM ({SELECT_TABLES})) IS ?3 \
             THEN 0 ELSE -9223372036854775807 - 1 END)"
        ))
        .with(self.version.application_id)
        .with(self.version.user_version)
        .with(tables)
    }
}

/// Returns the scripts that a database lacks as one script, if it is blank or sessctl's own.
fn pending_script(
    database: &str,
    kind: DatabaseKind,
    version: SchemaVersion,
    tables: &[String],
) -> Result<Option<String>> {
    let is_blank = version == SchemaVersion::BLANK && tables.is_empty();
    if !is_blank {
        check_version(database, version, tables)?;
    }
    let is_current =
        version.user_version == SCHEMA_VERSION && pending(kind, tables).next().is_none();
    Ok((!is_current).then(|| joined_scripts(kind, tables)))
}

pub fn pending(kind: DatabaseKind, tables: &[String]) -> impl Iterator<Item = &'static Script> {
    let is_for = move |script: &&Script| kind == DatabaseKind::Cluster || !script.cluster_only;
    let is_there = |script: &Script| tables.iter().any(|table| table == script.creates);
    SCRIPTS.iter().filter(is_for).filter(move |script| !is_there(script))
}

/// Checks for a database of sessctl, of any version.
pub fn is_sessctl_database(database: &impl Database) -> Result<bool> {
    Ok(number(database, "PRAGMA application_id")? == APPLICATION_ID)
}

/// Ensures that a database belongs to sessctl, whatever its version.
pub fn check_application_id(database: &impl Database) -> Result<()> {
    let version = SchemaVersion::read(database)?;
    if version.application_id == APPLICATION_ID {
        return Ok(());
    }
    check_version(database.display_name(), version, &tables_in(database)?)
}

pub fn check_application_id_or_blank(database: &impl Database) -> Result<()> {
    let is_blank =
        SchemaVersion::read(database)? == SchemaVersion::BLANK && tables_in(database)?.is_empty();
    if is_blank { Ok(()) } else { check_application_id(database) }
}

/// Ensures that a database has a schema that this program can use without migration.
pub fn check(database: &impl Database, kind: DatabaseKind) -> Result<()> {
    let SchemaState { version, tables } = SchemaState::read(database, kind)?;
    check_version(database.display_name(), version, &tables)?;
    let missing = if version.user_version < SCHEMA_VERSION {
        format!(
            "its schema has version {}, older than this program's {SCHEMA_VERSION}",
            version.user_version
        )
    } else if let Some(script) = pending(kind, &tables).next() {
        let kind = if script.creates == AGENT_COLUMN { "column" } else { "table" };
        format!("it has no {kind} {:?}: it was created by an older sessctl", script.creates)
    } else {
        return Ok(());
    };
    Err(foreign_database(database.display_name(), missing, ForeignContent::Outdated))
}

fn check_version(database: &str, version: SchemaVersion, tables: &[String]) -> Result<()> {
    if version.application_id != APPLICATION_ID {
        if tables.is_empty() {
            return Err(without_tables(database));
        }
        let some = tables.iter().filter(|name| *name != AGENT_COLUMN).take(MAX_NAMED_TABLES);
        let some = some.map(String::as_str).collect::<Vec<&str>>().join(", ");
        let found = format!("it belongs to another program: it contains the tables {some}");
        return Err(foreign_database(database, found, ForeignContent::Other));
    }
    if version.user_version > SCHEMA_VERSION {
        let found = format!(
            "its schema has version {}, newer than this program's {SCHEMA_VERSION}; update sessctl",
            version.user_version
        );
        return Err(foreign_database(database, found, ForeignContent::Other));
    }
    Ok(())
}

pub(super) fn without_tables(database: &str) -> Error {
    let found = "it is an SQLite database without tables".to_owned();
    foreign_database(database, found, ForeignContent::Nothing)
}

fn foreign_database(database: &str, found: String, content: ForeignContent) -> Error {
    Error::ForeignDatabase { at: database.to_owned(), found, content }
}

fn tables_in(database: &impl Database) -> Result<Vec<String>> {
    database.query_all(&Statement::new(SELECT_TABLES), |row| row.text(0).unwrap_or_default())
}

pub fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare(SELECT_TABLES)?.query_map([], |row| row.get(0))?.collect()
}

pub fn joined_scripts(kind: DatabaseKind, tables: &[String]) -> String {
    let scripts: Vec<&str> = pending(kind, tables).map(|script| script.sql).collect();
    format!(
        "{}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {SCHEMA_VERSION};",
        scripts.join("\n")
    )
}
