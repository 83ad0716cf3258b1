use std::collections::BTreeMap;

/// Maximum number of failures kept as examples.
pub const EXAMPLES: usize = 10;

/// Rows that could not be, or could not have been, deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptRows {
    pub referenced: BTreeMap<ReferencingTable, u64>,
    /// Number of rows whose deletion a trigger or a constraint rejected.
    pub rejected: u64,
    pub examples: Vec<RejectedRow>,
    /// Set if a run before has reported as many.
    pub is_known: bool,
}

/// Foreign key that refers to rows to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferencingTable {
    pub table: String,
    pub columns: Vec<String>,
    /// Referenced columns.
    pub targets: Vec<String>,
    /// Referenced table, if not the session table but one whose rows are deleted with a session.
    pub through: Option<String>,
    /// True if all referencing columns may be NULL.
    pub may_be_null: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    pub handle: String,
    /// Message of the database.
    pub why: String,
}

impl KeptRows {
    pub fn referenced_rows(&self) -> u64 {
        self.referenced.values().sum()
    }

    pub fn rows(&self) -> u64 {
        self.referenced_rows() + self.rejected
    }

    pub fn refer(&mut self, referrer: &ReferencingTable, rows: u64) {
        if let Some(known) = self.referenced.get_mut(referrer) {
            *known += rows;
        } else {
            self.referenced.insert(referrer.clone(), rows);
        }
    }

    pub fn reject(&mut self, rejection: impl FnOnce() -> RejectedRow) {
        self.rejected += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(rejection());
        }
    }

    pub fn add(&mut self, other: Self) {
        for (referrer, rows) in &other.referenced {
            self.refer(referrer, *rows);
        }
        self.rejected += other.rejected;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// Table that each deletion of a session scans completely, for lack of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnindexedTable {
    pub table: String,
    pub columns: Vec<String>,
    /// Statement that creates the missing index.
    pub remedy: String,
    /// True if the table is large enough to slow deletions noticeably.
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
