//! Policies of the tasks: `[policy]`, `[policy.TASK]` and `[policy."PATTERN"]`.

use super::document::SourceLine;
use super::error::Result;
use super::keys::{COUNT, ConfigKey, FLAG, FOREVER, NEVER, SPAN, key, parsed_format, show_span_or};
use super::options::Config;
use super::table::SettingsTable;
use super::{retention, tasks};
use crate::domain::policy::{ExpiryMode, OverflowPolicy, Policy, RetentionCap, TimeoutBasis};
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

pub(super) const POLICY_KEYS: &[ConfigKey<Policy>] = &[
    key!("expire", expire, parsed_format()),
    key!("timeout", timeout, NEVER),
    key!("min_timeout", min_timeout, SPAN),
    key!("max_timeout", max_timeout, NEVER),
    key!("abandoned", abandoned, SPAN),
    key!("lifetime", lifetime, NEVER),
    key!("delay", delay, SPAN),
    key!("limit", limit, COUNT),
    key!("user_limit", user_limit, COUNT),
    key!("when_full", when_full, parsed_format()),
    key!("strict", strict, FLAG),
    key!("touch_resolution", touch_resolution, SPAN),
    key!("retention", retention, FOREVER),
];

/// Reads all policies into `config`; `caps` are those on the retention of groups of tasks. Of
/// `overrides`, the last one takes precedence over the others, and all of them over `top`.
pub(super) fn read(
    top: &SettingsTable<'_>,
    overrides: &[SettingsTable<'_>],
    caps: &[RetentionCap],
    config: &mut Config,
) -> Result<()> {
    let (mut table, mut tables) = sections(top)?;
    for layer in overrides {
        let (own, of_tasks) = sections(layer)?;
        table = own.overlaid_on(&table);
        for (tasks, own) in of_tasks {
            match tables.iter_mut().find(|(known, _)| *known == tasks) {
                Some((_, table)) => *table = own.overlaid_on(table),
                None => tables.push((tasks, own)),
            }
        }
    }
    let default = policy(&table, None, Policy::default(), caps, config)?;
    config.policies.default = default.clone();
    for (tasks, table) in tables {
        let policy = policy(&table, Some(&tasks), default.clone(), caps, config)?;
        config.policies.insert(tasks.as_str(), policy);
    }
    Ok(())
}

type TaskTables<'d> = Vec<(TaskPattern, SettingsTable<'d>)>;

/// The section of all tasks, and those of single tasks.
fn sections<'d>(top: &SettingsTable<'d>) -> Result<(SettingsTable<'d>, TaskTables<'d>)> {
    let mut table = top.section("policy")?;
    let tables = tasks::split(&mut table, "policy")?;
    Ok((table, tables))
}

/// Reads a table over the policy that it builds on.
fn policy(
    table: &SettingsTable<'_>,
    tasks: Option<&TaskPattern>,
    base: Policy,
    caps: &[RetentionCap],
    config: &mut Config,
) -> Result<Policy> {
    let mut policy = base;
    table.read(POLICY_KEYS, &mut policy)?;
    table.record_lines(&table.name, &mut config.lines);
    let line = |key: &str| config.line(&table.name, key).or_else(|| config.line("policy", key));
    widen_bounds(&mut policy, |key| line(key).is_some());
    policy.basis = basis(|key| line(key).is_some_and(SourceLine::is_override));
    if let Some((keys, message)) =
        timeout_conflict(&policy).or_else(|| unenforceable_limit(&policy))
    {
        let own = keys.iter().find_map(|key| config.line(&table.name, key));
        let line = own.or_else(|| keys.iter().find_map(|key| line(key)));
        return Err(match line {
            Some(line) => line.error(&table.full(keys[0]), &message),
            None => table.error(keys[0], &message),
        });
    }
    retention::cap(&table.name, tasks, &mut policy, caps, config);
    Ok(policy)
}

/// Timeout by which open sessions are evaluated, with these keys changed from those of the files.
fn basis(is_changed: impl Fn(&str) -> bool) -> TimeoutBasis {
    if is_changed("timeout") {
        TimeoutBasis::Policy
    } else if is_changed("min_timeout") || is_changed("max_timeout") {
        TimeoutBasis::Bounds
    } else {
        TimeoutBasis::Granted
    }
}

/// Extends the bounds of timeouts that no table sets, so that a timeout that is set fits.
fn widen_bounds(policy: &mut Policy, is_set: impl Fn(&str) -> bool) {
    if !is_set("min_timeout") {
        let shortest = [policy.timeout, policy.max_timeout].into_iter().flatten().min();
        policy.min_timeout = shortest.map_or(policy.min_timeout, |s| s.min(policy.min_timeout));
    }
    if !is_set("max_timeout") {
        policy.max_timeout = match (policy.timeout, policy.max_timeout) {
            (Some(timeout), Some(max)) => Some(max.max(timeout).max(policy.min_timeout)),
            _ => None,
        };
    }
}

/// Keys that contradict each other, and a message about the first of them.
type Conflict = (&'static [&'static str], String);

fn timeout_conflict(policy: &Policy) -> Option<Conflict> {
    let min = policy.min_timeout;
    let max = policy.max_timeout.unwrap_or(Span::seconds(i64::MAX));
    let shortest = policy.timeout.map_or(min, |span| span.min(min));
    let timeout = policy.timeout.unwrap_or(Span::seconds(i64::MAX));
    if min > max {
        let message = format!("\"{min}\" exceeds max_timeout = \"{max}\"");
        Some((&["min_timeout", "max_timeout"], message))
    } else if timeout > max {
        let shown = show_span_or(policy.timeout, "never");
        let message = format!("\"{shown}\" exceeds max_timeout = \"{max}\"");
        Some((&["timeout", "max_timeout"], message))
    } else if timeout < min {
        let message = format!("\"{timeout}\" is less than min_timeout = \"{min}\"");
        Some((&["timeout", "min_timeout"], message))
    } else if policy.touch_resolution.as_seconds() > shortest.as_seconds() / 2 {
        let message = format!(
            "\"{}\" is more than half of the shortest timeout, {shortest}: sessions in use would \
             expire",
            policy.touch_resolution
        );
        Some((&["touch_resolution", "min_timeout"], message))
    } else {
        None
    }
}

/// The reason why no session can be evicted by its last use under `expire = "two-pass"`.
pub(super) const UNKNOWN_USE: &str = "touches do not record the time of use, so the session to \
                                      evict is unknown; set when_full = \"refuse\"";

/// A limit that evicts by the last use, where no last use is known.
fn unenforceable_limit(policy: &Policy) -> Option<Conflict> {
    if policy.expire != ExpiryMode::TwoPass || policy.when_full == OverflowPolicy::Refuse {
        return None;
    }
    let (keys, limit): (&[&str], u64) = match (policy.limit, policy.user_limit) {
        (0, 0) => return None,
        (0, limit) => (&["user_limit", "when_full", "expire"], limit),
        (limit, _) => (&["limit", "when_full", "expire"], limit),
    };
    let message = format!(
        "{limit} cannot be enforced with when_full = \"{}\" and expire = \"two-pass\": \
         {UNKNOWN_USE}",
        policy.when_full
    );
    Some((keys, message))
}
