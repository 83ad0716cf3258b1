//! Names of the users, in another table of the application.

use std::collections::BTreeSet;

use super::reader::TableReader;
use super::table::{columns_of, query_plan};
use crate::domain::error::{Error, Result};
use crate::domain::profile::{SqlValue, UserNames, user::plain, values_shown_as};
use crate::storage::KnownUser;
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Parameters, Statement, quoted};

/// Maximum size of an id or a name.
const MAX_BYTES: u32 = 1 << 10;
/// Rows of one id: more than one name is none.
const MAX_ROWS: u32 = 8;

/// Queries of a table of users, or the reason why it has no names.
pub(super) type UserTable = std::result::Result<UserQueries, String>;

/// Queries for users by a value `?1`, which return their ids and names.
#[derive(Debug)]
pub(super) struct UserQueries {
    by_key: Statement,
    by_name: Statement,
    similar_names: Statement,
}

impl UserQueries {
    /// Prepares the queries. An id must be found without a scan of the whole table, which may be a
    /// view. A table that is missing, or that has other columns, is no error.
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Result<UserTable> {
        let Some(names) = reader.profile.user.as_ref().and_then(|user| user.names.as_ref()) else {
            return Ok(Err("the profile does not say where they are".to_owned()));
        };
        match Self::prepare(database, reader, names) {
            // A view that refers to what is not there, or a function of the application's.
            Err(Error::Failed { source, .. }) => Ok(Err(format!("{}: {source}", names.table))),
            Err(Error::Refused(why)) => Ok(Err(format!("{}: {why}", names.table))),
            prepared => prepared,
        }
    }

    fn prepare(
        database: &impl Database,
        reader: &TableReader,
        names: &UserNames,
    ) -> Result<UserTable> {
        let table = &names.table;
        let columns = columns_of(database, table)?;
        if columns.is_empty() {
            return Ok(Err(format!("there is no table {table}")));
        }
        let is_missing = |name: &&String| !columns.iter().any(|column| column.is(name));
        if let Some(missing) = [&names.key, &names.name].into_iter().find(is_missing) {
            return Ok(Err(format!("{table} has no column {missing}")));
        }
        let by = |column: &str| query(database, reader, names, &is_equal(column));
        let by_key = by(&names.key);
        let steps = query_plan(database, &by_key.clone().with(SqlValue::Null))?;
        // SQLite would build an automatic index from a scan of the table.
        if steps.iter().any(|step| step.starts_with("SCAN") || step.contains("AUTOMATIC")) {
            return Ok(Err(format!("{table} has no index on {}", names.key)));
        }
        let name = quoted(&names.name);
        let begins = format!("substr({name}, 1, length(?1)) = ?1 COLLATE NOCASE");
        let similar_names = query(database, reader, names, &begins);
        Ok(Ok(Self { by_key, by_name: by(&names.name), similar_names }))
    }

    /// Looks up users by their ids, in their order.
    pub(super) fn known_users(
        &self,
        database: &impl Database,
        users: &[&str],
    ) -> Result<Vec<Option<KnownUser>>> {
        let mut found: Vec<BTreeSet<Option<String>>> = vec![BTreeSet::new(); users.len()];
        let values = values(users);
        let mut raw = values.iter().map(|(_, value)| Parameters::One(value.raw()));
        let mut sql = self.by_key.clone();
        sql.push(&format!(" LIMIT {MAX_ROWS}"));
        database.query_all_for_each(&sql, &mut raw, &mut |index, row| {
            let user = values[index].0;
            if plain(row.value(0)).as_deref() == Some(users[user]) {
                found[user].insert(plain(row.value(1)));
            }
        })?;
        let known = |names: BTreeSet<Option<String>>| match names.len() {
            0 => None,
            1 => Some(KnownUser { name: names.into_iter().next().flatten() }),
            _ => Some(KnownUser { name: None }),
        };
        Ok(found.into_iter().map(known).collect())
    }

    /// Looks up the ids of at most `most` users by their name.
    pub(super) fn users_named(
        &self,
        database: &impl Database,
        name: &str,
        most: usize,
    ) -> Result<Vec<String>> {
        let values = values(&[name]);
        let mut raw = values.iter().map(|(_, value)| Parameters::One(value.raw()));
        let mut ids = BTreeSet::new();
        let mut sql = self.by_name.clone();
        sql.push(&format!(" LIMIT {most}"));
        database.query_all_for_each(&sql, &mut raw, &mut |_, row: &dyn RowRef| {
            if plain(row.value(1)).as_deref() == Some(name) {
                ids.extend(plain(row.value(0)));
            }
        })?;
        Ok(ids.into_iter().take(most).collect())
    }

    /// Looks up at most `most` names by their beginning, which reads the whole table.
    pub(super) fn names_like(
        &self,
        database: &impl Database,
        prefix: &str,
        most: usize,
    ) -> Result<Vec<String>> {
        let value = SqlValue::Text(prefix.into());
        let mut raw = [Parameters::One(value.raw())].into_iter();
        let mut sql = self.similar_names.clone();
        sql.push(&format!(" LIMIT {most}"));
        let mut names = BTreeSet::new();
        database.query_all_for_each(&sql, &mut raw, &mut |_, row: &dyn RowRef| {
            names.extend(plain(row.value(1)));
        })?;
        Ok(names.into_iter().collect())
    }
}

/// Values that are shown as these texts, each with the index of its text.
fn values(texts: &[&str]) -> Vec<(usize, SqlValue)> {
    let shown = |(index, text): (usize, &&str)| {
        values_shown_as(text).unwrap_or_default().into_iter().map(move |value| (index, value))
    };
    texts.iter().enumerate().flat_map(shown).collect()
}

/// A column may take for the same what is not, by its collation.
fn is_equal(column: &str) -> String {
    let column = quoted(column);
    format!("{column} = ?1 AND {column} COLLATE BINARY = ?1")
}

fn query(
    database: &impl Database,
    reader: &TableReader,
    names: &UserNames,
    condition: &str,
) -> Statement {
    let bounded = |column: &String| {
        let column = quoted(column);
        database
            .lossless(&format!("CASE WHEN octet_length({column}) <= {MAX_BYTES} THEN {column} END"))
    };
    let (key, name) = (bounded(&names.key), bounded(&names.name));
    reader.lossless_statement(&format!(
        "SELECT {key}, {name} FROM {} WHERE {condition}",
        quoted(&names.table)
    ))
}
