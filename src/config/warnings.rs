//! Warnings of settings that conflict with the jobs.

use super::options::Config;
use crate::domain::job::{Interval, JobTiming, min_spacing};
use crate::domain::policy::{ExpiryMode, Policy};

pub(super) fn short_intervals(config: &Config) -> Vec<String> {
    let intervals = config.jobs.iter().filter_map(|job| match job.when {
        JobTiming::Every(Interval::Fixed(span)) => Some((&job.name, span)),
        _ => None,
    });
    let short = intervals.filter(|(_, span)| *span < Interval::RECOMMENDED_MIN);
    let warning = |(name, span)| {
        format!(
            "job.{name}.every = \"{span}\" is too frequent to be useful; use {} or more",
            Interval::RECOMMENDED_MIN
        )
    };
    short.map(warning).collect()
}

/// Warnings of two-pass delays that are shorter than the time between two purges.
pub(super) fn short_delays(config: &Config) -> Vec<String> {
    let policies = &config.policies;
    let own = policies.tables().map(|(task, policy)| (Some(task), policy));
    let all = std::iter::once((None, &policies.default)).chain(own);
    let mut warnings: Vec<_> =
        all.filter_map(|(task, policy)| short_delay(config, task, policy)).collect();
    // Tasks that differ in other keys have the same delay.
    warnings.dedup();
    warnings
}

fn short_delay(config: &Config, task: Option<&str>, policy: &Policy) -> Option<String> {
    if policy.expire != ExpiryMode::TwoPass {
        return None;
    }
    let delay = policy.delay;
    let spacing = min_spacing(&config.jobs, &config.policies, task, delay)?;
    let is_own =
        |table: &String| ["delay", "expire"].iter().any(|key| config.line(table, key).is_some());
    let table = task.map(|task| format!("policy.{task}")).filter(is_own);
    (delay < spacing).then(|| {
        format!(
            "{}.delay = \"{delay}\" cannot take effect before the next check: scheduled purges \
             are {spacing} apart",
            table.as_deref().unwrap_or("policy")
        )
    })
}
