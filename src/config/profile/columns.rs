//! The columns of a profile's table, and what is read of them.

use toml::de::DeValue;

use super::section::Section;
use crate::config::page::Read;
use crate::config::values::{list, name, text};
use crate::domain::profile::ColumnSource;

/// The columns of the table.
pub(super) struct Columns {
    pub(super) always: Vec<String>,
    pub(super) optional: Vec<String>,
}

impl Columns {
    pub(super) fn read(top: &Section<'_, '_>) -> Read<Self> {
        const EXAMPLE: &str = "[\"id\", \"expires\"]";
        let names = |value: &DeValue<'_>| list(value, EXAMPLE, name);
        let what = "it lists all columns that the table has";
        let always = top.required("columns", what, names)?;
        let optional = top.optional("optional", names)?.unwrap_or_default();
        let mut seen: Vec<&String> = Vec::new();
        for (key, column) in always
            .iter()
            .map(|column| ("columns", column))
            .chain(optional.iter().map(|column| ("optional", column)))
        {
            if seen.iter().any(|known| known.eq_ignore_ascii_case(column)) {
                let what = format!("{column:?} stands there twice; case makes no difference");
                return Err(top.fault(key, &what));
            }
            seen.push(column);
        }
        Ok(Self { always, optional })
    }

    /// The column of this name, as the profile spells it where it lists them.
    pub(super) fn find(&self, column: &str) -> Result<String, String> {
        let is_same = |known: &&String| known.eq_ignore_ascii_case(column);
        if let Some(found) = self.always.iter().find(is_same) {
            Ok(found.clone())
        } else if self.optional.iter().any(|known| is_same(&known)) {
            Err(format!("{column:?} may be missing: only what stands in columns can be read"))
        } else {
            Err(format!("{column:?} is no column of the table: columns has no such name"))
        }
    }

    pub(super) fn of(&self, value: &DeValue<'_>) -> Result<String, String> {
        self.find(&name(value)?)
    }

    /// What `column` and `path` of a table name; `otherwise` is the column where it names
    /// none.
    pub(super) fn source(
        &self,
        section: &Section<'_, '_>,
        otherwise: Option<&str>,
    ) -> Read<ColumnSource> {
        let path = section.optional("path", path)?;
        let column = match (section.optional("column", |value| self.of(value))?, otherwise) {
            (Some(column), _) => column,
            (None, Some(name)) => {
                self.find(name).map_err(|fault| section.fault("column", &fault))?
            }
            (None, None) => {
                return Err(section.fault("column", "is missing: it names a column of the table"));
            }
        };
        Ok(ColumnSource { column, path })
    }
}

/// A path in JSON text, in SQLite's notation.
fn path(value: &DeValue<'_>) -> Result<String, String> {
    let path = text(value)?;
    let steps = path.strip_prefix('$').filter(|steps| !steps.is_empty());
    if steps.is_some_and(are_steps) {
        Ok(path.to_owned())
    } else {
        Err(format!("{path:?} is no path in JSON: write it like \"$.user.id\" or \"$.ids[0]\""))
    }
}

/// Whether text is one step of a path, or several: `.name`, `."name"`, `[0]`, `[#-1]`.
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
