//! Which tables a profile is for.

use super::definition::Profile;

/// What keeps a table from being the one that a profile describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMismatch {
    /// Columns that it lacks.
    pub lacks: Vec<String>,
    /// Columns that it should not have.
    pub has: Vec<String>,
}

impl Profile {
    /// How the columns of a table differ from those that it should have; `None`: not at
    /// all. Names are compared as SQLite does, without regard to ASCII case.
    pub fn difference(&self, columns: &[String]) -> Option<ColumnMismatch> {
        let holds = |names: &[String], name: &String| {
            names.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        let lacks = self.columns.iter().filter(|name| !holds(columns, name));
        let is_known = |name: &&String| holds(&self.columns, name) || holds(&self.optional, name);
        let has = columns.iter().filter(|name| !is_known(name));
        let difference =
            ColumnMismatch { lacks: lacks.cloned().collect(), has: has.cloned().collect() };
        let is_none = difference.lacks.is_empty() && difference.has.is_empty();
        (!is_none).then_some(difference)
    }
}
