//! The columns that identify a session, and the dependent tables of a profile.

use toml::de::DeValue;

use super::columns::Columns;
use crate::config::error::Result;
use crate::config::table::SettingsTable;
use crate::config::values::{choice, name, one_or_more};
use crate::domain::profile::{Dependent, DependentAction, ROW_ID};

const ACTIONS: &[(&str, DependentAction)] =
    &[("delete", DependentAction::Delete), ("set null", DependentAction::SetNull)];

const EXAMPLE: &str = "[\"sid\", \"authenticated\"]";

/// Columns that together identify a session, or the row id.
pub(super) fn read_id(top: &SettingsTable<'_>, columns: &Columns) -> Result<Vec<String>> {
    top.required("id", "the column that identifies a session", |value| key_columns(value, columns))
}

fn key_columns(value: &DeValue<'_>, columns: &Columns) -> Result<Vec<String>, String> {
    let names = one_or_more(value, EXAMPLE, |value| match value.as_str() {
        Some(row_id) if row_id.eq_ignore_ascii_case(ROW_ID) && !columns.has(row_id) => {
            Ok(ROW_ID.to_owned())
        }
        _ => columns.find_required(value),
    })?;
    if names.len() > 1 && names.iter().any(|name| name == ROW_ID && !columns.has(name)) {
        return Err("must not have other columns besides rowid, which identifies a row".to_owned());
    }
    distinct(names)
}

fn distinct(names: Vec<String>) -> Result<Vec<String>, String> {
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(format!("duplicate column {name:?}: case is ignored"));
        }
    }
    Ok(names)
}

pub(super) fn read(
    top: &SettingsTable<'_>,
    columns: &Columns,
    id: &[String],
) -> Result<Vec<Dependent>> {
    let tables = top.array("dependents", "[[dependents]]")?;
    tables.iter().map(|table| dependent(table, columns, id)).collect()
}

fn dependent(table: &SettingsTable<'_>, columns: &Columns, id: &[String]) -> Result<Dependent> {
    table.allow_only(&["table", "column", "references", "action"])?;
    let references = table.optional("references", |value| key_columns(value, columns))?;
    let own = table.required("column", "the column that references the session", |value| {
        distinct(one_or_more(value, EXAMPLE, name)?)
    })?;
    let is_default = references.is_none();
    let references = references.unwrap_or_else(|| id.to_vec());
    if own.len() != references.len() {
        let (key, what) = if is_default { ("column", "id") } else { ("references", "column") };
        let (found, wanted) = if is_default { (&own, &references) } else { (&references, &own) };
        let message = format!(
            "must have as many columns as {what} ({}), not {}",
            wanted.join(", "),
            found.len()
        );
        return Err(table.error(key, &message));
    }
    Ok(Dependent {
        table: table.required("table", "the name of the dependent table", name)?,
        columns: own,
        references,
        action: table.optional("action", choice("action", ACTIONS))?.unwrap_or_default(),
    })
}
