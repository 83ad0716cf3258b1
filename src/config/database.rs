//! Databases with a name: one `[[database]]` each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use toml::de::DeValue;

use super::document::SourceLine;
use super::error::Result;
use super::options::Config;
use super::overrides::Overrides;
use super::sections::TOP_LEVEL;
use super::table::SettingsTable;
use super::values::{name, parsed, text};

/// The name of a configured database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseName(String);

impl DatabaseName {
    pub const MAX_LEN: usize = 64;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reports whether a text has the form of a name.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        text.len() <= Self::MAX_LEN
            && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && text.chars().all(is_inner)
    }
}

impl FromStr for DatabaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Self::is_valid(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "must be at most {} letters, digits, dots, hyphens and underscores, the first one a \
             letter or a digit, not {text:?}",
            Self::MAX_LEN
        ))
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A configured database with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseEntry {
    pub name: DatabaseName,
    /// The general settings, overlaid by those of the entry.
    pub config: Config,
    /// The line that names it.
    pub line: SourceLine,
}

/// Keys of an entry that are not settings of all databases.
const OWN_KEYS: &[&str] = &["name", "path", "address", "as", "labels"];

/// Keys of a file that no entry can have.
pub(super) const FILE_KEYS: &[&str] = &["db", "database"];

/// Prefix of the keys of an entry in messages.
pub(super) const PREFIX: &str = "database.";

/// Labels that the metrics have already, or that Prometheus sets.
const RESERVED_LABELS: &[&str] =
    &["database", "instance", "job", "name", "outcome", "reason", "state", "task"];

/// Reads an entry over the general settings, as a table and as they were read.
pub(super) fn read(
    table: &SettingsTable<'_>,
    general: &SettingsTable<'_>,
    settings: &Config,
    overrides: Overrides<'_, '_>,
) -> Result<DatabaseEntry> {
    table.reject("license", "is spelled licence: use [[database.licence]]")?;
    table.reject("db", "use path for a file, or address for a cluster")?;
    let settings_keys = TOP_LEVEL.iter().filter(|key| !FILE_KEYS.contains(key));
    let valid: Vec<&str> = OWN_KEYS.iter().chain(settings_keys).copied().collect();
    table.allow_only(&valid)?;
    let entry_name: DatabaseName =
        table.required("name", "each database needs a unique name", parsed)?;
    let line = table.line("name").unwrap_or_else(|| table.at(table.offset));
    let (db, key) = database(table)?;
    let run_as = table.optional("as", name)?;
    let (labels, label_lines) = labels(table)?;
    let merged = table.clone().without(OWN_KEYS).overlaid_on(general);
    let mut config =
        Config::read(&merged, Some(settings), overrides.of(Some(entry_name.as_str())))?;
    config.lines.extend(table.line(key).map(|line| ("db".to_owned(), line)));
    config.lines.extend(table.line("as").map(|line| ("as".to_owned(), line)));
    config.lines.extend(label_lines);
    config.name_reports(&entry_name);
    let config = Config { db: Some(db), run_as, labels, ..config };
    Ok(DatabaseEntry { name: entry_name, config, line })
}

/// Reads the path or the address, and returns the key that has it.
fn database(table: &SettingsTable<'_>) -> Result<(String, &'static str)> {
    let path = table.optional("path", path)?;
    let address = table.optional("address", address)?;
    match (path, address) {
        (Some(path), None) => Ok((path, "path")),
        (None, Some(address)) => Ok((address, "address")),
        (Some(_), Some(_)) => Err(table.error("address", "cannot be combined with path")),
        (None, None) => {
            let what = "the file that holds the sessions, or use address for a cluster";
            Err(table.missing("path", what))
        }
    }
}

fn path(value: &DeValue<'_>) -> Result<String, String> {
    match name(value)? {
        address if address.contains("://") => {
            Err("must be the path of a file: use address for a cluster".to_owned())
        }
        path => Ok(path),
    }
}

fn address(value: &DeValue<'_>) -> Result<String, String> {
    match name(value)? {
        address if address.contains('@') => {
            Err("must not contain a password: use credentials in [database.cluster]".to_owned())
        }
        address if address.contains("://") => Ok(address),
        _ => Err("must be the address of a cluster, like \"http://db1:4001\": use path for a file"
            .to_owned()),
    }
}

type Labels = BTreeMap<String, String>;

fn labels(table: &SettingsTable<'_>) -> Result<(Labels, BTreeMap<String, SourceLine>)> {
    let (table, mut labels, mut lines) = (table.section("labels")?, Labels::new(), BTreeMap::new());
    for label in table.keys() {
        check_label(label).map_err(|message| table.error(label, &message))?;
        let value = table.optional(label, |value| text(value).map(str::to_owned))?;
        labels.extend(value.map(|value| (label.to_owned(), value)));
    }
    table.record_lines("labels", &mut lines);
    Ok((labels, lines))
}

fn check_label(label: &str) -> Result<(), String> {
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    if !label.starts_with(is_first) || !label.chars().all(is_inner) {
        return Err(
            "labels are named with letters, digits and underscores, the first one no digit"
                .to_owned(),
        );
    }
    if label.starts_with("__") || RESERVED_LABELS.contains(&label) {
        return Err("this label is reserved: choose another name".to_owned());
    }
    Ok(())
}

/// The key that has the database of an entry.
pub(super) fn key_of(config: &Config) -> &'static str {
    let is_address = config.db.as_ref().is_some_and(|db| db.contains("://"));
    if is_address { "address" } else { "path" }
}

/// A database as it is compared with others: by its absolute path, or by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DatabaseKey {
    Path(std::path::PathBuf),
    Address(String),
}

impl DatabaseKey {
    /// The key of a typed database, or of a configured one. Relative paths start at `directory`.
    pub(super) fn of(db: &Path, directory: &Path) -> Self {
        match db.to_str().filter(|db| db.contains("://")) {
            Some(address) => Self::Address(address.trim_end_matches('/').to_owned()),
            None => Self::Path(directory.join(db).components().collect()),
        }
    }
}

impl DatabaseEntry {
    /// Labels of the metrics of the database: its name, and those that its settings add.
    #[must_use]
    pub fn metric_labels(&self) -> Vec<(String, String)> {
        let own = self.config.labels.iter().map(|(name, value)| (name.clone(), value.clone()));
        std::iter::once(("database".to_owned(), self.name.to_string())).chain(own).collect()
    }

    pub(super) fn key(&self, directory: &Path) -> DatabaseKey {
        match self.config.db.as_deref().unwrap_or_default() {
            address if address.contains("://") => DatabaseKey::of(Path::new(address), directory),
            path => DatabaseKey::of(&self.config.resolve("db", Path::new(path)), directory),
        }
    }
}
