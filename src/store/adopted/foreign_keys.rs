//! Foreign keys of a database, read from its schema.

use super::table::{TableColumn, columns_of};
use crate::domain::error::Result;
use crate::store::database::Database;
use crate::store::statement::Statement;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct ForeignKey {
    pub(in crate::store) child: String,
    pub(in crate::store) columns: Vec<String>,
    /// The columns that they refer to, in the same order; fewer where there are none.
    pub(in crate::store) targets: Vec<String>,
    pub(in crate::store) on_delete: String,
}

impl ForeignKey {
    pub(in crate::store) fn blocks_deletion(&self) -> bool {
        !matches!(self.on_delete.as_str(), "CASCADE" | "SET NULL" | "SET DEFAULT")
    }

    pub(in crate::store) fn cascades(&self) -> bool {
        self.on_delete == "CASCADE"
    }

    /// If not, SQLite rejects the foreign key itself.
    pub(in crate::store) fn has_all_targets(&self) -> bool {
        self.targets.len() == self.columns.len()
    }

    pub(in crate::store) fn describe(&self, parent: &str) -> String {
        let Self { child, columns, on_delete, .. } = self;
        format!("{child} refers to {parent} by {}, ON DELETE {on_delete}", columns.join(", "))
    }
}

pub(super) fn are_enforced(database: &impl Database) -> Result<bool> {
    let sql = Statement::new("SELECT foreign_keys FROM pragma_foreign_keys");
    Ok(database.query_all(&sql, |row| row.count(0))?.first().is_some_and(|on| *on == 1))
}

pub(in crate::store) fn foreign_keys_to(
    database: &impl Database,
    parent: &str,
) -> Result<Vec<ForeignKey>> {
    let sql = Statement::new(
        "SELECT child.name, key.id, key.\"from\", key.\"to\", key.on_delete \
         FROM sqlite_schema AS child JOIN pragma_foreign_key_list(child.name) AS key \
         WHERE child.type = 'table' AND key.\"table\" = ?1 COLLATE NOCASE \
         ORDER BY child.name, key.id, key.seq",
    )
    .with(parent);
    let rows = database.query_all(&sql, |row| {
        let text = |column| row.text(column).unwrap_or_default();
        (text(0), row.count(1), text(2), row.text(3), text(4))
    })?;
    let mut found: Vec<(u64, ForeignKey)> = Vec::new();
    for (child, id, column, target, on_delete) in rows {
        match found.last_mut() {
            Some((last, key)) if *last == id && key.child == child => {
                key.columns.push(column);
                key.targets.extend(target);
            }
            _ => {
                let (columns, targets) = (vec![column], target.into_iter().collect());
                found.push((id, ForeignKey { child, columns, targets, on_delete }));
            }
        }
    }
    let columns = columns_of(database, parent)?;
    let complete = |(_, key)| add_implicit_targets(key, &columns);
    Ok(found.into_iter().map(complete).collect())
}

/// Adds the target of a foreign key that does not name one: the primary key.
fn add_implicit_targets(mut key: ForeignKey, parent: &[TableColumn]) -> ForeignKey {
    if key.targets.is_empty() {
        let mut primary: Vec<&TableColumn> =
            parent.iter().filter(|column| column.key_position > 0).collect();
        primary.sort_by_key(|column| column.key_position);
        key.targets = primary.into_iter().map(|column| column.name.clone()).collect();
    }
    let is_there = |name: &String| parent.iter().any(|column| column.is(name));
    key.targets.retain(is_there);
    key
}
