//! The configuration of a host: the general file, and the files of its directory of databases.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use super::database::{self, DatabaseEntry, DatabaseKey, FILE_KEYS};
use super::document::Document;
use super::error::{ConfigError, Result};
use super::legacy;
use super::options::Config;
use super::sections::TOP_LEVEL;
use super::table::SettingsTable;

/// The texts of a configuration.
#[derive(Debug, Clone, Default)]
pub struct ConfigTexts {
    /// The general file and its text; `None`: there is none.
    pub main: Option<(PathBuf, String)>,
    /// The files with databases, in their order.
    pub drop_ins: Vec<DropIn>,
    /// The directory at which relative paths start.
    pub directory: PathBuf,
}

/// A file that contains databases only.
#[derive(Debug, Clone)]
pub struct DropIn {
    pub file: PathBuf,
    /// The text, or the reason why it cannot be used.
    pub text: Result<String, String>,
}

/// A configuration with its databases.
#[derive(Debug, Clone, Default)]
pub struct ConfigSet {
    /// The settings for all databases.
    pub general: Config,
    /// The databases that can be used, in the order of the files.
    pub databases: Vec<DatabaseEntry>,
    /// The mistakes that disable databases.
    pub faults: Vec<ConfigFault>,
    directory: PathBuf,
}

/// A mistake that disables databases, but not the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The mistake, with its file.
    pub message: String,
    /// The databases, as far as they are known.
    pub databases: Vec<DisabledDatabase>,
}

/// A database that must not be used, because its settings are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisabledDatabase {
    pub name: String,
    key: Option<DatabaseKey>,
}

impl ConfigSet {
    /// Reads the texts of a configuration.
    ///
    /// # Errors
    /// A mistake in the general file. Those of the other files are among the faults.
    pub fn parse(texts: &ConfigTexts) -> Result<Self, ConfigError> {
        let (file, text) = match &texts.main {
            Some((file, text)) => (file.as_path(), text.as_str()),
            None => (Path::new(""), ""),
        };
        let document = Document::new(file, text);
        let parsed = parse(&document, text)?;
        let top = SettingsTable::top_level(&document, parsed.get_ref());
        top.reject("license", "is spelled licence: use [[licence]]")?;
        top.allow_only(TOP_LEVEL)?;
        let general = Config::read(&top, None)?;
        let reader = EntryReader {
            settings: &general,
            table: &top.clone().without(FILE_KEYS).without(&["notify"]),
            directory: &texts.directory,
        };
        let databases = reader.entries(&top)?;
        let mut set = Self { databases, directory: texts.directory.clone(), ..Self::default() };
        for file in &texts.drop_ins {
            match reader.drop_in(file) {
                Ok(entries) => set.databases.extend(entries),
                Err(fault) => set.faults.push(fault),
            }
        }
        set.reject_unnamed(&top)?;
        Ok(Self { general, ..set })
    }

    /// Rejects a database without a name beside those with names.
    fn reject_unnamed(&self, top: &SettingsTable<'_>) -> Result<()> {
        match self.databases.first() {
            Some(first) => {
                let message = format!(
                    "cannot be combined with the [[database]] at {}: use [[database]] with a \
                     name and a path for this one, too",
                    first.line
                );
                top.reject("db", &message)
            }
            None => Ok(()),
        }
    }
}

fn parse<'a>(document: &Document<'a>, text: &str) -> Result<Spanned<DeTable<'a>>> {
    if let Some(found) = legacy::find(text, TOP_LEVEL) {
        return Err(document.on_line(found.line).error(&found.key, &found.message));
    }
    document.parse()
}

/// Reads databases over the general settings.
struct EntryReader<'r, 'd> {
    settings: &'r Config,
    /// The general settings that databases inherit.
    table: &'r SettingsTable<'d>,
    directory: &'r Path,
}

impl EntryReader<'_, '_> {
    fn entries(&self, top: &SettingsTable<'_>) -> Result<Vec<DatabaseEntry>> {
        let mut entries: Vec<DatabaseEntry> = Vec::new();
        for table in top.array("database", "[[database]]")? {
            let table = table.into_layer(database::PREFIX);
            let entry = database::read(&table, self.table, self.settings)?;
            let key = entry.key(self.directory);
            if let Some(known) = entries.iter().find(|known| known.name == entry.name) {
                let message =
                    format!("\"{}\" is already in use on line {}", entry.name, known.line.line);
                return Err(table.error("name", &message));
            }
            if let Some(known) = entries.iter().find(|known| known.key(self.directory) == key) {
                let field = if table.has("path") { "path" } else { "address" };
                let message = format!("is that of \"{}\" on line {}", known.name, known.line.line);
                return Err(table.error(field, &message));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn drop_in(&self, file: &DropIn) -> Result<Vec<DatabaseEntry>, ConfigFault> {
        let fault = |message: String| ConfigFault { message, databases: Vec::new() };
        let text = file.text.as_ref().map_err(|error| fault(error.clone()))?;
        let document = Document::new(&file.file, text);
        let parsed = parse(&document, text).map_err(|error| fault(error.to_string()))?;
        let top = SettingsTable::top_level(&document, parsed.get_ref());
        let read = reject_general(&top).and_then(|()| self.entries(&top));
        read.map_err(|error| fault(error.to_string()))
    }
}

/// Rejects what does not belong in a file of databases.
fn reject_general(top: &SettingsTable<'_>) -> Result<()> {
    for key in TOP_LEVEL.iter().filter(|key| **key != "database") {
        top.reject(key, "belongs in the general file: this file can contain only [[database]]")?;
    }
    top.allow_only(&["database"])
}

impl ConfigSet {
    /// The database with a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&DatabaseEntry> {
        self.databases.iter().find(|entry| entry.name.as_str() == name)
    }

    /// The database that a user means: by its name, its path or its address.
    #[must_use]
    pub fn database(&self, typed: &Path) -> Option<&DatabaseEntry> {
        let named = typed.to_str().and_then(|name| self.named(name));
        named.or_else(|| {
            let key = DatabaseKey::of(typed, &self.directory);
            self.databases.iter().find(|entry| entry.key(&self.directory) == key)
        })
    }

    /// The mistake that disables the database that a user means.
    #[must_use]
    pub fn fault_of(&self, typed: &Path) -> Option<&ConfigFault> {
        if self.database(typed).is_some() {
            return None;
        }
        let key = DatabaseKey::of(typed, &self.directory);
        let is_meant = |disabled: &DisabledDatabase| {
            typed.to_str() == Some(&disabled.name) || disabled.key.as_ref() == Some(&key)
        };
        self.faults.iter().find(|fault| fault.databases.iter().any(is_meant))
    }

    /// The database that is meant where none is named: the only one.
    #[must_use]
    pub fn only(&self) -> Option<&DatabaseEntry> {
        match self.databases.as_slice() {
            [entry] if self.faults.is_empty() && self.general.db.is_none() => Some(entry),
            _ => None,
        }
    }
}
