//! Databases of a file with a mistake, as far as they can be read in spite of it.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::database::DatabaseKey;

/// A database that must not be used, because its settings are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisabledDatabase {
    /// Name, or else path or address.
    pub name: String,
    key: Option<DatabaseKey>,
}

impl DisabledDatabase {
    pub(super) fn new(name: &str, key: DatabaseKey) -> Self {
        Self { name: name.to_owned(), key: Some(key) }
    }

    fn of(name: Option<&str>, database: Option<&str>, directory: &Path) -> Option<Self> {
        Some(Self {
            name: name.filter(|name| !name.is_empty()).or(database)?.to_owned(),
            key: database.map(|database| DatabaseKey::of(Path::new(database), directory)),
        })
    }

    pub(super) fn is_meant_by(&self, typed: &Path, key: &DatabaseKey) -> bool {
        typed.to_str() == Some(&self.name) || self.key.as_ref() == Some(key)
    }
}

/// The databases of a file that is valid TOML. Relative paths start at `directory`.
pub(super) fn in_table(top: &DeTable<'_>, directory: &Path) -> Vec<DisabledDatabase> {
    let items = top.get("database").and_then(|value| value.get_ref().as_array());
    let disabled = |item: &Spanned<DeValue<'_>>| {
        let text = |key: &str| item.get_ref().as_table()?.get(key)?.get_ref().as_str();
        DisabledDatabase::of(text("name"), text("path").or_else(|| text("address")), directory)
    };
    items.into_iter().flatten().filter_map(disabled).collect()
}

/// The databases of a file that is not valid TOML, by the lines `name = "…"`, `path = "…"` and
/// `address = "…"` below each `[[database]]`.
pub(super) fn in_text(text: &str, directory: &Path) -> Vec<DisabledDatabase> {
    let mut databases: Vec<(Option<&str>, Option<&str>)> = Vec::new();
    let mut is_entry = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            is_entry = line.starts_with("[[database]]");
            databases.extend(is_entry.then_some((None, None)));
        }
        let (Some(last), Some((key, value))) = (databases.last_mut(), line.split_once('=')) else {
            continue;
        };
        let value = value.trim().trim_start_matches(['"', '\'']).split(['"', '\'']).next();
        match key.trim() {
            "name" if is_entry => last.0 = value,
            "path" | "address" if is_entry => last.1 = value,
            _ => {}
        }
    }
    let found = databases.into_iter();
    found.filter_map(|(name, path)| DisabledDatabase::of(name, path, directory)).collect()
}
