//! What is in force, for people who ask where it comes from.

use super::{Config, keys};
use crate::domain::filter::TaskPattern;
use crate::domain::guard::Guard;
use crate::domain::job::{Job, JobAction, JobTiming};
use crate::domain::policy::Policy;

/// One setting, for people who ask where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key, with its table: `policy.imap.timeout`.
    pub key: String,
    /// The value in force, as the file would write it, without quotes.
    pub value: String,
    /// The line of the file that sets it; `None`: the default.
    pub line: Option<usize>,
}

impl Config {
    /// All settings in force: the database and what is said of its table, the general policy, what the tasks'
    /// own policies say otherwise, the licences, the rest, and the jobs in their order.
    pub fn settings(&self) -> Vec<Setting> {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut settings = vec![
            self.setting("db", or_none(&self.db)),
            self.setting("profile", or_none(&self.profile)),
            self.setting("state_dir", or_none(&self.state_dir)),
        ];
        let parameters = self.parameters.iter();
        settings.extend(
            parameters
                .map(|(name, value)| self.setting(&format!("parameters.{name}"), value.clone())),
        );
        settings.extend(self.policy_settings("policy", &self.policies.default));
        for (task, policy) in self.policies.tables() {
            let own = self.policy_settings(&format!("policy.{task}"), policy);
            settings.extend(own.into_iter().filter(|setting| setting.line.is_some()));
        }
        settings.extend(self.licence_settings());
        settings.extend([
            self.setting("schedule.timezone", self.zone.to_string()),
            self.setting("retention.max", keys::or_forever(self.policies.retention_cap)),
        ]);
        settings.extend(self.policies.caps().iter().map(|cap| {
            let key = format!("retention.{}.max", cap.tasks.as_str());
            self.setting(&key, keys::or_forever(cap.max))
        }));
        settings.extend([
            self.setting("guard.max_percent", self.guard.max_percent.to_string()),
            self.setting("guard.max_rows", self.guard.max_rows.to_string()),
            self.setting(
                "guard.clock",
                self.clock.map_or_else(|| "off".to_owned(), |span| span.to_string()),
            ),
            self.setting("purge.hold", self.manners.hold.to_string()),
            self.setting("purge.max_log", self.manners.max_log.to_string()),
            self.setting("hooks.on_end", command(&self.hooks.on_end)),
            self.setting("hooks.timeout", self.hooks.timeout.to_string()),
            self.setting("ledger.keep", keys::or_forever(self.keep_runs)),
        ]);
        settings.extend(self.cluster_settings());
        settings.extend(self.jobs.iter().flat_map(|job| self.job_settings(job)));
        settings
    }

    /// The patterns of tasks that policies, caps, licences and jobs are for, each with the
    /// table that it is in. One that matches every task is not among them.
    pub fn task_patterns(&self) -> impl Iterator<Item = (String, &TaskPattern)> {
        let named = |table: &str, tasks: &TaskPattern| format!("{table}.{:?}", tasks.as_str());
        let policies = self.policies.patterns().iter();
        let policies = policies.map(move |own| (named("policy", &own.tasks), &own.tasks));
        let caps = self.policies.caps().iter();
        let caps = caps.map(move |cap| (named("retention", &cap.tasks), &cap.tasks));
        let licences = self.policies.licences.iter().flat_map(|licence| &licence.tasks);
        let licences =
            licences.map(|tasks| (format!("licence.tasks: {:?}", tasks.as_str()), tasks));
        let jobs = self.jobs.iter().filter_map(|job| Some((job, job.work.task()?)));
        let jobs = jobs
            .map(|(job, tasks)| (format!("job.{}.task: {:?}", job.name, tasks.as_str()), tasks));
        let patterns = policies.chain(caps).chain(licences).chain(jobs);
        patterns.filter(|(_, tasks)| tasks.is_wild() && tasks.normalized().as_str() != "*")
    }

    fn policy_settings(&self, table: &str, policy: &Policy) -> Vec<Setting> {
        keys::POLICY
            .iter()
            .map(|key| self.setting(&format!("{table}.{}", key.name), (key.show)(policy)))
            .collect()
    }

    fn job_settings(&self, job: &Job) -> Vec<Setting> {
        let when = match &job.when {
            JobTiming::At(schedule) => ("at", schedule.to_string()),
            JobTiming::Every(interval) => ("every", interval.to_string()),
        };
        let task = job.work.task().map_or("*", |task| task.as_str());
        let guard = job.caps.or(match job.work {
            JobAction::Purge(_) => self.guard,
            JobAction::Cycle(_) => Guard::default(),
        });
        let values = [
            when,
            ("do", job.work.verb().to_owned()),
            ("task", task.to_owned()),
            ("max_percent", guard.max_percent.to_string()),
            ("max_rows", guard.max_rows.to_string()),
        ];
        let is_cycle = matches!(job.work, JobAction::Cycle(_));
        let late = is_cycle.then(|| ("late", keys::or_forever(job.late)));
        let host = ("host", job.host.clone().unwrap_or_default());
        let enabled = ("enabled", job.enabled.to_string());
        let each = self.reports.get(&job.name).map_or("", |report| report.as_str());
        let each = ("each", each.to_owned());
        let setting = |(key, value)| self.setting(&format!("job.{}.{key}", job.name), value);
        values.into_iter().chain(late).chain([host, enabled, each]).map(setting).collect()
    }

    pub(super) fn setting(&self, key: &str, value: String) -> Setting {
        Setting { key: key.to_owned(), value, line: self.lines.get(key).copied() }
    }
}

/// A program and its arguments as the file lists them; nothing without any.
fn command(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!("{words:?}") }
}
