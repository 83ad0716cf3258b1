//! From the parsed file to a [`Config`], with the line of every mistake.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::values::{command, count, percent, span_or, span_within, text, word};
use super::{Config, ConfigError, Hooks};

/// What a list of entries looks like: a key and its value, both with their
/// places in the file.
pub(super) type Entry<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

pub(super) type Read<T> = Result<T, ConfigError>;

pub(super) fn config(text: &str, file: &str) -> Read<Config> {
    let mut reader = Reader { file, text, config: Config::default() };
    let table = DeTable::parse(text).map_err(|e| {
        let span = e.span().unwrap_or_default();
        // Only of this mistake does the place say which key it is about.
        let is_key = e.message() == "duplicate key";
        let key = text.get(span.clone()).filter(|_| is_key).unwrap_or_default();
        reader.fault(span.start, key, e.message())
    })?;
    reader.top(table.get_ref())?;
    reader.warn_of_delays();
    Ok(reader.config)
}

pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) config: Config,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) -> Read<()> {
        // The policies build on this, wherever it stands in the file.
        for entry in table.iter().filter(|(key, _)| key.get_ref() == "retention") {
            self.retention(entry)?;
        }
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "db" => {
                    let db = self.value("db", entry, |value| text(value).map(str::to_owned))?;
                    self.config.db = Some(db);
                }
                "policy" => self.policies(entry)?,
                "schedule" => self.schedule(entry)?,
                "retention" => {}
                "guard" => self.guard(entry)?,
                "purge" => self.purge(entry)?,
                "job" => self.jobs(entry)?,
                "hooks" => self.hooks(entry)?,
                "ledger" => self.ledger(entry)?,
                _ => return Err(self.unknown("", entry, TOP)),
            }
        }
        Ok(())
    }

    fn retention(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("retention", entry)? {
            self.config.policies.retention_cap = match entry.0.get_ref().as_ref() {
                "max" => self.value("retention.max", entry, |value| span_or(value, "forever"))?,
                _ => return Err(self.unknown("retention", entry, &["max"])),
            };
        }
        Ok(())
    }

    fn schedule(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("schedule", entry)? {
            self.config.zone = match entry.0.get_ref().as_ref() {
                "timezone" => self.value("schedule.timezone", entry, word)?,
                _ => return Err(self.unknown("schedule", entry, &["timezone"])),
            };
        }
        Ok(())
    }

    fn guard(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("guard", entry)? {
            match entry.0.get_ref().as_ref() {
                "max_percent" => {
                    self.config.guard.max_percent =
                        self.value("guard.max_percent", entry, percent)?;
                }
                "max_rows" => {
                    self.config.guard.max_rows = self.value("guard.max_rows", entry, count)?;
                }
                _ => return Err(self.unknown("guard", entry, &["max_percent", "max_rows"])),
            }
        }
        Ok(())
    }

    fn purge(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("purge", entry)? {
            match entry.0.get_ref().as_ref() {
                "hold" => self.config.manners.hold = self.value("purge.hold", entry, word)?,
                "max_log" => {
                    self.config.manners.max_log = self.value("purge.max_log", entry, word)?;
                }
                _ => return Err(self.unknown("purge", entry, &["hold", "max_log"])),
            }
        }
        Ok(())
    }

    fn hooks(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("hooks", entry)? {
            match entry.0.get_ref().as_ref() {
                "on_end" => {
                    self.config.hooks.on_end = self.value("hooks.on_end", entry, command)?;
                }
                "timeout" => {
                    let within = |value: &DeValue<'_>| span_within(value, Hooks::TIMEOUTS);
                    self.config.hooks.timeout = self.value("hooks.timeout", entry, within)?;
                }
                _ => return Err(self.unknown("hooks", entry, &["on_end", "timeout"])),
            }
        }
        Ok(())
    }

    fn ledger(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.table("ledger", entry)? {
            self.config.keep_runs = match entry.0.get_ref().as_ref() {
                "keep" => self.value("ledger.keep", entry, |value| span_or(value, "forever"))?,
                _ => return Err(self.unknown("ledger", entry, &["keep"])),
            };
        }
        Ok(())
    }
}

const TOP: &[&str] =
    &["db", "policy", "schedule", "retention", "guard", "purge", "job", "hooks", "ledger"];

/// What all tables are read with.
impl Reader<'_> {
    /// Reads a value and remembers the line that set it.
    pub(super) fn value<T>(
        &mut self,
        key: &str,
        entry: Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let at = entry.1.span().start;
        let value = read(entry.1.get_ref()).map_err(|fault| self.fault(at, key, &fault))?;
        self.config.lines.insert(key.to_owned(), self.line(at));
        Ok(value)
    }

    pub(super) fn table<'t, 'i>(&self, key: &str, entry: Entry<'t, 'i>) -> Read<&'t DeTable<'i>> {
        entry.1.get_ref().as_table().ok_or_else(|| {
            self.fault(
                entry.1.span().start,
                key,
                &format!("is a table: write [{key}] above its keys"),
            )
        })
    }

    pub(super) fn unknown(&self, table: &str, entry: Entry<'_, '_>, known: &[&str]) -> ConfigError {
        let dot = if table.is_empty() { "" } else { "." };
        let key = format!("{table}{dot}{}", entry.0.get_ref());
        let what = format!("unknown key; it may be {}", known.join(", "));
        self.fault(entry.0.span().start, &key, &what)
    }

    /// A mistake at a place in the text.
    pub(super) fn fault(&self, at: usize, key: &str, what: &str) -> ConfigError {
        self.fault_on(self.line(at), key, what)
    }

    pub(super) fn fault_on(&self, line: usize, key: &str, what: &str) -> ConfigError {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        ConfigError { file: self.file.to_owned(), line, key, message: what.to_owned() }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
    }
}
