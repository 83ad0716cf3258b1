//! The configuration of a host: the general file, and the files of its directory of databases.

use std::path::{Path, PathBuf};

use super::database::{self, DatabaseEntry, DatabaseKey, FILE_KEYS};
use super::disabled::{self, DisabledDatabase};
use super::document::Document;
use super::error::{ConfigError, Result};
use super::legacy;
use super::options::Config;
use super::overrides::{Overrides, PolicyOverrides, PolicySetting};
use super::reports::shared_report;
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
    /// Settings that take precedence over the texts.
    pub overrides: PolicyOverrides,
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
        reject_legacy(&document, text)?;
        let parsed = document.parse()?;
        let top = SettingsTable::top_level(&document, parsed.get_ref());
        top.reject("license", "is spelled licence: use [[licence]]")?;
        top.allow_only(TOP_LEVEL)?;
        let settings = &texts.overrides.settings;
        let documents: Vec<Document<'_>> = settings.iter().map(PolicySetting::document).collect();
        let contents = documents.iter().map(Document::parse).collect::<Result<Vec<_>>>()?;
        let tables = documents.iter().zip(&contents);
        let tables = tables.map(|(it, content)| SettingsTable::top_level(it, content.get_ref()));
        let (tables, database) = (tables.collect::<Vec<_>>(), texts.overrides.database.as_deref());
        let overrides = Overrides { database, tables: &tables };
        let general = Config::read(&top, None, overrides.of(None))?;
        let reader = EntryReader {
            overrides,
            settings: &general,
            table: &top.clone().without(FILE_KEYS).without(&["notify"]),
            directory: &texts.directory,
        };
        let databases = reader.entries(&top)?;
        if let Some((_, error)) = shared_report(&databases) {
            return Err(error);
        }
        let mut set = Self { databases, directory: texts.directory.clone(), ..Self::default() };
        for file in &texts.drop_ins {
            match reader.drop_in(file) {
                Ok(entries) => set.databases.extend(entries),
                Err(fault) => set.faults.push(fault),
            }
        }
        set.reject_unnamed(&top)?;
        set.disable_duplicates();
        set.disable_shared_reports();
        Ok(Self { general, ..set })
    }

    /// Disables databases of several files that have the same name, or are the same: nobody knows
    /// which settings are meant.
    fn disable_duplicates(&mut self) {
        let keys: Vec<DatabaseKey> =
            self.databases.iter().map(|entry| entry.key(&self.directory)).collect();
        let mut is_disabled = vec![false; keys.len()];
        let entries = &self.databases;
        for (index, entry) in entries.iter().enumerate() {
            let is_same =
                |other: &usize| entries[*other].name == entry.name || keys[*other] == keys[index];
            let mut before = (0..index).filter(is_same);
            let Some(first) = before.next() else { continue };
            let message = duplicate_message(entry, &entries[first]);
            let pair = [first, index];
            is_disabled[first] = true;
            is_disabled[index] = true;
            let disabled = |index: &usize| {
                DisabledDatabase::new(entries[*index].name.as_str(), keys[*index].clone())
            };
            let mut databases: Vec<DisabledDatabase> = pair.iter().map(disabled).collect();
            databases.dedup();
            self.faults.push(ConfigFault { message, databases });
        }
        let mut is_disabled = is_disabled.into_iter();
        self.databases.retain(|_| !is_disabled.next().unwrap_or_default());
    }

    /// Disables databases whose jobs would write the report of an earlier one.
    fn disable_shared_reports(&mut self) {
        while let Some((index, error)) = shared_report(&self.databases) {
            let entry = self.databases.remove(index);
            let disabled = DisabledDatabase::new(entry.name.as_str(), entry.key(&self.directory));
            self.faults.push(ConfigFault { message: error.to_string(), databases: vec![disabled] });
        }
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

fn duplicate_message(entry: &DatabaseEntry, first: &DatabaseEntry) -> String {
    if entry.name == first.name {
        let message = format!("\"{}\" is already in use at {}", entry.name, first.line);
        return entry.line.error("name", &message).to_string();
    }
    let line = entry.config.line_of("db").unwrap_or(&entry.line);
    let message = format!("is already that of \"{}\" at {}", first.name, first.line);
    line.error(database::key_of(&entry.config), &message).to_string()
}

fn reject_legacy(document: &Document<'_>, text: &str) -> Result<()> {
    match legacy::find(text, TOP_LEVEL) {
        Some(found) => Err(document.on_line(found.line).error(&found.key, &found.message)),
        None => Ok(()),
    }
}

/// Reads databases over the general settings.
struct EntryReader<'r, 'd> {
    overrides: Overrides<'r, 'd>,
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
            let entry = database::read(&table, self.table, self.settings, self.overrides)
                .map_err(|error| error.of_database(database::PREFIX, &table.at(table.offset)))?;
            let key = entry.key(self.directory);
            if let Some(known) = entries.iter().find(|known| known.name == entry.name) {
                let message =
                    format!("\"{}\" is already in use on line {}", entry.name, known.line.line);
                return Err(table.error("name", &message));
            }
            if let Some(known) = entries.iter().find(|known| known.key(self.directory) == key) {
                let field = if table.has("path") { "path" } else { "address" };
                let message =
                    format!("is already that of \"{}\" on line {}", known.name, known.line.line);
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
        let parsed = document.parse();
        let directory = self.directory.join(file.file.parent().unwrap_or(Path::new("")));
        let databases = match &parsed {
            Ok(parsed) => disabled::in_table(parsed.get_ref(), &directory),
            Err(_) => disabled::in_text(text, &directory),
        };
        let entries = || {
            reject_legacy(&document, text)?;
            let parsed = parsed.as_ref().map_err(Clone::clone)?;
            let top = SettingsTable::top_level(&document, parsed.get_ref());
            reject_general(&top, &file.file)?;
            self.entries(&top)
        };
        entries().map_err(|error| ConfigFault { message: error.to_string(), databases })
    }
}

/// Rejects what does not belong in a file of databases.
fn reject_general(top: &SettingsTable<'_>, file: &Path) -> Result<()> {
    let main = file.parent().unwrap_or(Path::new("")).with_extension("toml");
    let message = format!("belongs in {}: this file can contain only [[database]]", main.display());
    for key in TOP_LEVEL.iter().filter(|key| **key != "database") {
        top.reject(key, &message)?;
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
        let is_meant = |disabled: &DisabledDatabase| disabled.is_meant_by(typed, &key);
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
