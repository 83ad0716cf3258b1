//! A table of a profile, whose keys are asked for by their names.

use toml::de::{DeTable, DeValue};

use crate::config::ConfigError;
use crate::config::page::{Entry, Page, Read};
use crate::config::values::kind;

/// A table, where it begins in the file, and what comes before its keys in messages.
pub(super) struct Section<'t, 'i> {
    pub(super) page: Page<'t>,
    name: String,
    table: &'t DeTable<'i>,
    pub(super) at: usize,
}

impl<'t, 'i> Section<'t, 'i> {
    pub(super) fn top(page: Page<'t>, table: &'t DeTable<'i>) -> Self {
        Self { page, name: String::new(), table, at: 0 }
    }

    /// Refuses all keys but these.
    pub(super) fn knows(&self, keys: &[&str]) -> Read<()> {
        let unknown = self.table.iter().filter(|(key, _)| !keys.contains(&key.get_ref().as_ref()));
        let first = unknown.min_by_key(|(key, _)| key.span().start);
        first.map_or(Ok(()), |entry| Err(self.page.unknown(&self.name, entry, keys)))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<Option<T>> {
        let entry = self.entry(key);
        entry.map(|entry| self.page.value(&self.key(key), entry, read)).transpose()
    }

    /// The same, where the key has to be there; `what` it is follows in the message.
    pub(super) fn required<T>(
        &self,
        key: &str,
        what: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let value = self.optional(key, read)?;
        value.ok_or_else(|| self.fault(key, &format!("is missing: {what}")))
    }

    /// A mistake at a key; where there is no such key, at the beginning of the table.
    pub(super) fn fault(&self, key: &str, what: &str) -> ConfigError {
        let at = self.entry(key).map_or(self.at, |entry| entry.1.span().start);
        self.page.fault(at, &self.key(key), what)
    }

    /// Refuses a key that says nothing here.
    pub(super) fn refuse(&self, key: &str, why: &str) -> Read<()> {
        if self.has(key) { Err(self.fault(key, why)) } else { Ok(()) }
    }

    /// The table of a key.
    pub(super) fn section(&self, key: &str) -> Read<Option<Section<'t, 'i>>> {
        let Some(entry) = self.entry(key) else {
            return Ok(None);
        };
        let name = self.key(key);
        let table = self.page.table(&name, entry)?;
        Ok(Some(Section { page: self.page, name, table, at: entry.1.span().start }))
    }

    /// The table of a key, if it is one and not another value.
    pub(super) fn table_of(&self, key: &str) -> Option<Section<'t, 'i>> {
        self.section(key).ok().flatten()
    }

    /// The tables within this one, by their names, in the order of the file.
    pub(super) fn sections(&self) -> Read<Vec<(String, Section<'t, 'i>)>> {
        let mut entries: Vec<Entry<'t, 'i>> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let named = |(key, _): Entry<'t, 'i>| {
            let name = key.get_ref().clone().into_owned();
            Ok(self.section(&name)?.map(|section| (name, section)))
        };
        entries.into_iter().map(named).filter_map(Result::transpose).collect()
    }

    /// The tables of a list; `what` each of them is follows in the message.
    pub(super) fn list(&self, key: &str, example: &str) -> Read<Vec<Section<'t, 'i>>> {
        let Some((name, value)) = self.entry(key) else {
            return Ok(Vec::new());
        };
        let fault = |at, value| {
            let what = format!("is a list of tables, like {example}, not {}", kind(value));
            self.page.fault(at, &self.key(key), &what)
        };
        let Some(items) = value.get_ref().as_array() else {
            // The place of a table is that of its header, the key's that of its name.
            return Err(fault(name.span().start, value.get_ref()));
        };
        let section = |item: &'t toml::Spanned<DeValue<'i>>| {
            let at = item.span().start;
            let table = item.get_ref().as_table().ok_or_else(|| fault(at, item.get_ref()))?;
            Ok(Section { page: self.page, name: self.key(key), table, at })
        };
        items.iter().map(section).collect()
    }

    fn entry(&self, key: &str) -> Option<Entry<'t, 'i>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key)
    }

    fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}
