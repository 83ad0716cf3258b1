//! Tables of a TOML document, whose keys are read by their names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Layer, SourceLine};
use super::error::{ConfigError, Result};
use super::keys::ConfigKey;
use super::values::describe;

/// A key and its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'d> {
    layer: Layer<'d>,
    pub(super) key: &'d Spanned<Cow<'d, str>>,
    pub(super) value: &'d Spanned<DeValue<'d>>,
    /// The value of the lower layer, if both are tables, or both are arrays.
    below: Option<(Layer<'d>, &'d Spanned<DeValue<'d>>)>,
}

/// The line of each key that is set.
pub(super) type Lines = BTreeMap<String, SourceLine>;

#[derive(Clone)]
pub(super) struct SettingsTable<'d> {
    layer: Layer<'d>,
    /// Empty at the top level.
    pub(super) name: String,
    /// In the order of the file.
    entries: Vec<Entry<'d>>,
    pub(super) offset: usize,
}

impl<'d> SettingsTable<'d> {
    pub(super) fn top_level(document: &'d Document<'d>, entries: &'d DeTable<'d>) -> Self {
        Self::new(Layer { document, prefix: "" }, String::new(), entries, 0)
    }

    fn new(layer: Layer<'d>, name: String, entries: &'d DeTable<'d>, offset: usize) -> Self {
        let entry = |(key, value)| Entry { layer, key, value, below: None };
        let mut entries: Vec<_> = entries.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        Self { layer, name, entries, offset }
    }

    /// The top level of a layer of its own, whose keys this prefix precedes in messages.
    pub(super) fn into_layer(self, prefix: &'static str) -> Self {
        let layer = Layer { prefix, ..self.layer };
        let entries = self.entries.into_iter().map(|entry| Entry { layer, ..entry }).collect();
        Self { layer, name: String::new(), entries, ..self }
    }

    /// Adds the keys of a lower layer. Tables are merged, and other values of this one win.
    pub(super) fn overlaid_on(mut self, below: &Self) -> Self {
        for lower in &below.entries {
            let known = self.entries.iter_mut().find(|entry| entry.key() == lower.key());
            match known {
                None => self.entries.push(*lower),
                Some(entry) if entry.is_mergeable_with(lower) => {
                    entry.below = Some((lower.layer, lower.value));
                }
                Some(_) => {}
            }
        }
        self
    }

    /// This table without some of its keys.
    pub(super) fn without(mut self, keys: &[&str]) -> Self {
        self.entries.retain(|entry| !keys.contains(&entry.key()));
        self
    }

    fn entry(&self, key: &str) -> Option<Entry<'d>> {
        self.entries.iter().find(|entry| entry.key() == key).copied()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    pub(super) fn value(&self, key: &str) -> Option<&'d DeValue<'d>> {
        self.entry(key).map(|entry| entry.value.get_ref())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.entries.iter().map(Entry::key)
    }

    pub(super) fn take(&mut self, is_taken: fn(Entry<'_>) -> bool) -> Vec<Entry<'d>> {
        self.entries.extract_if(.., |entry| is_taken(*entry)).collect()
    }

    pub(super) fn allow_only(&self, valid: &[&str]) -> Result<()> {
        let Some(unknown) = self.entries.iter().find(|entry| !valid.contains(&entry.key())) else {
            return Ok(());
        };
        let message = format!("unknown key; valid keys: {}", valid.join(", "));
        Err(self.error_at_key(unknown, &message))
    }

    /// Reads the values of these keys into `target`, and ignores all others.
    pub(super) fn read_known<T>(&self, keys: &[ConfigKey<T>], target: &mut T) -> Result<()> {
        for entry in &self.entries {
            if let Some(key) = keys.iter().find(|key| key.name == entry.key()) {
                (key.read)(target, entry.value.get_ref()).map_err(|e| self.error(key.name, &e))?;
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
        let entries = self.entries.iter();
        lines.extend(entries.map(|entry| (join(table, entry.key()), entry.line())));
    }

    /// The line of a key that is present.
    pub(super) fn line(&self, key: &str) -> Option<SourceLine> {
        self.entry(key).map(|entry| entry.line())
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
        let line = self.line(key).unwrap_or_else(|| self.layer.at(self.offset));
        line.error(&self.full(key), message)
    }

    pub(super) fn at(&self, offset: usize) -> SourceLine {
        self.layer.at(offset)
    }

    /// A mistake at a place of the layer of this table.
    pub(super) fn error_at(&self, offset: usize, key: &str, message: &str) -> ConfigError {
        self.at(offset).error(&self.full(key), message)
    }

    pub(super) fn error_at_key(&self, entry: &Entry<'d>, message: &str) -> ConfigError {
        entry.layer.at(entry.key.span().start).error(&self.full(entry.key()), message)
    }

    pub(super) fn reject(&self, key: &str, message: &str) -> Result<()> {
        if self.has(key) { Err(self.error(key, message)) } else { Ok(()) }
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Self>> {
        self.entry(key).map(|entry| self.subtable(key, &entry)).transpose()
    }

    /// The table of a key, without entries if there is no such key.
    pub(super) fn section(&self, key: &str) -> Result<Self> {
        let (layer, name) = (self.layer, self.full(key));
        let absent = || Self { layer, name, entries: Vec::new(), offset: 0 };
        Ok(self.table(key)?.unwrap_or_else(absent))
    }

    /// The table that is the value of an entry, which is named `key` in messages.
    pub(super) fn subtable(&self, key: &str, entry: &Entry<'d>) -> Result<Self> {
        let table = |layer: Layer<'d>, value: &'d Spanned<DeValue<'d>>| {
            let (name, offset) = (self.full(key), value.span().start);
            let entries = value.get_ref().as_table();
            entries.map(|entries| Self::new(layer, name, entries, offset))
        };
        let Some(top) = table(entry.layer, entry.value) else {
            let header = header(entry.layer.prefix, &self.full(key));
            let message = format!("must be a table: use [{header}] above its keys");
            return Err(entry.line().error(&self.full(key), &message));
        };
        let below = entry.below.and_then(|(layer, value)| table(layer, value));
        Ok(below.map_or_else(|| top.clone(), |below| top.clone().overlaid_on(&below)))
    }

    pub(super) fn tables(&self) -> Result<Vec<(String, Self)>> {
        let named = |entry: &Entry<'d>| {
            let key = entry.key().to_owned();
            self.subtable(&key, entry).map(|table| (key, table))
        };
        self.entries.iter().map(named).collect()
    }

    /// The tables of an array, of the topmost layer; none if there is no such key.
    pub(super) fn array(&self, key: &str, example: &str) -> Result<Vec<Self>> {
        let Some(entry) = self.entry(key) else { return Ok(Vec::new()) };
        self.array_of(&entry, entry.layer, entry.value, example)
    }

    /// The tables of an array, of all layers. A table of the upper layer replaces the one of the
    /// lower layer that has the same value of the key `name`.
    pub(super) fn merged_array(&self, key: &str, name: &str, example: &str) -> Result<Vec<Self>> {
        let mut upper = self.array(key, example)?;
        let Some(entry) = self.entry(key) else { return Ok(upper) };
        let Some((layer, value)) = entry.below else { return Ok(upper) };
        let mut merged = self.array_of(&entry, layer, value, example)?;
        for lower in &mut merged {
            let name_of = |table: &Self| table.value(name).and_then(DeValue::as_str);
            let same = upper
                .iter()
                .position(|table| name_of(table).is_some_and(|name| Some(name) == name_of(lower)));
            if let Some(index) = same {
                *lower = upper.remove(index);
            }
        }
        merged.extend(upper);
        Ok(merged)
    }

    fn array_of(
        &self,
        entry: &Entry<'d>,
        layer: Layer<'d>,
        value: &'d Spanned<DeValue<'d>>,
        example: &str,
    ) -> Result<Vec<Self>> {
        let full = self.full(entry.key());
        let error = |offset, value| {
            let found = describe(value);
            let example = match example.strip_prefix("[[") {
                Some(name) => format!("[[{}{name}", layer.prefix),
                None => example.to_owned(),
            };
            let message = format!("must be an array of tables, like {example}, not {found}");
            layer.at(offset).error(&full, &message)
        };
        let Some(items) = value.get_ref().as_array() else {
            // The span of a table is that of its header, the span of the key that of its name.
            return Err(error(entry.key.span().start, value.get_ref()));
        };
        let table = |item: &'d Spanned<DeValue<'d>>| {
            let (offset, value) = (item.span().start, item.get_ref());
            let entries = value.as_table().ok_or_else(|| error(offset, value))?;
            Ok(Self::new(layer, full.clone(), entries, offset))
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
fn header(prefix: &str, name: &str) -> String {
    match name.split_once('.') {
        Some((table, tasks)) if tasks.contains('*') => format!("{prefix}{table}.{tasks:?}"),
        _ => format!("{prefix}{name}"),
    }
}

impl<'d> Entry<'d> {
    pub(super) fn key(&self) -> &'d str {
        self.key.get_ref().as_ref()
    }

    /// The line of the value.
    fn line(&self) -> SourceLine {
        self.layer.at(self.value.span().start)
    }

    fn is_mergeable_with(&self, other: &Self) -> bool {
        let [own, other] = [self.value, other.value].map(Spanned::get_ref);
        (own.is_table() && other.is_table()) || (own.is_array() && other.is_array())
    }
}
