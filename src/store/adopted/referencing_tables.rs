//! Tables that refer to a session table, and the actions on their rows.

use std::collections::BTreeSet;

use super::blocking_references::{BlockingReference, ReferenceGraph, ReferencingKey};
use super::dependent_refusal::dependent_refusal;
use super::foreign_keys::{ForeignKey, are_enforced, foreign_keys_to};
use super::reader::TableReader;
use super::table::{TableColumn, TableSchema, columns_of, join_names};
use super::triggers;
use crate::domain::error::{Error, Result};
use crate::domain::profile::{Dependent, DependentAction, Profile};
use crate::storage::UnindexedTable;
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// Rows of a table that takes noticeable time to scan.
const LARGE_TABLE_ROWS: u64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct ReferencingTables {
    /// Actions on their rows, as sentences.
    pub(super) descriptions: Vec<String>,
    pub(super) refusals: Vec<String>,
    /// Tables that each deletion reads as a whole.
    pub(super) unindexed: Vec<UnindexedTable>,
    pub(super) blocking: Vec<BlockingReference>,
    /// A trigger may skip rows without an error, or insert them again.
    pub(super) has_triggers: bool,
    pub(super) triggers: Vec<String>,
    not_enforced: bool,
}

impl ReferencingTables {
    /// Follows the foreign keys to a table, and to the tables whose rows are deleted with its rows.
    ///
    /// 1. Rows that a cascade deletes, or that lose their reference, are handled as the application
    ///    intends.
    /// 2. If a foreign key blocks a session (`NO ACTION`, `RESTRICT`), or a row that would be
    ///    deleted with it, referenced sessions are kept and the others are deleted, unless the
    ///    profile handles such rows. This holds whether or not the database enforces foreign keys.
    /// 3. If a cascade returns to the sessions, other sessions would be deleted without being
    ///    evaluated: nothing is deleted.
    /// 4. A `NO ACTION` from a table that also loses rows by a cascade may or may not block: SQLite
    ///    decides, and a row that it rejects is kept.
    /// 5. If an action is impossible, such as `SET NULL` on a `NOT NULL` column, nothing is
    ///    deleted.
    /// 6. If the database does not enforce foreign keys, cascades do not happen: nothing is
    ///    deleted, unless the profile handles the rows.
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let TableReader { table, profile, .. } = reader;
        let mut found = Self { not_enforced: !are_enforced(database)?, ..Self::default() };
        let mut cascading = BTreeSet::from([table.name.to_ascii_lowercase()]);
        let mut next = vec![table.name.clone()];
        let mut dependents = Vec::new();
        for dependent in &profile.dependents {
            if !found.check_dependent(database, table, dependent)? {
                continue;
            }
            dependents.push(dependent);
            let is_deleted = dependent.action == DependentAction::Delete;
            if is_deleted && cascading.insert(dependent.table.to_ascii_lowercase()) {
                next.push(dependent.table.clone());
            }
        }
        let mut all = Vec::new();
        while let Some(parent) = next.pop() {
            for key in foreign_keys_to(database, &parent)? {
                if is_handled(&key, &parent, profile) {
                    continue;
                }
                let child = key.child.to_ascii_lowercase();
                let link = found.add_key(database, table, &parent, key)?;
                if link.key.cascades() && cascading.insert(child) {
                    next.push(link.key.child.clone());
                }
                all.push(link);
            }
        }
        let (key, dependents) = (&reader.key, dependents.as_slice());
        found.blocking =
            ReferenceGraph { table, key, all: &all, dependents, cascading: &cascading }.blocking();
        found.check_triggers(database, table)?;
        for link in &all {
            found.triggers.extend(triggers::trigger_names(database, &link.key.child)?);
        }
        found.has_triggers |= !found.triggers.is_empty();
        Ok(found)
    }

    fn add_key(
        &mut self,
        database: &impl Database,
        table: &TableSchema,
        parent: &str,
        key: ForeignKey,
    ) -> Result<ReferencingKey> {
        let columns = columns_of(database, &key.child)?;
        let of_key = || {
            let is_of_key = |column: &&TableColumn| key.columns.iter().any(|name| column.is(name));
            columns.iter().filter(is_of_key)
        };
        let may_be_null = of_key().all(TableColumn::may_be_null);
        let cascades_back = key.cascades() && key.child.eq_ignore_ascii_case(&table.name);
        if self.not_enforced && !key.blocks_deletion() {
            self.refusals.push(not_enforced_refusal(&key, parent, database.display_name()));
        } else if cascades_back {
            let description = key.describe(parent);
            self.refusals.push(format!(
                "{description}: deleting a session would delete others, even if they have not \
                 expired"
            ));
        } else {
            self.descriptions.push(describe_action(&key, parent));
            let is_null = |column: &TableColumn| column.default.as_deref().is_none_or(is_null);
            let gets_null = match key.on_delete.as_str() {
                "SET NULL" => of_key().any(|column| !column.may_be_null()),
                "SET DEFAULT" => of_key().any(|column| !column.may_be_null() && is_null(column)),
                _ => false,
            };
            let lacks_default = key.on_delete == "SET DEFAULT"
                && !of_key().any(is_null)
                && !default_row_exists(database, parent, &key, &columns)?;
            if gets_null || lacks_default {
                self.refusals.push(impossible_action(&key, parent, gets_null, &table.name));
            }
            self.check_index(database, &key.child, &key.columns)?;
        }
        Ok(ReferencingKey { parent: parent.to_owned(), key, may_be_null })
    }

    /// Checks a dependent table of the profile; reports whether it is valid.
    fn check_dependent(
        &mut self,
        database: &impl Database,
        table: &TableSchema,
        dependent: &Dependent,
    ) -> Result<bool> {
        let Dependent { table: child, columns, references, action } = dependent;
        if let Some(refusal) = dependent_refusal(dependent, &columns_of(database, child)?, table) {
            self.refusals.push(refusal);
            return Ok(false);
        }
        let are = match action {
            DependentAction::Delete => "are deleted with it",
            DependentAction::SetNull => "lose the reference",
        };
        let is = if columns.len() == 1 { "is" } else { "are" };
        self.descriptions.push(format!(
            "rows of {child} whose {} {is} a session's {} {are} (the profile's [[dependents]])",
            columns.join(", "),
            references.join(", ")
        ));
        self.check_index(database, child, columns)?;
        Ok(true)
    }

    /// Checks for an index; without one, each deletion scans the whole table.
    fn check_index(
        &mut self,
        database: &impl Database,
        child: &str,
        columns: &[String],
    ) -> Result<()> {
        let has_index = match TableSchema::read(database, child) {
            Ok(table) => columns.iter().any(|column| table.is_indexed(column)),
            Err(_) => columns_of(database, child)?
                .iter()
                .any(|key| key.key_position == 1 && columns.iter().any(|column| key.is(column))),
        };
        // It may be named by the profile and refer to the sessions, too.
        let is_known =
            self.unindexed.iter().any(|known| known.table == child && known.columns == columns);
        if !has_index && !is_known {
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {LARGE_TABLE_ROWS})",
                quoted(child)
            );
            let rows = database.query_all(&Statement::new(&sql), |row| row.count(0))?;
            self.unindexed.push(UnindexedTable {
                table: child.to_owned(),
                columns: columns.to_vec(),
                remedy: create_index(child, columns),
                is_large: rows.first().is_some_and(|rows| *rows >= LARGE_TABLE_ROWS),
            });
        }
        Ok(())
    }

    /// A trigger may reject a deletion, or let it pass and keep the row.
    fn check_triggers(&mut self, database: &impl Database, table: &TableSchema) -> Result<()> {
        let name = &table.name;
        for (trigger, words) in triggers::delete_triggers(database, name)? {
            self.triggers.push(trigger.clone());
            if triggers::always_rejects(&words) {
                self.refusals.push(format!(
                    "the trigger {trigger} rejects every deletion from {name}: no session can be \
                     deleted while it is there"
                ));
            }
        }
        Ok(())
    }

    /// Adds the triggers that a deletion sets off to an error that interrupted it.
    pub(super) fn name_triggers(&self, error: Error) -> Error {
        match error {
            Error::Interrupted { doing, cause, after } if !self.triggers.is_empty() => {
                let (are, names) = match self.triggers.as_slice() {
                    [name] => ("trigger ", name.clone()),
                    names => ("triggers ", join_names(names)),
                };
                Error::Interrupted { doing: format!("{doing} ({are}{names})"), cause, after }
            }
            error => error,
        }
    }
}

/// Reports whether the profile handles all rows that a foreign key relates to sessions: those that
/// agree with a session in each pair of columns of the dependent table, and possibly others.
fn is_handled(key: &ForeignKey, parent: &str, profile: &Profile) -> bool {
    let refers = |(column, target): (&String, &String)| {
        let mut pairs = key.columns.iter().zip(&key.targets);
        pairs.any(|(one, other)| {
            one.eq_ignore_ascii_case(column) && other.eq_ignore_ascii_case(target)
        })
    };
    let is_it = |dependent: &Dependent| {
        dependent.table.eq_ignore_ascii_case(&key.child)
            && dependent.columns.iter().zip(&dependent.references).all(refers)
            && parent.eq_ignore_ascii_case(&profile.table)
    };
    profile.dependents.iter().any(is_it)
}

fn describe_action(key: &ForeignKey, parent: &str) -> String {
    let ForeignKey { child, columns, on_delete, .. } = key;
    let columns = columns.join(", ");
    let effect = match on_delete.as_str() {
        "CASCADE" => "are deleted with it",
        "SET NULL" => "lose the reference",
        "SET DEFAULT" => "get the default value",
        _ => "block its deletion",
    };
    format!(
        "rows of {child} whose {columns} refers to a row of {parent} {effect} (ON DELETE \
         {on_delete})"
    )
}

fn not_enforced_refusal(key: &ForeignKey, parent: &str, database: &str) -> String {
    let (description, child) = (key.describe(parent), &key.child);
    format!(
        "{description}, but \"{database}\" does not enforce foreign keys (start all nodes with rqlited -fk to \
         enforce them): rows of {child} would be left behind, unless the profile names {child} under \
         [[dependents]]"
    )
}

fn impossible_action(key: &ForeignKey, parent: &str, gets_null: bool, sessions: &str) -> String {
    let (description, child) = (key.describe(parent), &key.child);
    let columns = key.columns.join(", ");
    let why = if gets_null {
        format!("{columns} is NOT NULL")
    } else {
        format!("{parent} has no row for the default of {columns}")
    };
    let remedy = if parent.eq_ignore_ascii_case(sessions) {
        format!(
            "name {child} under [[dependents]] with action = \"delete\", or have the owner of the \
             application change the foreign key"
        )
    } else {
        "have the owner of the application change the foreign key".to_owned()
    };
    format!(
        "{description}, but {why}: no row of {parent} that {child} refers to can be deleted; {remedy}"
    )
}

fn is_null(expression: &str) -> bool {
    expression.trim().eq_ignore_ascii_case("null")
}

fn default_row_exists(
    database: &impl Database,
    parent: &str,
    key: &ForeignKey,
    columns: &[TableColumn],
) -> Result<bool> {
    let name = quoted(parent);
    let default = |column: &String| {
        let found = columns.iter().find(|known| known.is(column));
        found.and_then(|column| column.default.clone()).unwrap_or_else(|| "NULL".to_owned())
    };
    let pairs = key.targets.iter().zip(&key.columns);
    let same =
        pairs.map(|(target, column)| format!("{name}.{} = ({})", quoted(target), default(column)));
    let same: Vec<String> = same.collect();
    let sql = format!("SELECT count(*) FROM {name} WHERE {} LIMIT 1", same.join(" AND "));
    if !key.has_all_targets() {
        return Ok(true);
    }
    Ok(database.query_all(&Statement::new(&sql), |row| row.count(0))?.first() != Some(&0))
}

pub(super) fn create_index(table: &str, columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let index = quoted(&format!("{table}_{}", columns.join("_")));
    format!("CREATE INDEX {index} ON {} ({});", quoted(table), names.join(", "))
}
