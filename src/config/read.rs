//! From the parsed file to a [`Config`], with the line of every mistake.

use std::mem;

use toml::de::{DeTable, DeValue};

use super::page::{Entry, Page, Read, line_starts};
use super::policies::is_table_of_tasks;
use super::values::{command, count, name, percent, span_or, span_within, text, word};
use super::{Config, Hooks, former};
use crate::domain::clock::ClockGuard;
use crate::domain::filter::TaskPattern;
use crate::domain::policy::RetentionCap;
use crate::domain::time::Span;

pub(super) fn config(text: &str, file: &str) -> Read<Config> {
    let starts = line_starts(text);
    let page = Page { file, text, starts: &starts };
    let config = Config { file: file.to_owned(), ..Config::default() };
    let mut reader = Reader { page, config, caps: Vec::new() };
    let parsed = page.parse();
    former::check(page, parsed.as_ref().ok().map(toml::Spanned::get_ref))?;
    let table = parsed?;
    reader.top(table.get_ref())?;
    reader.warn_of_delays();
    Ok(reader.config)
}

pub(super) struct Reader<'a> {
    pub(super) page: Page<'a>,
    pub(super) config: Config,
    /// The caps of groups of tasks, the smallest first.
    pub(super) caps: Vec<RetentionCap>,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) -> Read<()> {
        // The policies build on this, wherever it stands in the file.
        for entry in table.iter().filter(|(key, _)| key.get_ref() == "retention") {
            self.retention(entry)?;
        }
        self.caps.sort_by_key(RetentionCap::seconds);
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "db" => {
                    let db = self.value("db", entry, |value| text(value).map(str::to_owned))?;
                    self.config.db = Some(db);
                }
                "profile" => self.config.profile = Some(self.value("profile", entry, name)?),
                "parameters" => self.parameters(entry)?,
                "state_dir" => {
                    self.config.state_dir = Some(self.value("state_dir", entry, name)?);
                }
                "policy" => self.policies(entry)?,
                "schedule" => self.schedule(entry)?,
                "retention" | "licence" => {}
                "guard" => self.guard(entry)?,
                "purge" => self.purge(entry)?,
                "job" => self.jobs(entry)?,
                "hooks" => self.hooks(entry)?,
                "ledger" => self.ledger(entry)?,
                "cluster" => self.cluster(entry)?,
                "license" => {
                    let what = "is spelled licence: write [[licence]]";
                    return Err(self.page.fault(entry.0.span().start, "license", what));
                }
                _ => return Err(self.page.unknown("", entry, TOP)),
            }
        }
        self.apply_caps();
        // The licences ask for the policies of their tasks.
        for entry in table.iter().filter(|(key, _)| key.get_ref() == "licence") {
            self.licences(entry)?;
        }
        Ok(())
    }

    fn parameters(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("parameters", entry)? {
            let parameter = entry.0.get_ref();
            let value = self.value(&format!("parameters.{parameter}"), entry, name)?;
            self.config.parameters.insert(parameter.clone().into_owned(), value);
        }
        Ok(())
    }

    /// The general cap, and those of groups of tasks, which stand in tables of their own.
    fn retention(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let table = self.page.table("retention", entry)?;
        let is_group = is_table_of_tasks;
        for entry in table.iter().filter(|entry| !is_group(entry)) {
            self.config.policies.retention_cap = match entry.0.get_ref().as_ref() {
                "max" => self.value("retention.max", entry, |value| span_or(value, "forever"))?,
                _ => return Err(self.page.unknown("retention", entry, &["max"])),
            };
        }
        let mut groups: Vec<_> = table.iter().filter(is_group).collect();
        groups.sort_by_key(|entry| entry.0.span().start);
        let keys: Vec<_> = groups.iter().map(|entry| entry.0).collect();
        self.check_tasks("retention", "cap", &keys)?;
        groups.into_iter().try_for_each(|entry| self.retention_of_group(entry))
    }

    fn retention_of_group(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let tasks = TaskPattern::from(entry.0.get_ref().as_ref()).normalized();
        let name = format!("retention.{}", tasks.as_str());
        for entry in self.page.table(&name, entry)? {
            let max = match entry.0.get_ref().as_ref() {
                "max" => {
                    let key = format!("{name}.max");
                    self.value(&key, entry, |value| span_or(value, "forever"))?
                }
                _ => return Err(self.page.unknown(&name, entry, &["max"])),
            };
            self.caps.push(RetentionCap { tasks: tasks.clone(), max });
        }
        Ok(())
    }

    /// The caps that concern a policy have been told; from here on they are in force.
    fn apply_caps(&mut self) {
        for cap in mem::take(&mut self.caps) {
            self.config.policies.cap_retention(cap.tasks.as_str(), cap.max);
        }
    }

    fn schedule(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("schedule", entry)? {
            self.config.zone = match entry.0.get_ref().as_ref() {
                "timezone" => self.value("schedule.timezone", entry, word)?,
                _ => return Err(self.page.unknown("schedule", entry, &["timezone"])),
            };
        }
        Ok(())
    }

    fn guard(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("guard", entry)? {
            match entry.0.get_ref().as_ref() {
                "max_percent" => {
                    self.config.guard.max_percent =
                        self.value("guard.max_percent", entry, percent)?;
                }
                "max_rows" => {
                    self.config.guard.max_rows = self.value("guard.max_rows", entry, count)?;
                }
                "clock" => self.config.clock = self.value("guard.clock", entry, clock)?,
                _ => {
                    let known = &["max_percent", "max_rows", "clock"];
                    return Err(self.page.unknown("guard", entry, known));
                }
            }
        }
        Ok(())
    }

    fn purge(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("purge", entry)? {
            match entry.0.get_ref().as_ref() {
                "hold" => self.config.manners.hold = self.value("purge.hold", entry, word)?,
                "max_log" => {
                    self.config.manners.max_log = self.value("purge.max_log", entry, word)?;
                }
                _ => return Err(self.page.unknown("purge", entry, &["hold", "max_log"])),
            }
        }
        Ok(())
    }

    fn hooks(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("hooks", entry)? {
            match entry.0.get_ref().as_ref() {
                "on_end" => {
                    self.config.hooks.on_end = self.value("hooks.on_end", entry, command)?;
                }
                "timeout" => {
                    let within = |value: &DeValue<'_>| span_within(value, Hooks::TIMEOUTS);
                    self.config.hooks.timeout = self.value("hooks.timeout", entry, within)?;
                }
                _ => return Err(self.page.unknown("hooks", entry, &["on_end", "timeout"])),
            }
        }
        Ok(())
    }

    fn ledger(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("ledger", entry)? {
            self.config.keep_runs = match entry.0.get_ref().as_ref() {
                "keep" => self.value("ledger.keep", entry, |value| span_or(value, "forever"))?,
                _ => return Err(self.page.unknown("ledger", entry, &["keep"])),
            };
        }
        Ok(())
    }
}

/// How far the clock may move.
fn clock(value: &DeValue<'_>) -> Result<Option<Span>, String> {
    match span_or(value, "off")? {
        Some(span) if span < ClockGuard::LEAST => {
            Err(format!("{span} is less than {}; or \"off\"", ClockGuard::LEAST))
        }
        threshold => Ok(threshold),
    }
}

pub(super) const TOP: &[&str] = &[
    "db",
    "profile",
    "parameters",
    "state_dir",
    "policy",
    "licence",
    "schedule",
    "retention",
    "guard",
    "purge",
    "job",
    "hooks",
    "ledger",
    "cluster",
];

impl Reader<'_> {
    /// Reads a value and remembers the line that set it.
    pub(super) fn value<T>(
        &mut self,
        key: &str,
        entry: Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let value = self.page.value(key, entry, read)?;
        self.config.lines.insert(key.to_owned(), self.page.line(entry.1.span().start));
        Ok(value)
    }
}
