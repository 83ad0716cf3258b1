//! Settings of policies that take precedence over those of the files.

use super::document::Document;
use super::error::{ConfigError, Result};
use super::policies::POLICY_KEYS;
use super::table::SettingsTable;
use super::tasks;
use crate::domain::policy::Policy;

/// Keys whose values are not strings.
const UNQUOTED: [&str; 3] = ["limit", "user_limit", "strict"];

const SECTION: &str = "policy.";

/// A setting of `[policy]`, or of a task, as `policy.timeout=15m` or `policy.imap.timeout=15m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySetting {
    /// Task or pattern whose policy it is; `None`: the policy of all others.
    pub task: Option<String>,
    /// The setting as it was given.
    pub given: String,
    /// Name in messages.
    source: String,
    /// TOML with the setting alone.
    text: String,
}

impl PolicySetting {
    /// Reads a key with its table, and a value that needs no quotes. Contradictions to other
    /// settings are found when the configuration is read.
    ///
    /// # Errors
    /// The reason why it is no setting of a policy.
    pub fn parse(given: &str, source: &str) -> Result<Self, String> {
        let Some((key, value)) = given.split_once('=') else {
            return Err("use a key and a value, like policy.timeout=15m".to_owned());
        };
        let Some(place) = key.trim().strip_prefix(SECTION) else {
            return Err(format!(
                "only policies can be changed: use policy.KEY, or policy.TASK.KEY for a task; \
                 keys: {}",
                key_names()
            ));
        };
        let (task, key) = match place.rsplit_once('.') {
            Some((task, key)) => (Some(unquoted(task)), key),
            None => (None, place),
        };
        if !Self::keys().any(|known| known == key) {
            return Err(format!("unknown key; valid keys: {}", key_names()));
        }
        let header =
            task.map_or("[policy]".to_owned(), |task| format!("[policy.{}]", string(task)));
        let text = format!("{header}\n{key} = {}", toml_value(key, value.trim()));
        let (task, given) = (task.map(str::to_owned), given.to_owned());
        let setting = Self { task, given, source: source.to_owned(), text };
        setting.check().map_err(ConfigError::into_message)?;
        Ok(setting)
    }

    fn check(&self) -> Result<()> {
        let document = self.document();
        let content = document.parse()?;
        let mut table = SettingsTable::top_level(&document, content.get_ref()).section("policy")?;
        let tables = tasks::split(&mut table, "policy")?;
        let mut tables = std::iter::once(table).chain(tables.into_iter().map(|(_, table)| table));
        tables.try_for_each(|table| table.read(POLICY_KEYS, &mut Policy::default()))
    }

    /// Names of the keys of a policy.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        POLICY_KEYS.iter().map(|key| key.name)
    }

    pub(super) fn document(&self) -> Document<'_> {
        Document::of_override(&self.source, &self.text)
    }
}

fn key_names() -> String {
    PolicySetting::keys().collect::<Vec<_>>().join(", ")
}

fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// A value as a file would have it.
fn toml_value(key: &str, value: &str) -> String {
    let is_bare = |value: &str| value.parse::<i64>().is_ok() || ["true", "false"].contains(&value);
    if UNQUOTED.contains(&key) && is_bare(value) {
        value.to_owned()
    } else {
        string(unquoted(value))
    }
}

/// A string in quotes; the escapes of JSON are also those of TOML, which in addition knows DEL as a
/// control character.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Settings that take precedence, for one of the databases.
#[derive(Debug, Clone, Default)]
pub struct PolicyOverrides {
    /// Name of the database; `None`: the one without a name.
    pub database: Option<String>,
    pub settings: Vec<PolicySetting>,
}

/// The same as tables of TOML, the last of which takes precedence.
#[derive(Clone, Copy, Default)]
pub(super) struct Overrides<'r, 'd> {
    pub(super) database: Option<&'r str>,
    pub(super) tables: &'r [SettingsTable<'d>],
}

impl<'r, 'd> Overrides<'r, 'd> {
    /// Those for a database.
    pub(super) fn of(self, database: Option<&str>) -> &'r [SettingsTable<'d>] {
        if database == self.database { self.tables } else { &[] }
    }
}
