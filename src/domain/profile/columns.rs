//! Columns of a profile's table, compared with those of a table.

use super::definition::Profile;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMismatch {
    pub missing: Vec<String>,
    /// Columns that the profile does not know. They matter only if others are missing.
    pub unexpected: Vec<String>,
}

impl Profile {
    /// ASCII case is ignored, as in SQLite. `None`: the table has all columns that it must have.
    pub fn difference(&self, columns: &[String]) -> Option<ColumnMismatch> {
        let is_known = |name: &&String| has(&self.columns, name) || has(&self.optional, name);
        let missing: Vec<_> =
            self.columns.iter().filter(|name| !has(columns, name)).cloned().collect();
        let unexpected: Vec<_> = columns.iter().filter(|name| !is_known(name)).cloned().collect();
        (!missing.is_empty()).then_some(ColumnMismatch { missing, unexpected })
    }

    /// Returns the profile of a table with these columns: without a user, a client, an agent, a
    /// token, an opening or a last use in an optional column that the table lacks. Its
    /// [inputs](Self::inputs) stay as they are, and those in such a column are NULL.
    #[must_use]
    pub fn for_table(self, columns: &[String]) -> Self {
        let is_there = |time: &usize| {
            let time = self.times.get(*time).and_then(|time| self.inputs.get(time.input));
            time.is_some_and(|source| has(columns, &source.column))
        };
        let [created, used] = [self.created, self.used].map(|time| time.filter(is_there));
        Self {
            created,
            used,
            user: self.user.filter(|user| has(columns, &user.column)),
            client: self.client.filter(|client| has(columns, &client.column)),
            agent: self.agent.filter(|agent| has(columns, &agent.column)),
            tokens: self.tokens.into_iter().filter(|form| has(columns, &form.column)).collect(),
            ..self
        }
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
