//! What the schema says of a table, for the draft of a profile.

use std::collections::BTreeMap;

use super::foreign_keys::foreign_keys_to;
use crate::domain::error::Result;
use crate::domain::profile::draft::{
    ObservedColumn, ObservedDependent, ObservedReference, ObservedTable,
};
use crate::store::database::Database;
use crate::store::statement::Statement;

const MAX_DEPENDENTS: usize = 8;

/// Ordinary table with its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableOverview {
    pub name: String,
    pub columns: Vec<String>,
}

/// All ordinary tables in one query.
pub(super) fn all_tables(database: &impl Database) -> Result<Vec<TableOverview>> {
    let sql = Statement::new(
        "SELECT tables.name, columns.name \
         FROM pragma_table_list AS tables JOIN pragma_table_xinfo(tables.name) AS columns \
         WHERE tables.schema = 'main' AND tables.type = 'table' \
         AND tables.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY tables.name, columns.cid",
    );
    let text = |row: Option<String>| row.unwrap_or_default();
    let rows = database.query_all(&sql, |row| (text(row.text(0)), text(row.text(1))))?;
    let mut tables: Vec<TableOverview> = Vec::new();
    for (name, column) in rows {
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => tables.push(TableOverview { name, columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// Table with all but its values, and whether it has row ids.
pub(super) fn schema(
    database: &impl Database,
    tables: &[TableOverview],
    name: &str,
) -> Result<(ObservedTable, bool)> {
    let sql = Statement::new("SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'");
    let without_row_ids = database.query_first(&sql.with(name), |row| row.count(0))?;
    let sql = Statement::new("SELECT name, type, pk FROM pragma_table_xinfo(?1) ORDER BY cid");
    let columns = database.query_all(&sql.with(name), |row| {
        (row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default(), row.count(2))
    })?;
    let mut primary: Vec<(u64, String)> = columns
        .iter()
        .filter(|(_, _, position)| *position > 0)
        .map(|(name, _, position)| (*position, name.clone()))
        .collect();
    primary.sort();
    let primary: Vec<String> = primary.into_iter().map(|(_, name)| name).collect();
    let has_primary_key = !primary.is_empty();
    let indexes = indexes(database, name)?;
    let unique_keys = unique_keys(primary, &indexes);
    let is_indexed = |column: &String| {
        indexes.iter().any(|(_, columns)| columns.first() == Some(&Some(column.clone())))
            || unique_keys.iter().any(|key| key[0] == *column)
    };
    let columns = columns.iter().map(|(name, declared, _)| ObservedColumn {
        name: name.clone(),
        declared: declared.clone(),
        is_indexed: is_indexed(name),
    });
    let table = ObservedTable {
        name: name.to_owned(),
        columns: columns.collect(),
        references: references(database, tables, name)?,
        dependents: dependents(database, tables, name, &unique_keys)?,
        unique_keys,
        has_primary_key,
        ..ObservedTable::default()
    };
    Ok((table, without_row_ids == Some(0)))
}

/// The primary key, and the columns of the unique indexes.
fn unique_keys(primary: Vec<String>, indexes: &[IndexColumns]) -> Vec<Vec<String>> {
    let unique = indexes.iter().filter(|(is_unique, _)| *is_unique);
    let unique = unique.filter_map(|(_, columns)| columns.iter().cloned().collect());
    let mut keys: Vec<Vec<String>> = Vec::new();
    for key in std::iter::once(primary).chain(unique).filter(|key| !key.is_empty()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Columns of each index, `None` for an expression, and whether it makes every row unique.
type IndexColumns = (bool, Vec<Option<String>>);

fn indexes(database: &impl Database, table: &str) -> Result<Vec<IndexColumns>> {
    let sql = Statement::new(
        "SELECT list.name, list.\"unique\" AND NOT list.partial, item.name \
         FROM pragma_index_list(?1) AS list JOIN pragma_index_xinfo(list.name) AS item \
         WHERE item.key ORDER BY list.seq, item.seqno",
    );
    let rows = database.query_all(&sql.with(table), |row| {
        (row.text(0).unwrap_or_default(), row.count(1) == 1, row.text(2))
    })?;
    let mut indexes: Vec<(String, IndexColumns)> = Vec::new();
    for (name, is_unique, column) in rows {
        match indexes.last_mut().filter(|(known, _)| *known == name) {
            Some((_, (_, columns))) => columns.push(column),
            None => indexes.push((name, (is_unique, vec![column]))),
        }
    }
    // SQLite lists the latest index first.
    Ok(indexes.into_iter().rev().map(|(_, index)| index).collect())
}

fn references(
    database: &impl Database,
    tables: &[TableOverview],
    name: &str,
) -> Result<Vec<ObservedReference>> {
    let sql = Statement::new(
        "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
    );
    let rows = database.query_all(&sql.with(name), |row| {
        let text = |column| row.text(column).unwrap_or_default();
        (row.count(0), (text(1), text(2), row.text(3)))
    })?;
    let mut keys: BTreeMap<u64, Vec<(String, String, Option<String>)>> = BTreeMap::new();
    for (id, key) in rows {
        keys.entry(id).or_default().push(key);
    }
    let mut found = Vec::new();
    for (table, column, key) in keys.into_values().filter(|key| key.len() == 1).flatten() {
        let Some(other) = tables.iter().find(|it| it.name.eq_ignore_ascii_case(&table)) else {
            continue;
        };
        let sql = Statement::new("SELECT name FROM pragma_table_xinfo(?1) WHERE pk = 1");
        let primary = || {
            database
                .query_first(&sql.with(other.name.as_str()), |row| row.text(0).unwrap_or_default())
        };
        let key = match key {
            Some(key) => Some(key),
            None => primary()?,
        };
        found.extend(key.map(|key| ObservedReference {
            column,
            table: other.name.clone(),
            key,
            columns: other.columns.clone(),
        }));
    }
    Ok(found)
}

fn dependents(
    database: &impl Database,
    tables: &[TableOverview],
    name: &str,
    unique_keys: &[Vec<String>],
) -> Result<Vec<ObservedDependent>> {
    let by_key = foreign_keys_to(database, name)?.into_iter();
    let mut found: Vec<ObservedDependent> = by_key
        .filter(|key| key.child != name && key.has_all_targets())
        .map(|key| ObservedDependent {
            table: key.child,
            columns: key.columns,
            references: key.targets,
            on_delete: Some(key.on_delete),
        })
        .collect();
    for other in tables.iter().filter(|other| other.name != name) {
        let is_known = found.iter().any(|it| it.table.eq_ignore_ascii_case(&other.name));
        let key = unique_keys.iter().find_map(|key| Some((key, same_named(name, key, other)?)));
        if let Some((key, columns)) = key.filter(|_| !is_known) {
            found.push(ObservedDependent {
                table: other.name.clone(),
                columns,
                references: key.clone(),
                on_delete: None,
            });
        }
    }
    found.truncate(MAX_DEPENDENTS);
    Ok(found)
}

/// Columns of another table with the names of a key, or with the name of the table before them:
/// `session_id` for the `id` of `sessions`.
fn same_named(table: &str, key: &[String], other: &TableOverview) -> Option<Vec<String>> {
    const GENERIC: [&str; 6] = ["id", "key", "name", "rowid", "token", "value"];
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let singular = plain(table);
    let singular = singular.strip_suffix('s').unwrap_or(&singular);
    let column = |wanted: &String| {
        let is_generic = GENERIC.contains(&plain(wanted).as_str());
        let prefixed = format!("{singular}{}", plain(wanted));
        let is_it = |column: &&String| {
            plain(column) == prefixed || (!is_generic && column.eq_ignore_ascii_case(wanted))
        };
        other.columns.iter().find(is_it).cloned()
    };
    key.iter().map(column).collect()
}
