//! Rows of a framework's table that were to be deleted, and were kept.

use std::collections::BTreeMap;

/// Failures that are kept as examples, so that none of a million takes memory.
const EXAMPLES: usize = 10;

/// Rows that were to be deleted and were kept, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptRows {
    /// Rows that rows of another table refer to, by what refers to them.
    pub referenced: BTreeMap<ReferencingTable, u64>,
    /// Rows that the database has not let go: a trigger or a constraint rejects it.
    pub rejected: u64,
    /// The first of these.
    pub examples: Vec<RejectedRow>,
}

/// What refers to rows that are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferencingTable {
    /// The table whose rows refer to others.
    pub table: String,
    /// Its columns that do.
    pub columns: Vec<String>,
    /// The columns that they refer to.
    pub targets: Vec<String>,
    /// The table that they refer to, if it is not that of the sessions but one whose rows
    /// are deleted with a session.
    pub through: Option<String>,
    /// Whether each of these columns may be NULL.
    pub may_be_null: bool,
}

/// A row that the database has not let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The handle of the session.
    pub handle: String,
    /// What the database says.
    pub why: String,
}

impl KeptRows {
    /// How many rows are referred to.
    pub fn referenced_rows(&self) -> u64 {
        self.referenced.values().sum()
    }

    /// How many rows were kept in all.
    pub fn rows(&self) -> u64 {
        self.referenced_rows() + self.rejected
    }

    /// Counts rows that are referred to.
    pub fn refer(&mut self, referrer: &ReferencingTable, rows: u64) {
        if let Some(known) = self.referenced.get_mut(referrer) {
            *known += rows;
        } else {
            self.referenced.insert(referrer.clone(), rows);
        }
    }

    /// Counts a row that the database has not let go.
    pub fn reject(&mut self, rejection: impl FnOnce() -> RejectedRow) {
        self.rejected += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(rejection());
        }
    }

    /// Adds what was kept elsewhere.
    pub fn add(&mut self, other: Self) {
        for (referrer, rows) in &other.referenced {
            self.refer(referrer, *rows);
        }
        self.rejected += other.rejected;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// A table that each deletion of a session reads as a whole, for lack of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnindexedTable {
    /// The table.
    pub table: String,
    /// The columns by which its rows refer to others.
    pub columns: Vec<String>,
    /// The statement by which the application's owner makes the index.
    pub remedy: String,
    /// Whether it has so many rows that a deletion takes noticeably longer.
    pub is_large: bool,
}

impl std::fmt::Display for UnindexedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, columns, remedy, .. } = self;
        write!(
            f,
            "{table} has no index on {}: each deletion of a session reads all of {table}; the \
             owner of the application can create one: {remedy}",
            columns.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_examples_are_few() {
        let referrer = |table: &str| ReferencingTable {
            table: table.to_owned(),
            columns: vec!["session".to_owned()],
            targets: vec!["id".to_owned()],
            through: None,
            may_be_null: true,
        };
        let mut kept = KeptRows::default();
        for number in 0..20 {
            let mut other = KeptRows::default();
            other.refer(&referrer(if number % 2 == 0 { "a" } else { "b" }), 2);
            other.reject(|| RejectedRow { handle: number.to_string(), why: "no".to_owned() });
            kept.add(other);
        }
        assert_eq!(kept.referenced, BTreeMap::from([(referrer("a"), 20), (referrer("b"), 20)]));
        assert_eq!((kept.referenced_rows(), kept.rejected, kept.rows()), (40, 20, 60));
        assert_eq!(kept.examples.len(), EXAMPLES);
    }
}
