//! The times of a profile: `[times.NAME]`.

use super::encoding;
use super::symbols::Symbols;
use crate::config::error::Result;
use crate::config::table::SettingsTable;
use crate::config::values::{choice, name, sql_values};
use crate::domain::profile::{NullMeaning, TimeColumn};

const SOURCE_KEYS: &[&str] = &["column", "path"];
const MEANING_KEYS: &[&str] = &["forms", "null", "never", "over", "declared"];

const NULLS: &[(&str, NullMeaning)] =
    &[("expired", NullMeaning::Expired), ("never", NullMeaning::Never)];

pub(super) fn read(top: &SettingsTable<'_>, symbols: &mut Symbols<'_>) -> Result<()> {
    for (key, table) in top.section("times")?.tables()? {
        let time = time_column(&key, &table, symbols)?;
        symbols.times.push((key, time));
    }
    Ok(())
}

fn time_column(
    key: &str,
    table: &SettingsTable<'_>,
    symbols: &mut Symbols<'_>,
) -> Result<TimeColumn> {
    table.allow_only(&[SOURCE_KEYS, encoding::FORM_KEYS, MEANING_KEYS].concat())?;
    let source = symbols.columns.source(table, Some(key))?;
    let encoding = encoding::read(table, &mut symbols.parameters)?;
    let null = table.optional("null", choice("meaning of NULL", NULLS))?;
    let never = table.optional("never", sql_values)?.unwrap_or_default();
    let over = table.optional("over", sql_values)?.unwrap_or_default();
    if over.iter().any(|value| never.iter().any(|known| known.is_same(value.raw()))) {
        return Err(table.error("over", "must not share a value with never"));
    }
    let declared = table.optional("declared", name)?;
    Ok(TimeColumn { input: symbols.input(source), encoding, null, never, over, declared })
}
