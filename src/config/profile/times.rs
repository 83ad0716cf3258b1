//! The times of a profile: `[times.NAME]`.

use super::encoding;
use super::symbols::Symbols;
use crate::config::error::Result;
use crate::config::table::Table;
use crate::config::values::{choice, sql_values};
use crate::domain::profile::{NullMeaning, TimeColumn};

const KEYS: &[&str] = &[
    "column",
    "path",
    "encoding",
    "unit",
    "storage",
    "separator",
    "decimals",
    "zone",
    "timezone",
    "pattern",
    "forms",
    "null",
    "never",
    "over",
];

const NULLS: &[(&str, NullMeaning)] =
    &[("expired", NullMeaning::Expired), ("never", NullMeaning::Never)];

/// Reads all times into `symbols`.
pub(super) fn read(top: &Table<'_>, symbols: &mut Symbols<'_>) -> Result<()> {
    let Some(all) = top.table("times")? else { return Ok(()) };
    for (name, table) in all.tables()? {
        let time = time_column(&name, &table, symbols)?;
        symbols.times.push((name, time));
    }
    Ok(())
}

fn time_column(name: &str, table: &Table<'_>, symbols: &mut Symbols<'_>) -> Result<TimeColumn> {
    table.allow_only(KEYS)?;
    let source = symbols.columns.source(table, Some(name))?;
    let encoding = encoding::read(table, &mut symbols.parameters)?;
    let null = table.optional("null", choice("meaning of NULL", NULLS))?;
    let never = table.optional("never", sql_values)?.unwrap_or_default();
    let over = table.optional("over", sql_values)?.unwrap_or_default();
    if over.iter().any(|value| never.iter().any(|known| known.is_same(value.raw()))) {
        return Err(table.error("over", "must not share a value with never"));
    }
    Ok(TimeColumn { input: symbols.input(source), encoding, null, never, over })
}
