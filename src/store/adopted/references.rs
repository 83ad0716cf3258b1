//! The tables that refer to a table of sessions, and what becomes of their rows.

use std::collections::BTreeSet;

use super::table::{Table, collect};
use crate::domain::error::Result;
use crate::domain::profile::{Dependent, Profile};
use crate::store::sql::Statement;
use crate::store::transport::Transport;

/// A foreign key that refers to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reference {
    /// The table that has it.
    child: String,
    /// Its columns.
    columns: Vec<String>,
    /// What is to happen to its rows, in SQL's words.
    on_delete: String,
}

/// What there is to say of the tables that refer to one.
#[derive(Debug, Default)]
pub(super) struct References {
    /// What becomes of their rows, in sentences.
    pub(super) sentences: Vec<String>,
    /// Why nothing may be deleted, in sentences.
    pub(super) refusals: Vec<String>,
    /// What makes a deletion slow, in sentences.
    pub(super) warnings: Vec<String>,
    /// Whether foreign keys are not enforced.
    are_idle: bool,
}

impl References {
    /// Follows the foreign keys to a table, and on to the tables whose rows go with its
    /// rows.
    ///
    /// 1. Rows that a cascade deletes, or that lose what they refer to, are as the
    ///    application wants it.
    /// 2. Where a foreign key keeps its sessions from being deleted (`NO ACTION`,
    ///    `RESTRICT`), nothing is deleted, unless the profile says that such rows go with
    ///    their session.
    /// 3. Where a cascade comes back to the sessions, others would go with one, and nobody
    ///    would have judged them: nothing is deleted.
    /// 4. A `NO ACTION` from a table that loses rows by a cascade, too, may hold or not:
    ///    SQLite finds out, and then nothing has changed.
    /// 5. Where the database does not enforce foreign keys, nothing happens to the rows
    ///    that have them: nothing is deleted, unless the profile says that such rows go
    ///    with their session.
    pub(super) fn of(database: &impl Transport, table: &Table, profile: &Profile) -> Result<Self> {
        let mut found = Self { are_idle: !are_enforced(database)?, ..Self::default() };
        let mut losing = BTreeSet::from([table.name.to_ascii_lowercase()]);
        let mut next = vec![table.name.clone()];
        for dependent in &profile.dependents {
            found.dependent(database, table, dependent)?;
            if losing.insert(dependent.table.to_ascii_lowercase()) {
                next.push(dependent.table.clone());
            }
        }
        let mut doubtful = Vec::new();
        while let Some(parent) = next.pop() {
            for reference in references(database, &parent)? {
                let child = reference.child.to_ascii_lowercase();
                if found.are_idle && !is_listed(&reference, &parent, profile) {
                    found.refusals.push(reference.is_idle(&parent, database.place()));
                } else if reference.on_delete == "CASCADE" && reference.child == table.name {
                    found.refusals.push(reference.comes_back(&parent));
                } else if found.settles(&reference, &parent, profile) {
                    found.look_for_an_index(database, &reference)?;
                    if reference.on_delete == "CASCADE" && losing.insert(child) {
                        next.push(reference.child.clone());
                    }
                } else {
                    doubtful.push((reference, parent.clone()));
                }
            }
        }
        for (reference, parent) in doubtful {
            let may_hold = parent != table.name
                && reference.on_delete == "NO ACTION"
                && losing.contains(&reference.child.to_ascii_lowercase());
            if !may_hold {
                found.refusals.push(reference.refusal(&parent, &table.name));
            }
        }
        Ok(found)
    }

    /// Notes what becomes of the rows of a foreign key; answers whether that is settled.
    fn settles(&mut self, reference: &Reference, parent: &str, profile: &Profile) -> bool {
        let Reference { child, columns, on_delete } = reference;
        let columns = columns.join(", ");
        if is_listed(reference, parent, profile) {
            return true;
        }
        let becomes = match on_delete.as_str() {
            "CASCADE" => "are deleted with it",
            "SET NULL" => "lose the reference",
            "SET DEFAULT" => "get the default in its place",
            _ => return false,
        };
        self.sentences.push(format!(
            "rows of {child} whose {columns} refers to a row of {parent} {becomes} (ON DELETE \
             {on_delete})"
        ));
        true
    }

    /// What a dependent table of the profile is like.
    fn dependent(
        &mut self,
        database: &impl Transport,
        table: &Table,
        dependent: &Dependent,
    ) -> Result<()> {
        let Dependent { table: child, column, references } = dependent;
        let columns = columns_of(database, child)?;
        let has = |name: &str| columns.iter().any(|known| known.eq_ignore_ascii_case(name));
        let name = &table.name;
        if child.eq_ignore_ascii_case(name) {
            self.refusals.push(format!(
                "the profile names {name} itself under [[dependents]]: other sessions would go with \
                 one, whether they are over or not"
            ));
        } else if columns.is_empty() {
            self.refusals.push(format!("there is no table {child}, whose rows go with sessions"));
        } else if !has(column) {
            self.refusals.push(format!("{child} has no column {column} that names a session"));
        } else if !table.has(references) {
            self.refusals.push(format!("{name} has no column {references} for {child} to name"));
        } else if !table.tells_apart(references) {
            self.refusals.push(format!(
                "rows of {child} go with their session by its {references}, and several sessions \
                 may have the same: {name} has no unique index on {references} alone, so that \
                 what belongs to other sessions could go, too"
            ));
        } else {
            self.sentences.push(format!(
                "rows of {child} whose {column} is a session's {references} are deleted with it"
            ));
            let columns = vec![column.clone()];
            let on_delete = String::new();
            let reference = Reference { child: child.clone(), columns, on_delete };
            self.look_for_an_index(database, &reference)?;
        }
        Ok(())
    }

    /// Without an index, each deletion goes through all of the table.
    fn look_for_an_index(
        &mut self,
        database: &impl Transport,
        reference: &Reference,
    ) -> Result<()> {
        let Some(column) = reference.columns.first() else {
            return Ok(());
        };
        let child = &reference.child;
        let has_index = match Table::read(database, child) {
            Ok(table) => table.finds_by(column),
            Err(_) => {
                first_of_key(database, child)?.is_some_and(|key| key.eq_ignore_ascii_case(column))
            }
        };
        if !has_index {
            let warning = format!(
                "{child} has no index on {column}: each deletion of a session reads all of {child}"
            );
            // It may be named by the profile and refer to the sessions, too.
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        Ok(())
    }
}

/// Whether a profile says that the rows with this foreign key go with their session.
fn is_listed(reference: &Reference, parent: &str, profile: &Profile) -> bool {
    let columns = reference.columns.join(", ");
    let is_it = |dependent: &Dependent| {
        dependent.table.eq_ignore_ascii_case(&reference.child)
            && dependent.column.eq_ignore_ascii_case(&columns)
            && parent.eq_ignore_ascii_case(&profile.table)
    };
    profile.dependents.iter().any(is_it)
}

/// Whether foreign keys hold for what is written here.
fn are_enforced(database: &impl Transport) -> Result<bool> {
    let sql = Statement::new("SELECT foreign_keys FROM pragma_foreign_keys");
    Ok(collect(database, &sql, |row| row.count(0))?.first().is_some_and(|on| *on == 1))
}

impl Reference {
    /// What it says, for people.
    fn says(&self, parent: &str) -> String {
        let Self { child, columns, on_delete } = self;
        format!("{child} refers to {parent} by {}, ON DELETE {on_delete}", columns.join(", "))
    }

    /// That its rows would be left as they are.
    fn is_idle(&self, parent: &str, place: &str) -> String {
        let (says, child) = (self.says(parent), &self.child);
        format!(
            "{says}, but {place} does not enforce foreign keys (rqlited does with its option -fk): \
             rows of {child} would be left behind, unless the profile names {child} under \
             [[dependents]]"
        )
    }

    /// That with a session other sessions would go.
    fn comes_back(&self, parent: &str) -> String {
        let says = self.says(parent);
        format!("{says}: with a session others would be deleted, whether they are over or not")
    }

    /// That rows of its table keep those of another from being deleted.
    fn refusal(&self, parent: &str, sessions: &str) -> String {
        let (says, child) = (self.says(parent), &self.child);
        if parent != sessions {
            format!("{says}: a session whose rows in {parent} have rows there cannot be deleted")
        } else if child == sessions {
            format!("{says}: a session that others refer to cannot be deleted before they are")
        } else {
            format!(
                "{says}: a session with rows there cannot be deleted, unless its profile names \
                 {child} under [[dependents]]"
            )
        }
    }
}

/// The foreign keys of all tables that refer to this one.
fn references(database: &impl Transport, parent: &str) -> Result<Vec<Reference>> {
    let sql = Statement::new(
        "SELECT child.name, key.id, key.\"from\", key.on_delete FROM sqlite_schema AS child \
         JOIN pragma_foreign_key_list(child.name) AS key \
         WHERE child.type = 'table' AND key.\"table\" = ?1 COLLATE NOCASE \
         ORDER BY child.name, key.id, key.seq",
    )
    .with(parent);
    let rows = collect(database, &sql, |row| {
        let text = |place| row.text(place).unwrap_or_default();
        (text(0), row.count(1), text(2), text(3))
    })?;
    let mut found: Vec<(u64, Reference)> = Vec::new();
    for (child, id, column, on_delete) in rows {
        match found.last_mut() {
            Some((last, reference)) if *last == id && reference.child == child => {
                reference.columns.push(column);
            }
            _ => found.push((id, Reference { child, columns: vec![column], on_delete })),
        }
    }
    Ok(found.into_iter().map(|(_, reference)| reference).collect())
}

fn columns_of(database: &impl Transport, table: &str) -> Result<Vec<String>> {
    let sql = Statement::new("SELECT name FROM pragma_table_xinfo(?1)").with(table);
    collect(database, &sql, |row| row.text(0).unwrap_or_default())
}

/// The first column of a primary key of several.
fn first_of_key(database: &impl Transport, table: &str) -> Result<Option<String>> {
    let sql = Statement::new("SELECT name FROM pragma_table_xinfo(?1) WHERE pk = 1").with(table);
    let names = collect(database, &sql, |row| row.text(0).unwrap_or_default())?;
    Ok(names.into_iter().next())
}
