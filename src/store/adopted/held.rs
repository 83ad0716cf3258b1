//! The conditions under which a session is kept because other rows refer to it.

use std::collections::BTreeSet;

use super::foreign_keys::ForeignKey;
use super::reader::TableReader;
use super::table::Table;
use crate::domain::error::Result;
use crate::domain::profile::{Dependent, DependentAction};
use crate::domain::session::Key;
use crate::storage::{KeptRows, ReferencingTable};
use crate::store::database::Database;
use crate::store::statement::{Statement, bare, quoted};

/// Sessions that are looked at in one request.
const AT_ONCE: usize = 500;

/// A foreign key that keeps sessions from being deleted.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) referrer: ReferencingTable,
    /// That there is a row which keeps the session, as an expression over a row of the
    /// table of sessions.
    pub(super) sql: String,
    /// Whether it is other sessions that refer to a session.
    pub(super) is_of_sessions: bool,
}

/// A foreign key with the table that it refers to, and whether its columns may be NULL.
pub(super) struct Link {
    pub(super) parent: String,
    pub(super) key: ForeignKey,
    pub(super) may_be_null: bool,
}

/// What leads from a session to the rows that refer to it, directly or through rows that
/// are deleted with it.
pub(super) struct Links<'a> {
    pub(super) table: &'a Table,
    /// What the sessions are walked by, as an expression.
    pub(super) key: &'a str,
    /// The foreign keys that count, without those that the profile has settled.
    pub(super) all: &'a [Link],
    /// The dependents of the profile.
    pub(super) dependents: &'a [&'a Dependent],
    /// The tables that lose rows with a session, in lower case; the sessions among them.
    pub(super) losing: &'a BTreeSet<String>,
}

impl Links<'_> {
    /// What keeps sessions.
    pub(super) fn holders(&self) -> Vec<Holder> {
        let mut path = vec![self.table.name.to_ascii_lowercase()];
        self.of(&self.table.name, &quoted(&self.table.name), &mut path)
    }

    /// What keeps rows of a table that an expression calls `name`. A circle of cascades is
    /// followed once: SQLite itself finds out what lies further on.
    fn of(&self, parent: &str, name: &str, path: &mut Vec<String>) -> Vec<Holder> {
        let alias = quoted(&format!("referrer {}", path.len()));
        let mut holders = Vec::new();
        let links = self.all.iter().filter(|link| link.parent.eq_ignore_ascii_case(parent));
        for link in links {
            let condition = self.matches(link, name, &alias);
            if self.holds(link) {
                holders.push(self.holder(link, exists(&link.key.child, &alias, &condition)));
            } else if link.key.cascades() {
                holders.extend(self.behind(&link.key.child, &alias, &condition, path));
            }
        }
        if parent == self.table.name {
            let deleted = self.dependents.iter();
            let deleted = deleted.filter(|dependent| dependent.action == DependentAction::Delete);
            for Dependent { table, column, references, .. } in deleted {
                let (column, named) = (quoted(column), quoted(references));
                let condition = format!(
                    "{alias}.{column} = {name}.{named} AND CAST({alias}.{column} AS TEXT) \
                     COLLATE BINARY = CAST({name}.{named} AS TEXT)"
                );
                holders.extend(self.behind(table, &alias, &condition, path));
            }
        }
        holders
    }

    /// What keeps rows of a table that go with those of another.
    fn behind(
        &self,
        child: &str,
        alias: &str,
        condition: &str,
        path: &mut Vec<String>,
    ) -> Vec<Holder> {
        let lower = child.to_ascii_lowercase();
        if path.contains(&lower) {
            return Vec::new();
        }
        path.push(lower);
        let mut holders = self.of(child, alias, path);
        path.pop();
        for holder in &mut holders {
            holder.sql = exists(child, alias, &format!("{condition} AND {}", holder.sql));
        }
        holders
    }

    /// Whether a foreign key keeps the rows that it refers to. A `NO ACTION` from a table
    /// that loses rows with the same session may hold or not: SQLite finds out.
    fn holds(&self, Link { parent, key, .. }: &Link) -> bool {
        let is_open = !parent.eq_ignore_ascii_case(&self.table.name)
            && key.on_delete == "NO ACTION"
            && self.losing.contains(&key.child.to_ascii_lowercase());
        key.keeps() && key.is_whole() && !is_open
    }

    /// That a row refers to another, as SQLite compares them when that is deleted: by the
    /// collation of the column that is referred to. (Where the columns differ in their
    /// affinity, its own cascades may compare otherwise: a row that it then rejects is kept as
    /// one of those.) A session may refer to itself.
    fn matches(&self, Link { parent, key, .. }: &Link, name: &str, alias: &str) -> String {
        let pairs = key.targets.iter().zip(&key.columns);
        let pair = |(target, column): (&String, &String)| {
            format!("{name}.{} = {alias}.{}", quoted(target), quoted(column))
        };
        let mut all: Vec<String> = pairs.map(pair).collect();
        let is_itself = key.child.eq_ignore_ascii_case(&self.table.name)
            && parent.eq_ignore_ascii_case(&self.table.name);
        if is_itself {
            all.push(format!("{alias}.{} <> {name}.{}", self.key, self.key));
        }
        all.join(" AND ")
    }

    fn holder(&self, Link { parent, key, may_be_null }: &Link, sql: String) -> Holder {
        let is_direct = parent.eq_ignore_ascii_case(&self.table.name);
        let referrer = ReferencingTable {
            table: key.child.clone(),
            columns: key.columns.clone(),
            targets: key.targets.clone(),
            through: (!is_direct).then(|| parent.clone()),
            may_be_null: *may_be_null,
        };
        let is_of_sessions = is_direct && key.child.eq_ignore_ascii_case(&self.table.name);
        Holder { referrer, sql, is_of_sessions }
    }
}

fn exists(table: &str, alias: &str, condition: &str) -> String {
    format!("EXISTS (SELECT 1 FROM {} AS {alias} WHERE {condition})", quoted(table))
}

/// What may keep sessions of a table.
pub(super) struct Held<'a>(pub(super) &'a [Holder]);

impl Held<'_> {
    /// Whether there may be such sessions.
    pub(super) fn is_possible(&self) -> bool {
        !self.0.is_empty()
    }

    /// That nothing keeps a session, to be put behind another condition.
    pub(super) fn and_free(&self) -> String {
        and_free(self.0)
    }

    /// Which of the sessions with these keys are kept, and by what.
    pub(super) fn among(
        &self,
        database: &impl Database,
        reader: &TableReader,
        keys: &[Key],
    ) -> Result<(Vec<bool>, KeptRows)> {
        let (mut kept, mut are_kept) = (KeptRows::default(), vec![false; keys.len()]);
        if !self.is_possible() {
            return Ok((are_kept, kept));
        }
        let mut sql = Statement::new(&format!("SELECT {}", which(self.0, "NULL")));
        sql.push(&format!(" FROM {} WHERE {} = ?1", reader.table(), reader.key));
        for (chunk, are_kept) in keys.chunks(AT_ONCE).zip(are_kept.chunks_mut(AT_ONCE)) {
            database.query_all_for_each(&sql, &mut chunk.iter().map(bare), &mut |place, row| {
                let holder = row.integer(0).and_then(|why| self.0.get(usize::try_from(why).ok()?));
                if let Some(holder) = holder {
                    kept.refer(&holder.referrer, 1);
                    are_kept[place] = true;
                }
            })?;
        }
        Ok((are_kept, kept))
    }
}

/// That nothing keeps a session, to be put behind another condition.
pub(super) fn and_free(holders: &[Holder]) -> String {
    let free = holders.iter().map(|holder| format!(" AND NOT {}", holder.sql));
    free.collect::<Vec<String>>().concat()
}

/// Which of them keeps a session, by its place; `otherwise` if none does.
pub(super) fn which(holders: &[Holder], otherwise: &str) -> String {
    if holders.is_empty() {
        return otherwise.to_owned();
    }
    let cases = holders.iter().enumerate();
    let cases = cases.map(|(place, holder)| format!("WHEN {} THEN {place}", holder.sql));
    format!("CASE {} ELSE {otherwise} END", cases.collect::<Vec<String>>().join(" "))
}
