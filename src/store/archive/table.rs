//! Columns of a table whose rows are archived.

use crate::domain::error::Result;
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// SQLite's names of the row id, unless a column has the same name.
const ROW_ID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredTable {
    pub(super) name: String,
    /// Columns that are not computed.
    pub(super) columns: Vec<String>,
    /// Columns of the primary key.
    pub(super) primary: Vec<String>,
    /// Name of the row id, where no column has it.
    pub(super) row_id: Option<&'static str>,
}

impl StoredTable {
    /// Without columns: there is no such table.
    pub(super) fn read(database: &impl Database, name: &str) -> Result<Self> {
        let sql = "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'";
        let is_without_row_id =
            database.query_first(&Statement::new(sql).with(name), |row| row.count(0) > 0)?;
        let sql = "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid";
        let all = database.query_all(&Statement::new(sql).with(name), |row| {
            let text = |column| row.text(column).unwrap_or_default();
            (text(0), text(1), row.count(2), row.count(3))
        })?;
        let mut primary: Vec<_> = all.iter().filter(|(_, _, place, _)| *place > 0).collect();
        primary.sort_by_key(|(_, _, place, _)| *place);
        let is_integer =
            matches!(primary[..], [(_, class, ..)] if class.eq_ignore_ascii_case("integer"));
        let is_column =
            |known: &&str| all.iter().any(|(name, ..)| name.eq_ignore_ascii_case(known));
        let has_row_id = is_without_row_id == Some(false) && !is_integer;
        let row_id = ROW_ID_NAMES.into_iter().find(|name| !is_column(name));
        Ok(Self {
            name: name.to_owned(),
            primary: primary.iter().map(|(name, ..)| name.clone()).collect(),
            row_id: row_id.filter(|_| has_row_id),
            columns: all
                .into_iter()
                .filter(|column| column.3 == 0)
                .map(|(name, ..)| name)
                .collect(),
        })
    }

    pub(super) fn quoted(&self) -> String {
        format!("main.{}", quoted(&self.name))
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }
}
