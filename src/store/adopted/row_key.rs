//! The key of a table's rows, in SQL.

use std::fmt;

use crate::domain::profile::SqlValueRef;
use crate::domain::session::SessionKey;
use crate::store::database::RowRef;
use crate::store::statement::{Statement, key_values, quoted};

/// Columns by which rows are found and ordered: the row id or the primary key. As text, a column
/// or a row value, to be compared with others.
#[derive(Debug, Clone)]
pub(super) struct RowKey {
    columns: Vec<String>,
}

impl RowKey {
    pub(super) fn of(names: &[String]) -> Self {
        Self { columns: names.iter().map(|name| quoted(name)).collect() }
    }

    /// Its columns, quoted.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Condition that a row has the key `?1`, or `?1`, `?2`, ….
    pub(super) fn is_bound(&self) -> String {
        let is_same = |(index, column): (usize, &String)| format!("{column} = ?{index}");
        (1..).zip(&self.columns).map(is_same).collect::<Vec<_>>().join(" AND ")
    }

    /// Terms of an ORDER BY; `direction` is `ASC` or `DESC`.
    pub(super) fn order(&self, direction: &str) -> String {
        let term = |column: &String| format!("{column} {direction}");
        self.columns.iter().map(term).collect::<Vec<_>>().join(", ")
    }

    /// Condition that a row of one alias is another than that of another alias.
    pub(super) fn differs(&self, one: &str, other: &str) -> String {
        if let [column] = &self.columns[..] {
            return format!("{one}.{column} <> {other}.{column}");
        }
        let is_same = |column: &String| format!("{one}.{column} = {other}.{column}");
        format!("NOT ({})", self.columns.iter().map(is_same).collect::<Vec<_>>().join(" AND "))
    }

    /// Appends the comparison with a key to a statement.
    pub(super) fn push_compared(&self, sql: &mut Statement, comparison: &str, key: &SessionKey) {
        self.push_values(sql, comparison, key_values(key));
    }

    /// Appends the comparison with the key of a row, which is in its first columns.
    pub(super) fn push_compared_with_row(
        &self,
        sql: &mut Statement,
        comparison: &str,
        row: &dyn RowRef,
    ) {
        self.push_values(sql, comparison, (0..self.width()).map(|index| row.value(index)));
    }

    fn push_values<'v>(
        &self,
        sql: &mut Statement,
        comparison: &str,
        values: impl Iterator<Item = SqlValueRef<'v>>,
    ) {
        sql.push(&format!("{self} {comparison} "));
        let is_row = self.width() > 1;
        for (index, value) in values.enumerate() {
            let separator = match (is_row, index) {
                (false, _) => "",
                (true, 0) => "(",
                (true, _) => ", ",
            };
            sql.push(separator).bind(value);
        }
        if is_row {
            sql.push(")");
        }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.columns[..] {
            [column] => f.write_str(column),
            columns => write!(f, "({})", columns.join(", ")),
        }
    }
}
