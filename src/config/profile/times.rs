//! The times of a profile: `[times.NAME]`.

use toml::de::DeValue;

use super::reader::Reader;
use super::section::Section;
use crate::config::page::Read;
use crate::config::values::{choice, kind, list, text, whole};
use crate::domain::profile::{NullMeaning, SqlValue, TimeColumn};

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

impl Reader<'_> {
    pub(super) fn times(&mut self, top: &Section<'_, '_>) -> Read<()> {
        let Some(all) = top.section("times")? else {
            return Ok(());
        };
        for (name, section) in all.sections()? {
            let time = self.time_column(&name, &section)?;
            self.times.push((name, time));
        }
        Ok(())
    }

    /// The time that a key names.
    pub(super) fn time(&self, value: &DeValue<'_>) -> Result<usize, String> {
        let name = text(value)?;
        self.times.iter().position(|(known, _)| known == name).ok_or_else(|| {
            format!("{name:?} is no time: write [times.{name}] and say how it is encoded")
        })
    }

    fn time_column(&mut self, name: &str, section: &Section<'_, '_>) -> Read<TimeColumn> {
        section.knows(KEYS)?;
        let source = self.columns.source(section, Some(name))?;
        let encoding = self.encodings(section)?;
        let null = section.optional("null", |value| choice(value, "meaning of NULL", NULLS))?;
        let never = section.optional("never", data)?.unwrap_or_default();
        let over = section.optional("over", data)?.unwrap_or_default();
        if over.iter().any(|value| never.iter().any(|known| known.is_same(value.raw()))) {
            return Err(section.fault("over", "has a value that never has, too: it means one"));
        }
        Ok(TimeColumn { input: self.input(source), encoding, null, never, over })
    }
}

/// Values as a row holds them.
pub(super) fn data(value: &DeValue<'_>) -> Result<Vec<SqlValue>, String> {
    list(value, "[-1]", datum)
}

pub(super) fn datum(value: &DeValue<'_>) -> Result<SqlValue, String> {
    match value {
        DeValue::Integer(_) => whole(value).map(SqlValue::Integer),
        DeValue::String(text) => Ok(SqlValue::Text(text.as_bytes().to_vec())),
        // SQLite has no class of its own for these.
        DeValue::Boolean(is_true) => Ok(SqlValue::Integer((*is_true).into())),
        DeValue::Float(number) => {
            let number = number.as_str().parse().map(SqlValue::Real);
            number.map_err(|_| "wants a number that SQLite can hold".to_owned())
        }
        _ => Err(format!("wants a number or text, not {}", kind(value))),
    }
}
