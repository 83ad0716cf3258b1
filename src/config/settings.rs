use std::collections::BTreeSet;

use super::document::SourceLine;
use super::keys::{ConfigKey, show_span_or};
use super::licences;
use super::notify;
use super::options::Config;
use super::policies::POLICY_KEYS;
use super::sections::{GENERAL, RETENTION, SECTIONS};
use super::table::join;
use crate::domain::task::TaskPattern;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key with its table: `policy.imap.timeout`.
    pub key: String,
    /// The value as the file writes it, without quotes.
    pub value: String,
    /// The line that sets it; `None`: the default.
    pub line: Option<SourceLine>,
}

impl Config {
    /// All settings in force: the general keys, the parameters of the profile, labels, the policies
    /// (of those of tasks, what their tables set), the licences, the other sections, the jobs.
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = self.shown("", GENERAL, self);
        let parameters = self.parameters.iter();
        settings.extend(parameters.map(|(name, value)| self.setting("parameters", name, value)));
        let labels = self.labels.iter();
        settings.extend(labels.map(|(name, value)| self.setting("labels", name, value)));
        settings.extend(self.shown("policy", POLICY_KEYS, &self.policies.default));
        for (task, policy) in self.policies.tables() {
            let own = self.shown(&format!("policy.{task}"), POLICY_KEYS, policy);
            settings.extend(own.into_iter().filter(|setting| setting.line.is_some()));
        }
        settings.extend(self.licence_settings());
        for (section, keys) in SECTIONS {
            settings.extend(self.shown(section, keys, self));
            if *section == "schedule" {
                settings.extend(self.shown("retention", RETENTION, self));
                settings.extend(self.policies.caps().iter().map(|cap| {
                    let table = format!("retention.{}", cap.tasks.as_str());
                    self.setting(&table, "max", &show_span_or(cap.max, "forever"))
                }));
            }
        }
        settings.extend(self.shown("notify", notify::KEYS, &self.notify));
        for job in &self.jobs {
            let (table, values) = (format!("job.{}", job.name), self.job_values(job));
            settings.extend(values.iter().map(|(key, value)| self.setting(&table, key, value)));
            if let Some(own) = self.job_notify.get(&job.name) {
                settings.extend(self.shown(&format!("{table}.notify"), notify::KEYS, own));
            }
        }
        settings
    }

    /// The patterns of tasks that policies, caps, licences and jobs are for, each with its
    /// place in the file. Patterns that match every task are left out.
    pub fn task_patterns(&self) -> impl Iterator<Item = (String, &TaskPattern)> {
        let is_some = |tasks: &TaskPattern| tasks.is_wild() && tasks.normalized().as_str() != "*";
        self.tasks_by_place().filter(move |(_, tasks)| is_some(tasks))
    }

    /// Names of the tasks that policies, caps, licences and jobs are for, each once.
    pub fn task_names(&self) -> BTreeSet<&str> {
        let named = self.policies.iter_named().map(|(name, _)| name);
        let others = self.tasks_by_place().map(|(_, tasks)| tasks);
        named.chain(others.filter(|tasks| !tasks.is_wild()).map(TaskPattern::as_str)).collect()
    }

    fn tasks_by_place(&self) -> impl Iterator<Item = (String, &TaskPattern)> {
        let header = |table: &str, tasks: &TaskPattern| format!("{table}.{:?}", tasks.as_str());
        let value = |key: &str, tasks: &TaskPattern| format!("{key}: {:?}", tasks.as_str());
        let policies = self.policies.patterns().iter();
        let policies = policies.map(move |own| (header("policy", &own.tasks), &own.tasks));
        let caps = self.policies.caps().iter();
        let caps = caps.map(move |cap| (header("retention", &cap.tasks), &cap.tasks));
        let licences = self.policies.licences.iter().flat_map(|licence| &licence.tasks);
        let licences = licences.map(move |tasks| (value("licence.tasks", tasks), tasks));
        let jobs = self.jobs.iter().filter_map(|job| Some((job, job.work.task()?)));
        let jobs =
            jobs.map(move |(job, tasks)| (value(&format!("job.{}.task", job.name), tasks), tasks));
        policies.chain(caps).chain(licences).chain(jobs)
    }

    fn licence_settings(&self) -> impl Iterator<Item = Setting> {
        self.policies.licences.iter().enumerate().flat_map(|(index, licence)| {
            let tasks: Vec<&str> = licence.tasks.iter().map(TaskPattern::as_str).collect();
            let values = [
                ("tasks", format!("{tasks:?}")),
                ("limit", licence.limit.to_string()),
                ("when_full", licence.when_full.to_string()),
            ];
            let table = licences::table_name(index);
            values.map(|(key, value)| self.setting(&table, key, &value))
        })
    }

    fn shown<T>(&self, table: &str, keys: &[ConfigKey<T>], source: &T) -> Vec<Setting> {
        keys.iter().map(|key| self.setting(table, key.name, &(key.show)(source))).collect()
    }

    fn setting(&self, table: &str, key: &str, value: &str) -> Setting {
        Setting {
            key: join(table, key),
            value: value.to_owned(),
            line: self.line(table, key).cloned(),
        }
    }
}
