//! The limits over several tasks: one `[[licence]]` for each.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::page::{Entry, Read};
use super::policies::UNKNOWN_USE;
use super::read::Reader;
use super::settings::Setting;
use super::values::{count, list, name, word};
use super::{Config, ConfigError};
use crate::domain::filter::TaskPattern;
use crate::domain::policy::{ExpiryMode, Licence, OverflowPolicy};

pub(super) const KEYS: &[&str] = &["tasks", "limit", "when_full"];
/// SQLite refuses patterns of more than 50,000 bytes, and ends them at a NUL.
const LONGEST_PATTERN: usize = 1_000;
/// An example for messages.
const TASKS: &str = "[\"web\", \"desktop\"]";

impl Reader<'_> {
    /// Reads the licences, once the policies of their tasks are known.
    pub(super) fn licences(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let what = "is a list of tables: write [[licence]] above the keys of each licence";
        let fault = |reader: &Self, at| reader.page.fault(at, "licence", what);
        let Some(licences) = entry.1.get_ref().as_array() else {
            // The place of a table is that of its header, the key's that of its name.
            return Err(fault(self, entry.0.span().start));
        };
        for item in licences {
            let Some(table) = item.get_ref().as_table() else {
                return Err(fault(self, item.span().start));
            };
            let licence = self.licence(table, item.span().start)?;
            self.config.policies.licences.push(licence);
        }
        Ok(())
    }

    /// The licence of a table that begins `at` this place.
    fn licence(&mut self, table: &DeTable<'_>, at: usize) -> Read<Licence> {
        let (mut tasks, mut limit, mut when_full) = (None, None, OverflowPolicy::EvictIdle);
        for entry in table {
            match entry.0.get_ref().as_ref() {
                "tasks" => tasks = Some(self.licence_value(entry, patterns)?),
                "limit" => limit = Some(self.licence_value(entry, positive)?),
                "when_full" => when_full = self.licence_value(entry, word)?,
                _ => return Err(self.page.unknown("licence", entry, KEYS)),
            }
        }
        let missing = |key: &str, what: &str| self.page.fault(at, &format!("licence.{key}"), what);
        let tasks = tasks.ok_or_else(|| {
            missing("tasks", &format!("is missing: a licence names its tasks, like {TASKS}"))
        })?;
        let limit = limit.ok_or_else(|| {
            missing("limit", "is missing: a licence says how many sessions it allows")
        })?;
        let licence = Licence { tasks, limit, when_full };
        self.of_no_other_licence(table, &licence)?;
        self.can_evict(&licence)?;
        Ok(licence)
    }

    /// Reads a value and remembers its line under the number of the licence, which has no
    /// name.
    fn licence_value<T>(
        &mut self,
        (key, value): Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let (name, at) = (key.get_ref(), value.span().start);
        let number = self.config.policies.licences.len();
        self.config.lines.insert(place_of(number, name), self.page.line(at));
        let fault = |what: String| self.page.fault(at, &format!("licence.{name}"), &what);
        read(value.get_ref()).map_err(fault)
    }

    /// A task belongs to one licence at most.
    fn of_no_other_licence(&self, table: &DeTable<'_>, licence: &Licence) -> Read<()> {
        for (number, other) in self.config.policies.licences.iter().enumerate() {
            let pairs = licence.tasks.iter().enumerate();
            let mut pairs = pairs.flat_map(|one| other.tasks.iter().map(move |other| (one, other)));
            if let Some(((place, one), other)) = pairs.find(|((_, one), other)| one.overlaps(other))
            {
                let line = self.own_line(&format!("licence.{}", number + 1), "tasks");
                let what = format!(
                    "{:?} and {:?} of the licence on line {} match the same task: a task belongs \
                     to one licence at most",
                    one.as_str(),
                    other.as_str(),
                    line.unwrap_or(1),
                );
                return Err(self.page.fault(task_at(table, place), "licence.tasks", &what));
            }
        }
        Ok(())
    }

    /// A licence evicts by the last use, which the policies of its tasks must record.
    fn can_evict(&self, licence: &Licence) -> Read<()> {
        if licence.when_full == OverflowPolicy::Refuse {
            return Ok(());
        }
        let policies = &self.config.policies;
        let of_pattern = |pattern| policies.matching(Some(pattern));
        let mut policies = licence.tasks.iter().flat_map(of_pattern);
        let Some((task, _)) = policies.find(|(_, policy)| policy.expire == ExpiryMode::TwoPass)
        else {
            return Ok(());
        };
        let policy = task.map_or("policy".to_owned(), |task| format!("policy.{task}"));
        let what = format!(
            "{} cannot be kept by when_full = \"{}\" under expire = \"two-pass\" of [{policy}]: \
             {UNKNOWN_USE}",
            licence.limit, licence.when_full
        );
        let table = format!("licence.{}", self.config.policies.licences.len() + 1);
        let line = self.own_line(&table, "limit").unwrap_or(1);
        Err(self.page.fault_on(line, "licence.limit", &what))
    }
}

impl Config {
    /// What the licences say, in their order.
    pub(super) fn licence_settings(&self) -> impl Iterator<Item = Setting> {
        self.policies.licences.iter().enumerate().flat_map(|(number, licence)| {
            let tasks: Vec<&str> = licence.tasks.iter().map(TaskPattern::as_str).collect();
            let values = [
                ("tasks", format!("{tasks:?}")),
                ("limit", licence.limit.to_string()),
                ("when_full", licence.when_full.to_string()),
            ];
            values.map(|(key, value)| self.setting(&place_of(number, key), value))
        })
    }

    /// The mistake of a licence over a task whose sessions the application opens.
    pub(super) fn licence_refused(&self, task: &str, what: &str) -> Option<ConfigError> {
        let number = self.policies.licences.iter().position(|licence| licence.covers(task))?;
        let line = *self.lines.get(&place_of(number, "tasks"))?;
        Some(ConfigError::new(&self.file, line, "licence.tasks", what))
    }
}

/// The key of a licence, which is counted from 0 here and from 1 for people.
fn place_of(number: usize, key: &str) -> String {
    format!("licence.{}.{key}", number + 1)
}

fn patterns(value: &DeValue<'_>) -> Result<Vec<TaskPattern>, String> {
    list(value, TASKS, pattern)
}

fn pattern(value: &DeValue<'_>) -> Result<TaskPattern, String> {
    let text = name(value)?;
    let pattern = TaskPattern::from(text.as_str());
    if pattern.is_wild() && (text.len() > LONGEST_PATTERN || text.contains('\0')) {
        return Err(format!("a pattern has at most {LONGEST_PATTERN} bytes and no NUL characters"));
    }
    Ok(pattern)
}

fn positive(value: &DeValue<'_>) -> Result<u64, String> {
    match count(value)? {
        0 => Err("wants 1 or more; without a licence there is no limit".to_owned()),
        limit => Ok(limit),
    }
}

/// Where the task at a place of the list stands.
fn task_at(table: &DeTable<'_>, place: usize) -> usize {
    let tasks = table.iter().find(|(key, _)| key.get_ref() == "tasks");
    let tasks = tasks.and_then(|(_, tasks)| tasks.get_ref().as_array());
    let task = tasks.and_then(|tasks| tasks.get(place));
    task.map_or(0, |task: &Spanned<DeValue<'_>>| task.span().start)
}
