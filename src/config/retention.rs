//! Caps on the retention of policies: `[retention]`, and `[retention.TASK]` for groups of tasks.

use super::error::Result;
use super::keys::{FOREVER, show_span_or};
use super::options::Config;
use super::sections::RETENTION;
use super::table::SettingsTable;
use super::tasks;
use crate::domain::policy::{Policy, RetentionCap};
use crate::domain::task::TaskPattern;

/// Reads the general cap into `config`, and returns the caps of groups, the smallest first.
/// The groups' caps take effect after the policies have been read.
pub(super) fn read(top: &SettingsTable<'_>, config: &mut Config) -> Result<Vec<RetentionCap>> {
    let mut table = top.section("retention")?;
    let groups = tasks::split(&mut table, "cap")?;
    table.read(RETENTION, config)?;
    table.record_lines(&table.name, &mut config.lines);
    let mut caps = Vec::new();
    for (tasks, group) in groups {
        group.allow_only(&["max"])?;
        let max = group.optional("max", FOREVER.read)?;
        group.record_lines(&group.name, &mut config.lines);
        caps.extend(max.map(|max| RetentionCap { tasks, max }));
    }
    caps.sort_by_key(RetentionCap::seconds);
    Ok(caps)
}

/// Reduces a policy's retention to the general cap, and warns of what reduces a retention
/// that the policy's table sets. `tasks` are those that have the policy; `None`: all others.
pub(super) fn cap(
    table: &str,
    tasks: Option<&TaskPattern>,
    policy: &mut Policy,
    groups: &[RetentionCap],
    config: &mut Config,
) {
    let max = config.policies.retention_cap;
    if config.line(table, "retention").is_some() {
        let general = RetentionCap { tasks: TaskPattern::from("*"), max };
        config.warnings.extend(reductions(table, tasks, policy, groups, &general));
    }
    if policy.is_kept_longer_than(max) {
        policy.retention = max;
    }
}

/// A warning for each cap that reduces the retention, the smallest first. The retention of all
/// other tasks is a default: to reduce it is what the cap of a group is for, and no reason to warn.
fn reductions(
    table: &str,
    tasks: Option<&TaskPattern>,
    policy: &Policy,
    groups: &[RetentionCap],
    general: &RetentionCap,
) -> Vec<String> {
    let groups = groups.iter().filter(|cap| cap.seconds() < general.seconds());
    let groups = groups.map(|cap| (format!("retention.{}.max", cap.tasks.as_str()), cap));
    let mut warnings = Vec::new();
    for (key, cap) in groups.chain([("retention.max".to_owned(), general)]) {
        let covers = cap.tasks.covers(tasks.unwrap_or(&general.tasks));
        let concerns = covers || tasks.is_some_and(|tasks| cap.tasks.overlaps(tasks));
        if !concerns || !policy.is_kept_longer_than(cap.max) {
            continue;
        }
        let [from, to] = [policy.retention, cap.max].map(|span| show_span_or(span, "forever"));
        let reduced = format!("{table}.retention = \"{from}\" is reduced to {key} = \"{to}\"");
        if covers {
            warnings.push(reduced);
            break;
        }
        warnings.push(format!("{reduced} for tasks that also match {:?}", cap.tasks.as_str()));
    }
    warnings
}
