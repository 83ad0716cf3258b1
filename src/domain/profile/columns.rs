//! Columns of a profile's table, compared with those of a table.

use super::definition::Profile;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMismatch {
    pub missing: Vec<String>,
    pub unexpected: Vec<String>,
}

impl Profile {
    /// ASCII case is ignored, as in SQLite. `None`: the columns match.
    pub fn difference(&self, columns: &[String]) -> Option<ColumnMismatch> {
        let holds = |names: &[String], name: &String| {
            names.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        let is_known = |name: &&String| holds(&self.columns, name) || holds(&self.optional, name);
        let missing: Vec<_> =
            self.columns.iter().filter(|name| !holds(columns, name)).cloned().collect();
        let unexpected: Vec<_> = columns.iter().filter(|name| !is_known(name)).cloned().collect();
        (!missing.is_empty()).then_some(ColumnMismatch { missing, unexpected })
    }
}
