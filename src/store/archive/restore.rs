//! Putting archived sessions back.

use std::collections::BTreeMap;

use super::table::StoredTable;
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValue;
use crate::storage::{ArchivedRow, ArchivedSession, NamedValue, RestoreOutcome};
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// Tables that sessions are restored to.
pub(in crate::store) struct RestoredTables {
    tables: BTreeMap<String, StoredTable>,
    /// Columns of the id of a session.
    id: Vec<String>,
}

impl RestoredTables {
    /// Reads the tables of these sessions.
    ///
    /// # Errors
    /// [`Error::Refused`] if a table, or a column of one, is missing.
    pub(in crate::store) fn of(
        database: &impl Database,
        id: &[String],
        sessions: &[ArchivedSession],
    ) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for row in sessions.iter().flat_map(|one| std::iter::once(&one.row).chain(&one.children)) {
            if !tables.contains_key(&row.table) {
                tables.insert(row.table.clone(), StoredTable::read(database, &row.table)?);
            }
            ensure_columns(database, &tables[&row.table], row)?;
        }
        Ok(Self { tables, id: id.to_vec() })
    }

    /// Restores sessions in one transaction. If the database rejects one, the others are restored
    /// without it: halves are tried until it is alone.
    pub(in crate::store) fn restore(
        &self,
        database: &mut impl Database,
        sessions: &[ArchivedSession],
    ) -> Result<Vec<RestoreOutcome>> {
        let mut statements = Vec::new();
        let mut own = Vec::new();
        for session in sessions {
            let begin = statements.len();
            statements.extend(self.session_statements(&session.row));
            own.push(begin..statements.len());
            for (index, child) in session.children.iter().enumerate() {
                let equal = session.children[..index].iter().filter(|one| one.is_equal(child));
                let copies = 1 + equal.count();
                statements.extend(self.child_statements(&session.row, child, copies));
            }
        }
        match database.execute_or_reject(&statements) {
            Ok(applied) => Ok(own.into_iter().map(|own| outcome(&applied.rows[own])).collect()),
            Err(Error::Rejected { why, .. }) if sessions.len() == 1 => {
                Ok(vec![RestoreOutcome::Rejected(why)])
            }
            Err(Error::Rejected { .. }) => {
                let (first, second) = sessions.split_at(sessions.len() / 2);
                let mut outcomes = self.restore(database, first)?;
                outcomes.extend(self.restore(database, second)?);
                Ok(outcomes)
            }
            Err(error) => Err(error),
        }
    }

    /// For each session, whether nothing keeps it from being restored but perhaps a constraint.
    pub(in crate::store) fn would_restore(
        &self,
        database: &impl Database,
        sessions: &[ArchivedSession],
    ) -> Result<Vec<bool>> {
        let is_free = |session: &ArchivedSession| {
            let row = &session.row;
            let mut sql = Statement::new("SELECT NOT EXISTS (SELECT 1 FROM ");
            sql.push(&self.tables[&row.table].quoted()).push(" WHERE ");
            self.push_same(&mut sql, row, &self.id);
            sql.push(")");
            if !row.changed.is_empty() {
                sql.push(" OR EXISTS (SELECT 1 FROM ").push(&self.tables[&row.table].quoted());
                sql.push(" WHERE ");
                self.push_as_left(&mut sql, row);
                sql.push(")");
            }
            Ok(database.query_first(&sql, |row| row.integer(0) == Some(1))? == Some(true))
        };
        sessions.iter().map(is_free).collect()
    }

    fn session_statements(&self, row: &ArchivedRow) -> Vec<Statement> {
        let mut statements = self.revert(row);
        let table = &self.tables[&row.table];
        if row.row_id.is_none() {
            let mut insert = self.insert(row, false);
            self.push_unless_there(&mut insert, row, &self.id);
            statements.push(insert);
            return statements;
        }
        let mut at_place = self.insert(row, true);
        at_place.push(" AND NOT EXISTS (SELECT 1 FROM ").push(&table.quoted()).push(" WHERE ");
        self.push_place(&mut at_place, row);
        at_place.push(")");
        self.push_unless_there(&mut at_place, row, &self.id);
        // Another row may have taken its place.
        let mut elsewhere = self.insert(row, false);
        self.push_unless_there(&mut elsewhere, row, &self.id);
        statements.extend([at_place, elsewhere]);
        statements
    }

    /// A child returns only to the session that it belonged to. In a table without a primary key,
    /// the session may have had several equal ones; this is one of so many copies.
    fn child_statements(
        &self,
        session: &ArchivedRow,
        child: &ArchivedRow,
        copies: usize,
    ) -> Vec<Statement> {
        let and_session = |sql: &mut Statement| {
            sql.push(" AND EXISTS (SELECT 1 FROM ").push(&self.tables[&session.table].quoted());
            sql.push(" WHERE ");
            push_all_equal(sql, &session.columns);
            sql.push(")");
        };
        let mut statements = self.revert(child);
        statements.iter_mut().for_each(and_session);
        if !child.changed.is_empty() {
            return statements;
        }
        let table = &self.tables[&child.table];
        for with_place in [true, false] {
            if with_place && child.row_id.is_none() {
                continue;
            }
            let mut insert = self.insert(child, with_place);
            and_session(&mut insert);
            if with_place {
                insert.push(" AND NOT EXISTS (SELECT 1 FROM ").push(&table.quoted());
                self.push_place(insert.push(" WHERE "), child);
                insert.push(")");
            }
            if table.primary.is_empty() {
                push_unless_copies(&mut insert, table, child, copies);
            } else {
                self.push_unless_there(&mut insert, child, &table.primary);
            }
            statements.push(insert);
        }
        statements
    }

    /// Undoes the change of a row that is still as the run left it.
    fn revert(&self, row: &ArchivedRow) -> Vec<Statement> {
        if row.changed.is_empty() {
            return Vec::new();
        }
        let mut sql = Statement::new("UPDATE ");
        sql.push(&self.tables[&row.table].quoted()).push(" SET ");
        for (index, (name, _)) in row.changed.iter().enumerate() {
            let old = row.columns.iter().find(|(known, _)| known == name);
            let old = old.map_or(SqlValue::Null, |(_, value)| value.clone());
            sql.push(if index > 0 { ", " } else { "" })
                .push(&quoted(name))
                .push(" = ")
                .bind(old.raw());
        }
        sql.push(" WHERE ");
        self.push_as_left(&mut sql, row);
        vec![sql]
    }

    /// INSERT … SELECT … WHERE TRUE
    fn insert(&self, row: &ArchivedRow, with_place: bool) -> Statement {
        let table = &self.tables[&row.table];
        let place = table.row_id.zip(row.row_id).filter(|_| with_place);
        let mut names: Vec<String> = row.columns.iter().map(|(name, _)| quoted(name)).collect();
        names.extend(place.map(|(name, _)| name.to_owned()));
        let mut sql = Statement::new("INSERT INTO ");
        sql.push(&table.quoted()).push(&format!(" ({}) SELECT ", names.join(", ")));
        let place = place.map(|(_, number)| SqlValue::Integer(number));
        let values = row.columns.iter().map(|(_, value)| value).chain(&place);
        for (index, value) in values.enumerate() {
            sql.push(if index > 0 { ", " } else { "" }).bind(value.raw());
        }
        sql.push(" WHERE TRUE");
        sql
    }

    /// Condition that neither this row nor, at its place, one with the same values in these columns
    /// is there.
    fn push_unless_there(&self, sql: &mut Statement, row: &ArchivedRow, same: &[String]) {
        let table = &self.tables[&row.table];
        sql.push(" AND NOT EXISTS (SELECT 1 FROM ").push(&table.quoted()).push(" WHERE ");
        self.push_same(sql, row, same);
        sql.push(")");
        if table.primary.is_empty() {
            sql.push(" AND NOT EXISTS (SELECT 1 FROM ").push(&table.quoted()).push(" WHERE ");
            push_all_equal(sql, &row.columns);
            sql.push(")");
        }
        sql.push(ON_CONFLICT);
    }

    /// Condition that a row is the archived one, possibly with other values: by its primary key,
    /// or else by its place and these columns.
    fn push_same(&self, sql: &mut Statement, row: &ArchivedRow, same: &[String]) {
        let table = &self.tables[&row.table];
        let is_key = |name: &str| {
            let names = if table.primary.is_empty() { same } else { &table.primary };
            names.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        let key: Vec<NamedValue> =
            row.columns.iter().filter(|(name, _)| is_key(name)).cloned().collect();
        push_all_equal(sql, &key);
        if table.primary.is_empty() {
            self.push_place(sql.push(if key.is_empty() { "" } else { " AND " }), row);
        }
    }

    fn push_place(&self, sql: &mut Statement, row: &ArchivedRow) {
        match (self.tables[&row.table].row_id, row.row_id) {
            (Some(name), Some(place)) => sql.push(name).push(" = ").bind(place),
            _ => sql.push("FALSE"),
        };
    }

    /// Condition that a changed row is still as the run left it.
    fn push_as_left(&self, sql: &mut Statement, row: &ArchivedRow) {
        let is_changed = |name: &str| row.changed.iter().any(|(known, _)| known == name);
        let unchanged = row.columns.iter().map(|(name, _)| name).filter(|name| !is_changed(name));
        self.push_same(sql, row, &unchanged.cloned().collect::<Vec<_>>());
        sql.push(" AND ");
        push_all_equal(sql, &row.changed);
    }
}

const ON_CONFLICT: &str = " ON CONFLICT DO NOTHING";

fn outcome(rows: &[u64]) -> RestoreOutcome {
    let is_restored = rows.iter().any(|rows| *rows > 0);
    if is_restored { RestoreOutcome::Restored } else { RestoreOutcome::Exists }
}

/// Condition that fewer rows with all these values are there.
fn push_unless_copies(sql: &mut Statement, table: &StoredTable, row: &ArchivedRow, copies: usize) {
    sql.push(" AND (SELECT count(*) FROM ").push(&table.quoted()).push(" WHERE ");
    push_all_equal(sql, &row.columns);
    sql.push(&format!(") < {copies}")).push(ON_CONFLICT);
}

fn push_all_equal(sql: &mut Statement, values: &[NamedValue]) {
    for (index, (name, value)) in values.iter().enumerate() {
        sql.push(if index > 0 { " AND " } else { "" }).push(&quoted(name));
        sql.push(" COLLATE BINARY IS ").bind(value.raw());
    }
}

fn ensure_columns(database: &impl Database, table: &StoredTable, row: &ArchivedRow) -> Result<()> {
    let at = database.display_name();
    if table.columns.is_empty() {
        let name = &row.table;
        return Err(Error::Refused(format!(
            "the archive has rows of a table {name}, which \"{at}\" does not have"
        )));
    }
    let missing = row.columns.iter().map(|(name, _)| name).filter(|name| !table.has(name));
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let columns = if missing.len() == 1 { "column" } else { "columns" };
    Err(Error::Refused(format!(
        "the table {} in \"{at}\" no longer has the {columns} {} of the archived rows; add what is \
         missing, or remove it from the archive",
        table.name,
        missing.join(", ")
    )))
}
