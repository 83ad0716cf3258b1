//! References that block the deletion of a session.

use std::collections::BTreeSet;

use super::foreign_keys::ForeignKey;
use super::reader::TableReader;
use super::row_key::RowKey;
use super::table::TableSchema;
use crate::domain::error::Result;
use crate::domain::profile::{Dependent, DependentAction};
use crate::domain::session::SessionKey;
use crate::storage::{KeptRows, ReferencingTable};
use crate::store::database::Database;
use crate::store::statement::{Parameters, Statement, quoted};

const KEYS_PER_QUERY: usize = 500;

#[derive(Debug, Clone)]
pub(super) struct BlockingReference {
    pub(super) referrer: ReferencingTable,
    /// Condition that a blocking row exists, as an expression over a row of the session table.
    pub(super) sql: String,
    pub(super) is_self_reference: bool,
}

pub(super) struct ReferencingKey {
    pub(super) parent: String,
    pub(super) key: ForeignKey,
    pub(super) may_be_null: bool,
}

/// From a session to the rows that refer to it, directly or through rows deleted with it.
pub(super) struct ReferenceGraph<'a> {
    pub(super) table: &'a TableSchema,
    pub(super) key: &'a RowKey,
    /// Relevant foreign keys, without those that the profile handles.
    pub(super) all: &'a [ReferencingKey],
    pub(super) dependents: &'a [&'a Dependent],
    /// The tables that lose rows with a session, in lower case; the sessions among them.
    pub(super) cascading: &'a BTreeSet<String>,
}

impl ReferenceGraph<'_> {
    pub(super) fn blocking(&self) -> Vec<BlockingReference> {
        let mut path = vec![self.table.name.to_ascii_lowercase()];
        self.blocking_of(&self.table.name, &quoted(&self.table.name), &mut path)
    }

    /// `name` is an alias. A cycle of cascades is followed once: SQLite enforces the rest.
    fn blocking_of(
        &self,
        parent: &str,
        name: &str,
        path: &mut Vec<String>,
    ) -> Vec<BlockingReference> {
        let alias = quoted(&format!("referrer {}", path.len()));
        let mut blocking = Vec::new();
        let links = self.all.iter().filter(|link| link.parent.eq_ignore_ascii_case(parent));
        for link in links {
            let condition = self.join_condition(link, name, &alias);
            if self.blocks(link) {
                blocking.push(
                    self.blocking_reference(link, exists(&link.key.child, &alias, &condition)),
                );
            } else if link.key.cascades() {
                blocking.extend(self.blocking_through(&link.key.child, &alias, &condition, path));
            }
        }
        if parent == self.table.name {
            let deleted = self.dependents.iter();
            let deleted = deleted.filter(|dependent| dependent.action == DependentAction::Delete);
            for dependent in deleted {
                let condition = names_session(dependent, &alias, name);
                blocking.extend(self.blocking_through(&dependent.table, &alias, &condition, path));
            }
        }
        blocking
    }

    fn blocking_through(
        &self,
        child: &str,
        alias: &str,
        condition: &str,
        path: &mut Vec<String>,
    ) -> Vec<BlockingReference> {
        let lower = child.to_ascii_lowercase();
        if path.contains(&lower) {
            return Vec::new();
        }
        path.push(lower);
        let mut blocking = self.blocking_of(child, alias, path);
        path.pop();
        for holder in &mut blocking {
            holder.sql = exists(child, alias, &format!("{condition} AND {}", holder.sql));
        }
        blocking
    }

    /// Leaves to SQLite a `NO ACTION` of a table that loses rows with the same session.
    fn blocks(&self, ReferencingKey { parent, key, .. }: &ReferencingKey) -> bool {
        let is_open = !parent.eq_ignore_ascii_case(&self.table.name)
            && key.on_delete == "NO ACTION"
            && self.cascading.contains(&key.child.to_ascii_lowercase());
        key.blocks_deletion() && key.has_all_targets() && !is_open
    }

    /// Compares as SQLite does on deletion: by the collation of the referenced column. (Where the
    /// affinities of the columns differ, SQLite's cascades may compare differently; a row that it
    /// then rejects is reported as rejected.) A session may refer to itself.
    fn join_condition(
        &self,
        ReferencingKey { parent, key, .. }: &ReferencingKey,
        name: &str,
        alias: &str,
    ) -> String {
        let pairs = key.targets.iter().zip(&key.columns);
        let pair = |(target, column): (&String, &String)| {
            format!("{name}.{} = {alias}.{}", quoted(target), quoted(column))
        };
        let mut all: Vec<String> = pairs.map(pair).collect();
        let is_itself = key.child.eq_ignore_ascii_case(&self.table.name)
            && parent.eq_ignore_ascii_case(&self.table.name);
        if is_itself {
            all.push(self.key.differs(alias, name));
        }
        all.join(" AND ")
    }

    fn blocking_reference(
        &self,
        ReferencingKey { parent, key, may_be_null }: &ReferencingKey,
        sql: String,
    ) -> BlockingReference {
        let is_direct = parent.eq_ignore_ascii_case(&self.table.name);
        let referrer = ReferencingTable {
            table: key.child.clone(),
            columns: key.columns.clone(),
            targets: key.targets.clone(),
            through: (!is_direct).then(|| parent.clone()),
            may_be_null: *may_be_null,
        };
        let is_self_reference = is_direct && key.child.eq_ignore_ascii_case(&self.table.name);
        BlockingReference { referrer, sql, is_self_reference }
    }
}

/// Condition that a row of a dependent table names a session.
fn names_session(dependent: &Dependent, alias: &str, session: &str) -> String {
    let pairs = dependent.columns.iter().zip(&dependent.references);
    let same = pairs.map(|(column, named)| {
        let (column, named) = (quoted(column), quoted(named));
        format!(
            "{alias}.{column} = {session}.{named} AND CAST({alias}.{column} AS TEXT) \
             COLLATE BINARY = CAST({session}.{named} AS TEXT)"
        )
    });
    same.collect::<Vec<String>>().join(" AND ")
}

fn exists(table: &str, alias: &str, condition: &str) -> String {
    format!("EXISTS (SELECT 1 FROM {} AS {alias} WHERE {condition})", quoted(table))
}

pub(super) struct BlockingReferences<'a>(pub(super) &'a [BlockingReference]);

impl BlockingReferences<'_> {
    pub(super) fn is_possible(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn and_unreferenced(&self) -> String {
        let conditions = self.0.iter().map(|holder| format!(" AND NOT {}", holder.sql));
        conditions.collect::<Vec<String>>().concat()
    }

    /// Expression for the index of the reference that blocks a session; `otherwise` if none does.
    pub(super) fn blocking_index(&self, otherwise: &str) -> String {
        if self.0.is_empty() {
            return otherwise.to_owned();
        }
        let cases = self.0.iter().enumerate();
        let cases = cases.map(|(index, holder)| format!("WHEN {} THEN {index}", holder.sql));
        format!("CASE {} ELSE {otherwise} END", cases.collect::<Vec<String>>().join(" "))
    }

    pub(super) fn find_kept(
        &self,
        database: &impl Database,
        reader: &TableReader,
        keys: &[SessionKey],
    ) -> Result<(Vec<bool>, KeptRows)> {
        let (mut kept, mut are_kept) = (KeptRows::default(), vec![false; keys.len()]);
        if !self.is_possible() {
            return Ok((are_kept, kept));
        }
        let mut sql = Statement::new(&format!("SELECT {}", self.blocking_index("NULL")));
        sql.push(&format!(" FROM {} WHERE {}", reader.table(), reader.key.is_bound()));
        for (chunk, are_kept) in
            keys.chunks(KEYS_PER_QUERY).zip(are_kept.chunks_mut(KEYS_PER_QUERY))
        {
            database.query_all_for_each(
                &sql,
                &mut chunk.iter().map(Parameters::Key),
                &mut |index, row| {
                    let holder =
                        row.integer(0).and_then(|why| self.0.get(usize::try_from(why).ok()?));
                    if let Some(holder) = holder {
                        kept.refer(&holder.referrer, 1);
                        are_kept[index] = true;
                    }
                },
            )?;
        }
        Ok((are_kept, kept))
    }
}
