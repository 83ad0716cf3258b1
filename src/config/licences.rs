//! Limits over several tasks: one `[[licence]]` each.

use toml::Spanned;
use toml::de::DeValue;

use super::error::Result;
use super::options::Config;
use super::policies::UNKNOWN_USE;
use super::table::SettingsTable;
use super::tasks;
use super::values::{count, list, name, parsed};
use crate::domain::policy::{ExpiryMode, Licence, OverflowPolicy};
use crate::domain::task::TaskPattern;

const KEYS: &[&str] = &["tasks", "limit", "when_full"];
/// An example for messages.
const TASKS: &str = "[\"web\", \"desktop\"]";

/// Reads all licences into `config`, once the policies of their tasks are known.
pub(super) fn read(top: &SettingsTable<'_>, config: &mut Config) -> Result<()> {
    for table in top.array("licence", "[[licence]]")? {
        table.allow_only(KEYS)?;
        let tasks = format!("the tasks that the licence covers, like {TASKS}");
        let licence = Licence {
            tasks: table.required("tasks", &tasks, |value| list(value, TASKS, pattern))?,
            limit: table.required("limit", "the maximum number of sessions", limit)?,
            when_full: table.optional("when_full", parsed)?.unwrap_or(OverflowPolicy::EvictIdle),
        };
        table.record_lines(&table_name(config.policies.licences.len()), &mut config.lines);
        check_overlap(&table, &licence, config)?;
        check_eviction(&table, &licence, config)?;
        config.policies.licences.push(licence);
    }
    Ok(())
}

/// The name under which the lines of a licence are recorded: its number, from 1 on.
pub(super) fn table_name(index: usize) -> String {
    format!("licence.{}", index + 1)
}

fn pattern(value: &DeValue<'_>) -> Result<TaskPattern, String> {
    let tasks = TaskPattern::from(name(value)?.as_str());
    tasks::check(&tasks).map(|()| tasks)
}

fn limit(value: &DeValue<'_>) -> Result<u64, String> {
    match count(value)? {
        0 => Err("must be 1 or more; for no limit, remove the licence".to_owned()),
        limit => Ok(limit),
    }
}

fn check_overlap(table: &SettingsTable<'_>, licence: &Licence, config: &Config) -> Result<()> {
    let items = table.value("tasks").and_then(DeValue::as_array).into_iter().flatten();
    let tasks: Vec<(&TaskPattern, &Spanned<DeValue<'_>>)> =
        licence.tasks.iter().zip(items).collect();
    for (index, other) in config.policies.licences.iter().enumerate() {
        let mut pairs =
            tasks.iter().flat_map(|one| other.tasks.iter().map(move |other| (one, other)));
        if let Some(((one, item), other)) = pairs.find(|((one, _), other)| one.overlaps(other)) {
            let message = format!(
                "{:?} overlaps with {:?} of the licence on line {}; a task can belong to only \
                 one licence",
                one.as_str(),
                other.as_str(),
                config.line(&table_name(index), "tasks").map_or(1, |line| line.line),
            );
            return Err(table.error_at(item.span().start, "tasks", &message));
        }
    }
    Ok(())
}

/// Checks that the policies of the tasks record the last use, by which a licence evicts.
fn check_eviction(table: &SettingsTable<'_>, licence: &Licence, config: &Config) -> Result<()> {
    if licence.when_full == OverflowPolicy::Refuse {
        return Ok(());
    }
    let policies = licence.tasks.iter().flat_map(|task| config.policies.matching(Some(task)));
    let mut two_pass = policies.filter(|(_, policy)| policy.expire == ExpiryMode::TwoPass);
    let Some((task, _)) = two_pass.next() else { return Ok(()) };
    let policy = task.map_or("policy".to_owned(), |task| format!("policy.{task}"));
    let message = format!(
        "{} cannot be enforced with when_full = \"{}\" and expire = \"two-pass\" in [{policy}]: \
         {UNKNOWN_USE}",
        licence.limit, licence.when_full
    );
    Err(table.error("limit", &message))
}
