//! Observations of a table: its schema and a sample of its values.

use crate::domain::profile::definition::ColumnSource;
use crate::domain::profile::value::SqlValue;

#[derive(Debug, Clone, Default)]
pub struct ObservedTable {
    pub name: String,
    pub columns: Vec<ObservedColumn>,
    /// Sets of columns that identify a row by a constraint, the primary key first.
    pub unique_keys: Vec<Vec<String>>,
    /// Set if the first of them is the primary key.
    pub has_primary_key: bool,
    /// Number of sampled rows.
    pub rows: usize,
    /// Set if the sample is the whole table.
    pub is_whole: bool,
    /// Sampled values of each column, then those of paths in columns with JSON. All are in the
    /// same order of rows.
    pub values: Vec<ObservedValues>,
    /// Foreign keys of one column.
    pub references: Vec<ObservedReference>,
    /// Tables whose rows may belong to rows of this one.
    pub dependents: Vec<ObservedDependent>,
}

#[derive(Debug, Clone)]
pub struct ObservedColumn {
    pub name: String,
    /// Declared type, as the schema spells it.
    pub declared: String,
    /// Set if an index begins with it.
    pub is_indexed: bool,
}

#[derive(Debug, Clone)]
pub struct ObservedValues {
    pub source: ColumnSource,
    pub values: Vec<SqlValue>,
}

/// Foreign key of one column to another table.
#[derive(Debug, Clone)]
pub struct ObservedReference {
    pub column: String,
    pub table: String,
    pub key: String,
    /// Columns of the other table.
    pub columns: Vec<String>,
}

/// Columns of another table that name a row of this one.
#[derive(Debug, Clone)]
pub struct ObservedDependent {
    pub table: String,
    pub columns: Vec<String>,
    pub references: Vec<String>,
    /// Action of the foreign key; `None`: the columns only have the same names.
    pub on_delete: Option<String>,
}

impl ObservedTable {
    /// Values of a column itself.
    pub(super) fn column(&self, name: &str) -> Option<&ObservedValues> {
        let is_it = |values: &&ObservedValues| {
            values.source.path.is_none() && values.source.column.eq_ignore_ascii_case(name)
        };
        self.values.iter().find(is_it)
    }

    pub(super) fn reference(&self, column: &str) -> Option<&ObservedReference> {
        self.references.iter().find(|key| key.column.eq_ignore_ascii_case(column))
    }

    pub(super) fn is_unique(&self, column: &str) -> bool {
        let is_it = |key: &&Vec<String>| key.len() == 1 && key[0].eq_ignore_ascii_case(column);
        self.unique_keys.iter().any(|key| is_it(&key))
    }
}

impl ObservedValues {
    pub(super) fn present(&self) -> impl Iterator<Item = &SqlValue> {
        self.values.iter().filter(|value| **value != SqlValue::Null)
    }

    /// Texts among the values; those that are not UTF-8 are left out.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| value.raw().text())
    }

    pub(super) fn distinct(&self) -> usize {
        self.counts().len()
    }

    /// Distinct values other than NULL in order of their first rows, each with its number of rows.
    pub(super) fn counts(&self) -> Vec<(&SqlValue, usize)> {
        let mut places = std::collections::HashMap::new();
        let mut counts: Vec<(&SqlValue, usize)> = Vec::new();
        for value in self.present() {
            let place = *places.entry(format!("{value:?}")).or_insert(counts.len());
            match counts.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => counts.push((value, 1)),
            }
        }
        counts
    }
}

/// Column, with the path in it if there is one.
pub(super) fn label(source: &ColumnSource) -> String {
    match &source.path {
        None => source.column.clone(),
        Some(path) => format!("{path} in {}", source.column),
    }
}
