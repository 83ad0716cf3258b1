//! From the parsed file to a [`Config`], with the line of every mistake.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, POLICY};
use super::{Config, ConfigError};
use crate::domain::policy::Policy;
use crate::domain::time::Span;

/// What a list of entries looks like: a key and its value, both with their
/// places in the file.
type Entry<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

pub(super) fn config(text: &str, file: &str) -> Result<Config, ConfigError> {
    let mut reader = Reader { file, text, config: Config::default() };
    let table = DeTable::parse(text).map_err(|e| {
        let span = e.span().unwrap_or_default();
        // Only of this mistake does the place say which key it is about.
        let is_key = e.message() == "duplicate key";
        let key = text.get(span.clone()).filter(|_| is_key).unwrap_or_default();
        reader.fault(span.start, key, e.message())
    })?;
    reader.top(table.get_ref())?;
    Ok(reader.config)
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    config: Config,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) -> Result<(), ConfigError> {
        // Later tables build on these two, wherever they stand in the file.
        for entry in table {
            if entry.0.get_ref() == "retention" {
                self.retention(entry)?;
            }
        }
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "db" => {
                    let db =
                        self.value("db", entry, |value| keys::text(value).map(str::to_owned))?;
                    self.config.db = Some(db);
                }
                "policy" => self.policies(entry)?,
                "schedule" => self.schedule(entry)?,
                "guard" => self.guard(entry)?,
                "retention" => {}
                _ => {
                    return Err(self.unknown(
                        "",
                        entry,
                        &["db", "policy", "schedule", "retention", "guard"],
                    ));
                }
            }
        }
        Ok(())
    }

    fn policies(&mut self, entry: Entry<'_, '_>) -> Result<(), ConfigError> {
        let table = self.table("policy", entry)?;
        let is_task = |entry: &Entry<'_, '_>| entry.1.get_ref().is_table();
        let own = table.iter().filter(|entry| !is_task(entry));
        let default = self.policy("policy", Policy::default(), own)?;
        self.config.policies.default = default.clone();
        for entry in table.iter().filter(is_task) {
            let task = entry.0.get_ref();
            let name = format!("policy.{}", task.to_ascii_lowercase());
            // For TOML these are two keys, for sessctl one task.
            let same = table.keys().filter(|key| key.get_ref().eq_ignore_ascii_case(task));
            let later = same.max_by_key(|key| key.span().start).filter(|later| *later != entry.0);
            if let Some(later) = later {
                let what = "the task has a policy already; names match without regard to case";
                let key = format!("policy.{}", later.get_ref());
                return Err(self.fault(later.span().start, &key, what));
            }
            let own = self.table(&name, entry)?;
            let policy = self.policy(&name, default.clone(), own.iter())?;
            self.config.policies.insert(task, policy);
        }
        Ok(())
    }

    /// A policy that says otherwise than `base` where the entries do.
    fn policy<'t, 'i: 't>(
        &mut self,
        table: &str,
        base: Policy,
        entries: impl Iterator<Item = Entry<'t, 'i>>,
    ) -> Result<Policy, ConfigError> {
        let mut policy = base;
        for entry in entries {
            let name = entry.0.get_ref();
            let Some(key) = POLICY.iter().find(|key| key.name == name) else {
                let known: Vec<&str> = POLICY.iter().map(|key| key.name).collect();
                return Err(self.unknown(table, entry, &known));
            };
            let full = format!("{table}.{name}");
            self.value(&full, entry, |value| (key.read)(&mut policy, value))?;
        }
        self.stretch(table, &mut policy);
        self.contradictions(table, &policy)?;
        self.cap_retention(table, &mut policy);
        Ok(policy)
    }

    /// Whoever sets a timeout beyond the default bounds means it: bounds that
    /// nobody has set give way.
    fn stretch(&self, table: &str, policy: &mut Policy) {
        let is_set = |key: &str| self.line_of(table, key).is_some();
        if !is_set("min_timeout") {
            let least = [policy.timeout, policy.max_timeout].into_iter().flatten().min();
            policy.min_timeout =
                least.map_or(policy.min_timeout, |least| least.min(policy.min_timeout));
        }
        if !is_set("max_timeout") {
            policy.max_timeout = match (policy.timeout, policy.max_timeout) {
                (Some(timeout), Some(most)) => Some(most.max(timeout).max(policy.min_timeout)),
                _ => None,
            };
        }
    }

    fn contradictions(&self, table: &str, policy: &Policy) -> Result<(), ConfigError> {
        let longest = policy.max_timeout.unwrap_or(Span::seconds(i64::MAX));
        let shortest =
            policy.timeout.map_or(policy.min_timeout, |span| span.min(policy.min_timeout));
        let asked = policy.timeout.unwrap_or(Span::seconds(i64::MAX));
        if policy.min_timeout > longest {
            let what = format!("{} is more than max_timeout, {longest}", policy.min_timeout);
            Err(self.contradiction(table, ["min_timeout", "max_timeout"], &what))
        } else if asked > longest {
            let what =
                format!("{} is more than max_timeout, {longest}", keys::or_never(policy.timeout));
            Err(self.contradiction(table, ["timeout", "max_timeout"], &what))
        } else if asked < policy.min_timeout {
            let what = format!("{asked} is less than min_timeout, {}", policy.min_timeout);
            Err(self.contradiction(table, ["timeout", "min_timeout"], &what))
        } else if policy.touch_resolution.as_seconds() > shortest.as_seconds() / 2 {
            let what = format!(
                "{} is more than half of the shortest timeout, {shortest}: sessions in use would end",
                policy.touch_resolution
            );
            Err(self.contradiction(table, ["touch_resolution", "min_timeout"], &what))
        } else {
            Ok(())
        }
    }

    /// A key against another; the line is that of the one which the file sets.
    fn contradiction(&self, table: &str, [key, other]: [&str; 2], what: &str) -> ConfigError {
        let line = self.line_of(table, key).or_else(|| self.line_of(table, other));
        ConfigError {
            file: self.file.to_owned(),
            line: line.unwrap_or(1),
            key: format!("{table}.{key}: "),
            message: what.to_owned(),
        }
    }

    /// The line that sets a key of a policy: its own, or that of the general
    /// one, which it inherits.
    fn line_of(&self, table: &str, key: &str) -> Option<usize> {
        let line = |table: &str| self.config.lines.get(&format!("{table}.{key}")).copied();
        line(table).or_else(|| line("policy"))
    }

    fn cap_retention(&mut self, table: &str, policy: &mut Policy) {
        let Some(cap) = self.config.policies.retention_cap else {
            return;
        };
        if policy.retention.is_none_or(|retention| retention > cap) {
            if self.config.lines.contains_key(&format!("{table}.retention")) {
                self.config.warnings.push(format!(
                    "{table}.retention = \"{}\" is cut to retention.max = \"{cap}\"",
                    keys::or_forever(policy.retention)
                ));
            }
            policy.retention = Some(cap);
        }
    }

    fn retention(&mut self, entry: Entry<'_, '_>) -> Result<(), ConfigError> {
        for entry in self.table("retention", entry)? {
            self.config.policies.retention_cap = match entry.0.get_ref().as_ref() {
                "max" => self.value("retention.max", entry, |v| keys::span_or(v, "forever"))?,
                _ => return Err(self.unknown("retention", entry, &["max"])),
            };
        }
        Ok(())
    }

    fn schedule(&mut self, entry: Entry<'_, '_>) -> Result<(), ConfigError> {
        for entry in self.table("schedule", entry)? {
            self.config.zone = match entry.0.get_ref().as_ref() {
                "timezone" => self.value("schedule.timezone", entry, |value| {
                    keys::text(value)?
                        .parse()
                        .map_err(|e: crate::domain::zone::ZoneError| e.to_string())
                })?,
                _ => return Err(self.unknown("schedule", entry, &["timezone"])),
            };
        }
        Ok(())
    }

    fn guard(&mut self, entry: Entry<'_, '_>) -> Result<(), ConfigError> {
        for entry in self.table("guard", entry)? {
            match entry.0.get_ref().as_ref() {
                "max_percent" => {
                    self.config.guard.max_percent =
                        self.value("guard.max_percent", entry, keys::percent)?;
                }
                "max_rows" => {
                    self.config.guard.max_rows =
                        self.value("guard.max_rows", entry, keys::count)?;
                }
                _ => return Err(self.unknown("guard", entry, &["max_percent", "max_rows"])),
            }
        }
        Ok(())
    }

    /// Reads a value and remembers the line that set it.
    fn value<T>(
        &mut self,
        key: &str,
        entry: Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let at = entry.1.span().start;
        let value = read(entry.1.get_ref()).map_err(|fault| self.fault(at, key, &fault))?;
        self.config.lines.insert(key.to_owned(), self.line(at));
        Ok(value)
    }

    fn table<'t, 'i>(
        &self,
        key: &str,
        entry: Entry<'t, 'i>,
    ) -> Result<&'t DeTable<'i>, ConfigError> {
        entry.1.get_ref().as_table().ok_or_else(|| {
            self.fault(
                entry.1.span().start,
                key,
                &format!("is a table: write [{key}] above its keys"),
            )
        })
    }

    fn unknown(&self, table: &str, entry: Entry<'_, '_>, known: &[&str]) -> ConfigError {
        let dot = if table.is_empty() { "" } else { "." };
        let key = format!("{table}{dot}{}", entry.0.get_ref());
        let what = format!("unknown key; it may be {}", known.join(", "));
        self.fault(entry.0.span().start, &key, &what)
    }

    fn fault(&self, at: usize, key: &str, what: &str) -> ConfigError {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        ConfigError {
            file: self.file.to_owned(),
            line: self.line(at),
            key,
            message: what.to_owned(),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
    }
}
