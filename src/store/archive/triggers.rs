//! Temporary triggers, which exist for one connection only. They see each row that goes, also
//! by a cascade, as it was.

use super::table::StoredTable;
use crate::domain::error::Result;
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// SQL functions that receive the rows, numbered.
const FUNCTION: &str = "sessctl_archive_";

/// Statements that drop the triggers of an earlier archive.
pub(super) fn drop_all(database: &impl Database) -> Result<Vec<Statement>> {
    let sql = Statement::new(
        "SELECT name FROM sqlite_temp_schema WHERE type = 'trigger' AND name LIKE ?1 || '%'",
    );
    let names = database.query_all(&sql.with(FUNCTION), |row| row.text(0).unwrap_or_default())?;
    let drop = |name: &String| Statement::new(&format!("DROP TRIGGER temp.{}", quoted(name)));
    Ok(names.iter().map(drop).collect())
}

/// Change of a table that is recorded.
#[derive(Debug, Clone)]
pub(super) struct RecordedChange {
    pub(super) table: StoredTable,
    /// Columns whose change is recorded; empty: deletions are.
    pub(super) changed: Vec<String>,
    /// Further condition, on OLD and NEW.
    pub(super) when: Option<&'static str>,
    /// Expressions over the columns that name the session; empty: not a row of the sessions.
    pub(super) naming: Vec<String>,
}

impl RecordedChange {
    pub(super) fn function(index: usize) -> String {
        format!("{FUNCTION}{index}")
    }

    /// Arguments of the function: the row id or NULL, the columns, the changed columns with their
    /// new values, and what names the session.
    pub(super) fn argument_count(&self) -> usize {
        1 + self.table.columns.len() + self.changed.len() + self.naming.len()
    }

    pub(super) fn create_sql(&self, index: usize) -> String {
        let function = Self::function(index);
        let names = || self.table.columns.iter().map(|name| quoted(name));
        let row_id = self.table.row_id;
        let mut old: Vec<String> = names().map(|name| format!("OLD.{name} AS {name}")).collect();
        old.extend(row_id.map(|name| format!("OLD.{name} AS {name}")));
        let mut arguments = vec![row_id.unwrap_or("NULL").to_owned()];
        arguments.extend(names());
        arguments.extend(self.changed.iter().map(|name| format!("NEW.{}", quoted(name))));
        arguments.extend(self.naming.iter().cloned());
        let event = if self.changed.is_empty() {
            "DELETE".to_owned()
        } else {
            let changed: Vec<String> = self.changed.iter().map(|name| quoted(name)).collect();
            format!("UPDATE OF {}", changed.join(", "))
        };
        let when = self.when.map_or_else(String::new, |when| format!(" WHEN {when}"));
        format!(
            "CREATE TEMP TRIGGER {} AFTER {event} ON {}{when} BEGIN \
             SELECT {function}({}) FROM (SELECT {}); END",
            quoted(&function),
            self.table.quoted(),
            arguments.join(", "),
            old.join(", "),
        )
    }
}
