//! Distribution of the keys of a table over their range.

use super::key_distribution::{KeyDistribution, SamplePoint};
use super::reader::TableReader;
use super::values::key_part;
use crate::domain::error::Result;
use crate::domain::session::SessionKey;
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Parameters, Statement};

/// Values of a column that are told apart, if the key has more columns.
const MAX_GROUPS: usize = 16;

/// Ranges in the order of the key. There is one, unless the first columns of a key have a few
/// combinations of values: then each of them has its own.
#[derive(Debug)]
pub(super) struct KeySpread {
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    /// Values of the first columns, the same number in each group.
    prefix: Vec<SessionKey>,
    /// Values of the column behind them.
    distribution: KeyDistribution,
}

impl KeySpread {
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let columns = reader.key.columns();
        let mut prefixes = vec![Vec::new()];
        for level in 0..columns.len() - 1 {
            let [prefix] = &prefixes[..] else { break };
            let values = distinct_values(database, reader, level, prefix)?;
            if values.is_empty() || values.len() > MAX_GROUPS {
                break;
            }
            let longer = |value| prefix.iter().cloned().chain([value]).collect();
            prefixes = values.into_iter().map(longer).collect();
        }
        Ok(Self { groups: groups(database, reader, prefixes)? })
    }

    /// Fraction of the range that precedes a key, in `[0, 1]`.
    #[expect(clippy::cast_precision_loss, reason = "a share is a rough figure")]
    pub(super) fn position(&self, key: &SessionKey) -> f64 {
        let columns = key.columns();
        let precedes = |group: &Group| columns.get(..group.prefix.len()) > Some(&group.prefix[..]);
        let index = self.groups.iter().filter(|group| precedes(group)).count();
        let index = index.min(self.groups.len().saturating_sub(1));
        let Some(Group { prefix, distribution }) = self.groups.get(index) else {
            return 0.5;
        };
        let within = columns.get(prefix.len()).map_or(0.5, |value| distribution.position(value));
        (index as f64 + within) / self.groups.len() as f64
    }

    /// Reads the row at or after each of about `count` keys within the range.
    pub(super) fn rows<T>(
        &self,
        database: &impl Database,
        reader: &TableReader,
        what: &str,
        count: u32,
        read: impl Fn(&dyn RowRef) -> T,
    ) -> Result<Vec<T>> {
        let each = count / u32::try_from(self.groups.len()).unwrap_or(1).max(1);
        let points: Vec<(&Group, SamplePoint)> = self
            .groups
            .iter()
            .flat_map(|group| {
                group.distribution.sample_points(each).into_iter().map(move |point| (group, point))
            })
            .collect();
        let compared = self.groups.first().map_or(1, |group| group.prefix.len() + 1);
        let sql = at_or_after(reader, what, compared);
        let mut rows = Vec::with_capacity(points.len());
        let mut visit = |row: Option<&dyn RowRef>| rows.extend(row.map(&read));
        if compared == 1 {
            let mut values = points.iter().map(|(_, point)| Parameters::One(point.value()));
            database.query_each(&sql, &mut values, &mut visit)?;
        } else {
            let key = |(group, point): &(&Group, SamplePoint)| {
                let parts = group.prefix.iter().cloned();
                SessionKey::Columns(parts.chain([key_part(point.value())]).collect())
            };
            let keys: Vec<SessionKey> = points.iter().map(key).collect();
            database.query_each(&sql, &mut keys.iter().map(Parameters::Key), &mut visit)?;
        }
        Ok(rows)
    }
}

/// Reads the first row whose first columns of the key are the parameters, or greater.
fn at_or_after(reader: &TableReader, what: &str, compared: usize) -> Statement {
    let columns = reader.key.columns()[..compared].join(", ");
    let parameters: Vec<String> = (1..=compared).map(|index| format!("?{index}")).collect();
    let (parameters, order) = (parameters.join(", "), reader.key.order("ASC"));
    let condition = if compared == 1 {
        format!("{columns} >= {parameters}")
    } else {
        format!("({columns}) >= ({parameters})")
    };
    let mut sql = reader.select(what);
    sql.push(&format!(" WHERE {condition} ORDER BY {order} LIMIT 1"));
    sql
}

fn groups(
    database: &impl Database,
    reader: &TableReader,
    prefixes: Vec<Vec<SessionKey>>,
) -> Result<Vec<Group>> {
    let level = prefixes.first().map_or(0, Vec::len);
    let column = &reader.key.columns()[level];
    let table = reader.table();
    let within = match level {
        0 => String::new(),
        _ => format!(" WHERE {}", with_prefix(reader, level)),
    };
    let end =
        |which| database.lossless(&format!("(SELECT {which}({column}) FROM {table}{within})"));
    // A single query for both would scan the whole range.
    let sql = reader.lossless_statement(&format!("SELECT {}, {}", end("min"), end("max")));
    let keys: Vec<SessionKey> = prefixes.iter().cloned().map(SessionKey::Columns).collect();
    let mut found = Vec::with_capacity(keys.len());
    database.query_each(&sql, &mut keys.iter().map(Parameters::Key), &mut |row| {
        found.push(row.map_or(KeyDistribution::Unknown, |row| {
            KeyDistribution::between(row.value(0), row.value(1))
        }));
    })?;
    let group = |(prefix, distribution)| Group { prefix, distribution };
    Ok(prefixes.into_iter().zip(found).map(group).collect())
}

/// Condition that the first columns of the key are the parameters.
fn with_prefix(reader: &TableReader, level: usize) -> String {
    let columns = (1..).zip(&reader.key.columns()[..level]);
    let same = columns.map(|(index, column)| format!("{column} = ?{index} AND "));
    same.chain(["TRUE".to_owned()]).collect()
}

/// Values of a column of the key in rows with a prefix, each found by an index from the one
/// before; at most one more than are told apart.
fn distinct_values(
    database: &impl Database,
    reader: &TableReader,
    level: usize,
    prefix: &[SessionKey],
) -> Result<Vec<SessionKey>> {
    let (column, table) = (&reader.key.columns()[level], reader.table());
    let within = with_prefix(reader, level);
    let next = |and: &str| {
        format!("(SELECT {column} FROM {table} WHERE {within}{and} ORDER BY {column} LIMIT 1)")
    };
    let value = database.lossless("\"value\"");
    let mut sql = reader.lossless_statement(&format!(
        "SELECT {value} FROM (WITH RECURSIVE \"sessctl values\" (\"value\") AS (SELECT {} \
         UNION ALL SELECT {} FROM \"sessctl values\" WHERE \"value\" IS NOT NULL LIMIT {}) \
         SELECT \"value\" FROM \"sessctl values\" WHERE \"value\" IS NOT NULL)",
        next(""),
        next(&format!(" AND {column} > \"sessctl values\".\"value\"")),
        MAX_GROUPS + 1
    ));
    sql.values.extend(prefix.iter().map(Into::into));
    database.query_all(&sql, |row| key_part(row.value(0)))
}
