//! Tables of a TOML document, whose keys are read by their names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::error::{ConfigError, Result};
use super::keys::ConfigKey;
use super::values::describe;

pub(super) type Entry<'d> = (&'d Spanned<Cow<'d, str>>, &'d Spanned<DeValue<'d>>);

/// The line of each key that a file sets.
pub(super) type Lines = BTreeMap<String, usize>;

#[derive(Clone)]
pub(super) struct SettingsTable<'d> {
    pub(super) document: &'d Document<'d>,
    /// Empty at the top level.
    pub(super) name: String,
    /// In the order of the file.
    entries: Vec<Entry<'d>>,
    pub(super) offset: usize,
}

impl<'d> SettingsTable<'d> {
    pub(super) fn top_level(document: &'d Document<'d>, entries: &'d DeTable<'d>) -> Self {
        Self::new(document, String::new(), entries, 0)
    }

    fn new(
        document: &'d Document<'d>,
        name: String,
        entries: &'d DeTable<'d>,
        offset: usize,
    ) -> Self {
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Self { document, name, entries, offset }
    }

    fn entry(&self, key: &str) -> Option<Entry<'d>> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key).copied()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    pub(super) fn value(&self, key: &str) -> Option<&'d DeValue<'d>> {
        self.entry(key).map(|(_, value)| value.get_ref())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.entries.iter().map(|(key, _)| key.get_ref().as_ref())
    }

    pub(super) fn take(&mut self, is_taken: fn(Entry<'_>) -> bool) -> Vec<Entry<'d>> {
        self.entries.extract_if(.., |entry| is_taken(*entry)).collect()
    }

    pub(super) fn allow_only(&self, valid: &[&str]) -> Result<()> {
        let unknown = self.entries.iter().find(|(key, _)| !valid.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown else { return Ok(()) };
        let message = format!("unknown key; valid keys: {}", valid.join(", "));
        Err(self.error_at(key.span().start, key.get_ref(), &message))
    }

    /// Reads the values of these keys into `target`, and ignores all others.
    pub(super) fn read_known<T>(&self, keys: &[ConfigKey<T>], target: &mut T) -> Result<()> {
        for (name, value) in &self.entries {
            if let Some(key) = keys.iter().find(|key| key.name == name.get_ref()) {
                (key.read)(target, value.get_ref()).map_err(|e| self.error(key.name, &e))?;
            }
        }
        Ok(())
    }

    /// Reads all values into `target`, and rejects all other keys.
    pub(super) fn read<T>(&self, keys: &[ConfigKey<T>], target: &mut T) -> Result<()> {
        self.allow_only(&keys.iter().map(|key| key.name).collect::<Vec<_>>())?;
        self.read_known(keys, target)
    }

    /// Records the lines of all keys under the name of a table.
    pub(super) fn record_lines(&self, table: &str, lines: &mut Lines) {
        let line = |value: &Spanned<_>| self.document.line(value.span().start);
        let entries = self.entries.iter();
        lines.extend(entries.map(|(key, value)| (join(table, key.get_ref()), line(value))));
    }

    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Result<Option<T>> {
        self.value(key).map(read).transpose().map_err(|message| self.error(key, &message))
    }

    /// Reads a key that must be present; `what` describes its value.
    pub(super) fn required<T>(
        &self,
        key: &str,
        what: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Result<T> {
        self.optional(key, read)?.ok_or_else(|| self.missing(key, what))
    }

    pub(super) fn missing(&self, key: &str, what: &str) -> ConfigError {
        self.error(key, &format!("is required: {what}"))
    }

    /// A mistake at the value of a key, or at the start of the table if there is no such key.
    pub(super) fn error(&self, key: &str, message: &str) -> ConfigError {
        let offset = self.entry(key).map_or(self.offset, |(_, value)| value.span().start);
        self.error_at(offset, key, message)
    }

    pub(super) fn error_at(&self, offset: usize, key: &str, message: &str) -> ConfigError {
        self.document.error_at(offset, &self.full(key), message)
    }

    pub(super) fn reject(&self, key: &str, message: &str) -> Result<()> {
        if self.has(key) { Err(self.error(key, message)) } else { Ok(()) }
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Self>> {
        self.entry(key).map(|(_, value)| self.subtable(key, value)).transpose()
    }

    /// The table of a key, without entries if there is no such key.
    pub(super) fn section(&self, key: &str) -> Result<Self> {
        let (document, name) = (self.document, self.full(key));
        let absent = || Self { document, name, entries: Vec::new(), offset: 0 };
        Ok(self.table(key)?.unwrap_or_else(absent))
    }

    /// The table that is the value of `key`, by which it is named in messages.
    pub(super) fn subtable(&self, key: &str, value: &'d Spanned<DeValue<'d>>) -> Result<Self> {
        let (name, offset) = (self.full(key), value.span().start);
        let Some(entries) = value.get_ref().as_table() else {
            let message = format!("must be a table: use [{}] above its keys", header(&name));
            return Err(self.error_at(offset, key, &message));
        };
        Ok(Self::new(self.document, name, entries, offset))
    }

    pub(super) fn tables(&self) -> Result<Vec<(String, Self)>> {
        let named = |(key, value): &Entry<'d>| {
            let key = key.get_ref().clone().into_owned();
            self.subtable(&key, value).map(|table| (key, table))
        };
        self.entries.iter().map(named).collect()
    }

    /// The tables of an array; none if there is no such key.
    pub(super) fn array(&self, key: &str, example: &str) -> Result<Vec<Self>> {
        let Some((name, value)) = self.entry(key) else { return Ok(Vec::new()) };
        let error = |offset, value| {
            let found = describe(value);
            let message = format!("must be an array of tables, like {example}, not {found}");
            self.error_at(offset, key, &message)
        };
        let Some(items) = value.get_ref().as_array() else {
            // The span of a table is that of its header, the span of the key that of its name.
            return Err(error(name.span().start, value.get_ref()));
        };
        let table = |item: &'d Spanned<DeValue<'d>>| {
            let (offset, value) = (item.span().start, item.get_ref());
            let entries = value.as_table().ok_or_else(|| error(offset, value))?;
            Ok(Self::new(self.document, self.full(key), entries, offset))
        };
        items.iter().map(table).collect()
    }

    pub(super) fn full(&self, key: &str) -> String {
        join(&self.name, key)
    }
}

pub(super) fn join(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The name of a table in its header, quoted if it is a pattern of tasks.
fn header(name: &str) -> String {
    match name.split_once('.') {
        Some((table, tasks)) if tasks.contains('*') => format!("{table}.{tasks:?}"),
        _ => name.to_owned(),
    }
}
