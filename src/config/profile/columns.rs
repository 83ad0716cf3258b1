//! The columns of a profile's table, and the values that are read from them.

use toml::de::DeValue;

use crate::config::error::Result;
use crate::config::table::SettingsTable;
use crate::config::values::{list, name, text};
use crate::domain::profile::ColumnSource;

pub(super) struct Columns {
    /// Columns that every version of the table has.
    pub(super) required: Vec<String>,
    pub(super) optional: Vec<String>,
}

impl Columns {
    pub(super) fn read(top: &SettingsTable<'_>) -> Result<Self> {
        let names = |value: &DeValue<'_>| list(value, "[\"id\", \"expires\"]", name);
        let required =
            top.required("columns", "the columns that every version of the table has", names)?;
        let optional = top.optional("optional", names)?.unwrap_or_default();
        let mut seen: Vec<&String> = Vec::new();
        for (key, columns) in [("columns", &required), ("optional", &optional)] {
            for column in columns {
                if seen.iter().any(|known| known.eq_ignore_ascii_case(column)) {
                    let message = format!("duplicate column {column:?}: case is ignored");
                    return Err(top.error(key, &message));
                }
                seen.push(column);
            }
        }
        Ok(Self { required, optional })
    }

    pub(super) fn has(&self, column: &str) -> bool {
        let mut all = self.required.iter().chain(&self.optional);
        all.any(|known| known.eq_ignore_ascii_case(column))
    }

    /// The column that a value names, in the profile's spelling.
    pub(super) fn find(&self, value: &DeValue<'_>) -> Result<String, String> {
        self.find_named(&name(value)?)
    }

    /// Finds a column without which the profile has no meaning.
    pub(super) fn find_required(&self, value: &DeValue<'_>) -> Result<String, String> {
        let found = self.find(value)?;
        if self.optional.contains(&found) {
            return Err(format!("column {found:?} is optional: list it in columns"));
        }
        Ok(found)
    }

    fn find_named(&self, column: &str) -> Result<String, String> {
        let mut known = self.required.iter().chain(&self.optional);
        let found = known.find(|known| known.eq_ignore_ascii_case(column));
        let unknown = || format!("unknown column {column:?}: it is not listed in columns");
        found.cloned().ok_or_else(unknown)
    }

    /// The source that the keys `column` and `path` describe; `default` is the column of a
    /// table without the key.
    pub(super) fn source(
        &self,
        table: &SettingsTable<'_>,
        default: Option<&str>,
    ) -> Result<ColumnSource> {
        let path = table.optional("path", path)?;
        Ok(ColumnSource { column: self.column(table, default)?, path })
    }

    /// The column that the key `column` names, or else the default.
    pub(super) fn column(
        &self,
        table: &SettingsTable<'_>,
        default: Option<&str>,
    ) -> Result<String> {
        match (table.optional("column", |value| self.find(value))?, default) {
            (Some(column), _) => Ok(column),
            (None, Some(name)) => {
                self.find_named(name).map_err(|message| table.error("column", &message))
            }
            (None, None) => Err(table.missing("column", "a column of the table")),
        }
    }
}

/// A JSON path, or a list of them.
pub(super) fn paths(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    if value.is_array() {
        list(value, "[\"$.user.id\", \"$.uid\"]", path)
    } else {
        path(value).map(|path| vec![path])
    }
}

/// A JSON path in SQLite's notation.
fn path(value: &DeValue<'_>) -> Result<String, String> {
    let path = text(value)?;
    let steps = path.strip_prefix('$').filter(|steps| !steps.is_empty());
    if steps.is_some_and(are_steps) {
        Ok(path.to_owned())
    } else {
        Err(format!("{path:?} is not a valid JSON path; examples: \"$.user.id\", \"$.ids[0]\""))
    }
}

/// Checks that text is a sequence of steps: `.name`, `."name"`, `[0]`, `[#-1]`.
fn are_steps(mut steps: &str) -> bool {
    while !steps.is_empty() {
        let Some(rest) = after_step(steps) else {
            return false;
        };
        steps = rest;
    }
    true
}

fn after_step(steps: &str) -> Option<&str> {
    if let Some(index) = steps.strip_prefix('[') {
        let (index, rest) = index.split_once(']')?;
        let digits = index.strip_prefix("#-").unwrap_or(index);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        return is_number.then_some(rest);
    }
    let name = steps.strip_prefix('.')?;
    if let Some(quoted) = name.strip_prefix('"') {
        return quoted.split_once('"').map(|(_, rest)| rest);
    }
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let is_name = end > 0 && !name[..end].contains(['"', '\0']);
    is_name.then_some(&name[end..])
}
