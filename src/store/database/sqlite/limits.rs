//! Limits on the effects of untrusted schemas.

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Result};

use super::interrupt::protection;

/// Maximum size of a value or row, in bytes. Sessions are a thousand times smaller.
const MAX_LENGTH: i32 = 16 << 20;
/// Maximum size of a statement, in bytes. Statements for thousands of policies have a few million.
const MAX_SQL_LENGTH: i32 = 64 << 20;
/// Maximum nesting of triggers. Cascades of applications have a handful of levels.
const MAX_TRIGGER_DEPTH: i32 = 64;
/// Maximum length of a pattern of LIKE and GLOB, whose running time grows with it.
const MAX_PATTERN_LENGTH: i32 = 1_000;

/// Sets the bounds of a connection:
///
/// 1. The schema may call none but harmless functions, and no virtual table that has
///    effects of its own.
/// 2. No statement may damage the file, by changing the schema's own table or the tables
///    behind a virtual one.
/// 3. Values, statements, patterns and chains of triggers are limited, and no other
///    database can be attached.
/// 4. SQLite's memory in the process as a whole is limited, where that was
///    [asked for](super::protect).
pub(super) fn apply(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_LENGTH)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_LENGTH)?;
    connection.set_limit(Limit::SQLITE_LIMIT_TRIGGER_DEPTH, MAX_TRIGGER_DEPTH)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_LENGTH)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    if let Some(protection) = protection() {
        let limit = i64::from(protection.memory);
        connection.pragma_update_and_check(None, "hard_heap_limit", limit, |_| Ok(()))?;
    }
    Ok(())
}

/// Runs `work` without the limits on the length of rows and on attached databases.
pub(super) fn without_limits<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let length = connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::MAX)?;
    let attached = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    let done = work();
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, length)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, attached)?;
    done
}
