//! Policies as SQL over the columns of the native table.
//!
//! The reference is [`Policy`]; a property test compares the two. Every function writes an
//! expression for all tasks at once: the policy of the row's task applies.

use super::task_rules::{per_task, task_matches};
use crate::domain::filter::Filter;
use crate::domain::policy::{ExpiryMode, Policies, Policy, PurgeTime};
use crate::domain::session::SessionState;
use crate::domain::time::{Span, UnixTime};
use crate::storage::PolicyContext;
use crate::store::statement::Statement;

/// Result of [`verdict`] for a row to delete. For a live session to end, the result is the reason.
pub(super) const DELETE: &str = "delete";

pub(super) const MARK: &str = "mark";

/// Condition that a row has a valid mark, as in [`Session::mark`]; NULL without a mark.
///
/// [`Session::mark`]: crate::domain::session::Session::mark
pub(super) const HAS_VALID_MARK: &str = "(marked_at >= last_used_at AND marked_at >= created_at)";

pub(super) fn deletes_at_end(policy: &Policy) -> bool {
    policy.retention == Some(Span::ZERO)
}

pub(super) fn before(now: UnixTime, span: Span) -> UnixTime {
    UnixTime(now.0.saturating_sub(span.as_seconds()))
}

fn retention_elapsed_for(sql: &mut Statement, policy: &Policy, now: UnixTime) {
    match policy.retention {
        Some(retention) => sql.push("ended_at <= ").bind(before(now, retention)),
        None => sql.push("FALSE"),
    };
}

/// Writes the reason for which a purge ends a live session, or NULL.
fn purge_reason(sql: &mut Statement, policy: &Policy, purge_time: PurgeTime) {
    if policy.expire == ExpiryMode::TwoPass {
        sql.push("CASE WHEN marked_at <= ").bind(policy.mark_cutoff(purge_time));
        sql.push(" AND ").push(HAS_VALID_MARK).push(" THEN 'expired' ELSE ");
        expiry_reason(sql, policy, purge_time.now());
        sql.push(" END");
    } else {
        expiry_reason(sql, policy, purge_time.now());
    }
}

/// Writes the reason for which a live session has expired regardless of marks, or NULL.
pub(super) fn expiry_reason(sql: &mut Statement, policy: &Policy, now: UnixTime) {
    sql.push("CASE WHEN FALSE THEN NULL");
    match policy.expire {
        ExpiryMode::Timeout => {
            sql.push(" WHEN last_used_at + idle_timeout < ").bind(now).push(" THEN 'expired'");
        }
        ExpiryMode::Abandoned => {
            sql.push(" WHEN last_used_at + max(idle_timeout, ").bind(policy.abandoned);
            sql.push(") < ").bind(now).push(" THEN 'abandoned'");
        }
        ExpiryMode::TwoPass | ExpiryMode::Never => {}
    }
    when_lifetime_exceeded(sql, policy, now);
    sql.push(" END");
}

/// Writes the branch of a CASE for sessions past their lifetime, if the policy has one.
pub(super) fn when_lifetime_exceeded(sql: &mut Statement, policy: &Policy, now: UnixTime) {
    if let Some(lifetime) = policy.lifetime {
        sql.push(" WHEN created_at < ").bind(before(now, lifetime)).push(" THEN 'lifetime'");
    }
}

/// Writes the time with which a purge marks a live session that does not end, or NULL.
fn mark_time_for(sql: &mut Statement, policy: &Policy, purge_time: PurgeTime) {
    if policy.expire == ExpiryMode::TwoPass {
        sql.push("CASE WHEN ").push(HAS_VALID_MARK).push(" THEN NULL ELSE max(");
        sql.bind(policy.nominal_time(purge_time)).push(", last_used_at, created_at) END");
    } else {
        sql.push("NULL");
    }
}

/// [`DELETE`], [`MARK`], the reason for the end, or NULL: what a purge would do.
pub(super) fn verdict(sql: &mut Statement, scope: &PolicyContext<'_>) {
    sql.push("CASE WHEN ended_at IS NULL THEN ");
    if any_two_pass(scope.policies) {
        sql.push("ifnull(");
        end_reason(sql, scope);
        sql.push(", CASE WHEN ");
        mark_time(sql, scope);
        sql.push(" IS NOT NULL THEN '").push(MARK).push("' END)");
    } else {
        end_reason(sql, scope);
    }
    sql.push(" WHEN ");
    per_task(sql, scope.policies, |sql, policy| retention_elapsed_for(sql, policy, scope.now));
    sql.push(" THEN '").push(DELETE).push("' END");
}

pub(super) fn end_reason(sql: &mut Statement, scope: &PolicyContext<'_>) {
    per_task(sql, scope.policies, |sql, policy| purge_reason(sql, policy, scope.purge_time()));
}

pub(super) fn mark_time(sql: &mut Statement, scope: &PolicyContext<'_>) {
    per_task(sql, scope.policies, |sql, policy| mark_time_for(sql, policy, scope.purge_time()));
}

/// Writes a number: 0 for a session that has ended and 1 for any other, 2 more for a row from the
/// future, and 4 or 8 more for a session that is idle or abandoned by a policy under which others
/// than the verdict tell that.
pub(super) fn row_flags(sql: &mut Statement, scope: &PolicyContext<'_>) {
    // Each operation counts: there are millions of rows.
    sql.push("CASE WHEN ");
    is_ahead(sql, scope);
    sql.push(" THEN 2 + ");
    live_flags(sql, scope);
    sql.push(" ELSE ");
    live_flags(sql, scope);
    sql.push(" END");
}

fn live_flags(sql: &mut Statement, scope: &PolicyContext<'_>) {
    if !scope.policies.all().any(has_idle_sessions) {
        sql.push("(ended_at IS NULL)");
        return;
    }
    sql.push("CASE WHEN ended_at IS NULL THEN ");
    per_task(sql, scope.policies, |sql, policy| {
        if has_idle_sessions(policy) {
            // A session is rarely idle, and more rarely abandoned.
            sql.push("CASE WHEN last_used_at + idle_timeout < ").bind(scope.now);
            sql.push(" THEN CASE WHEN last_used_at + ").bind(policy.abandoned);
            sql.push(" < ").bind(scope.now).push(" THEN 9 ELSE 5 END ELSE 1 END");
        } else {
            sql.push("1");
        }
    });
    sql.push(" ELSE 0 END");
}

/// True if live sessions can be idle or abandoned, and the verdict does not tell which.
fn has_idle_sessions(policy: &Policy) -> bool {
    matches!(policy.expire, ExpiryMode::Abandoned | ExpiryMode::Never)
}

/// Writes the condition that a row was used, opened or marked in the future; NULL means no.
/// Marks are read only if a policy uses them.
pub(super) fn is_ahead(sql: &mut Statement, scope: &PolicyContext<'_>) {
    let present = scope.present();
    sql.push("last_used_at > ").bind(present);
    sql.push(" OR created_at > ").bind(present);
    if any_two_pass(scope.policies) {
        sql.push(" OR marked_at > ").bind(present);
    }
}

fn any_two_pass(policies: &Policies) -> bool {
    policies.all().any(|policy| policy.expire == ExpiryMode::TwoPass)
}

pub(super) fn ends(sql: &mut Statement, scope: &PolicyContext<'_>) {
    ends_where(sql, scope, |_| true);
}

pub(super) fn ends_keeping_row(sql: &mut Statement, scope: &PolicyContext<'_>) {
    ends_where(sql, scope, |policy| !deletes_at_end(policy));
}

pub(super) fn ends_deleting_row(sql: &mut Statement, scope: &PolicyContext<'_>) {
    ends_where(sql, scope, deletes_at_end);
}

fn ends_where(sql: &mut Statement, scope: &PolicyContext<'_>, applies: fn(&Policy) -> bool) {
    sql.push("ended_at IS NULL AND ");
    per_task(sql, scope.policies, |sql, policy| {
        if applies(policy) {
            purge_reason(sql, policy, scope.purge_time());
        } else {
            sql.push("NULL");
        }
    });
    sql.push(" IS NOT NULL");
}

/// Writes the condition that a live session is to be marked, once due sessions have ended.
pub(super) fn is_mark_due(sql: &mut Statement, scope: &PolicyContext<'_>) {
    sql.push("ended_at IS NULL AND ");
    mark_time(sql, scope);
    sql.push(" IS NOT NULL");
}

pub(super) fn retention_elapsed(sql: &mut Statement, scope: &PolicyContext<'_>) {
    sql.push("ended_at IS NOT NULL AND ");
    per_task(sql, scope.policies, |sql, policy| retention_elapsed_for(sql, policy, scope.now));
}

/// The number of the row's state, counted from 0 in the order of [`SessionState::ALL`].
pub(super) fn state(sql: &mut Statement, policies: &Policies, now: UnixTime) {
    sql.push("CASE WHEN ended_at <= ").bind(now).push(" THEN 4 ELSE ");
    per_task(sql, policies, |sql, policy| live_state(sql, policy, now));
    sql.push(" END");
}

fn live_state(sql: &mut Statement, policy: &Policy, now: UnixTime) {
    sql.push("CASE WHEN ");
    purge_reason(sql, policy, PurgeTime::at(now));
    // NULL, where it is not due, is neither.
    sql.push(" IN ('expired', 'lifetime') THEN 3");
    match policy.expire {
        // What is not due has not outstayed its timeout.
        ExpiryMode::Timeout => sql.push(" ELSE 0 END"),
        ExpiryMode::TwoPass => sql.push(" WHEN ").push(HAS_VALID_MARK).push(" THEN 1 ELSE 0 END"),
        ExpiryMode::Abandoned | ExpiryMode::Never => {
            sql.push(" WHEN ").bind(now).push(" - last_used_at > max(idle_timeout, ");
            sql.bind(policy.abandoned).push(") THEN 2 WHEN ").bind(now);
            sql.push(" - last_used_at > idle_timeout THEN 1 ELSE 0 END")
        }
    };
}

pub(super) fn and_task_in_scope(sql: &mut Statement, scope: &PolicyContext<'_>) {
    if let Some(task) = scope.task {
        sql.push(" AND ");
        task_matches(sql, task);
    }
}

/// Writes the idle time of a session, up to its end, in seconds.
pub(super) fn idle(sql: &mut Statement, now: UnixTime) {
    sql.push("max(0, min(ifnull(ended_at, ").bind(now).push("), ").bind(now);
    sql.push(") - last_used_at)");
}

/// Writes the condition that a session was already due at this time, as far as its row shows.
pub(super) fn was_due(sql: &mut Statement, scope: &PolicyContext<'_>, at: UnixTime) {
    end_reason(sql, &PolicyContext { now: at, planned: None, ..*scope });
    sql.push(" IS NOT NULL");
}

/// Appends the conditions of a filter, except [those that SQL cannot express].
///
/// [those that SQL cannot express]: Filter::matches_beyond_sql
pub(super) fn and_filter(sql: &mut Statement, filter: &Filter, scope: &PolicyContext<'_>) {
    if let Some(task) = &filter.task {
        sql.push(" AND ");
        task_matches(sql, task);
    }
    and_users(sql, filter);
    // Usable sessions are selected in addition to those in a state.
    if !filter.states.is_empty() && !filter.usable && !filter.unreadable {
        sql.push(" AND ");
        state(sql, scope.policies, scope.now);
        sql.push(" IN (").push(&state_numbers(&filter.states)).push(")");
    }
    if let Some(span) = filter.idle_over {
        sql.push(" AND ");
        idle(sql, scope.now);
        sql.push(" > ").bind(span);
    }
    if let Some(time) = filter.created_before {
        sql.push(" AND created_at < ").bind(time);
    }
    if let Some(time) = filter.used_before {
        sql.push(" AND last_used_at < ").bind(time);
    }
    if let Some(reason) = filter.ended_by {
        sql.push(" AND ended_at <= ").bind(scope.now);
        sql.push(" AND end_reason = ").bind(reason.as_str());
    }
    if let Some(time) = filter.ended_since {
        sql.push(" AND ended_at BETWEEN ").bind(time).push(" AND ").bind(scope.now);
    }
    if let Some(time) = filter.opened_by {
        sql.push(" AND created_at <= ").bind(time);
    }
}

fn and_users(sql: &mut Statement, filter: &Filter) {
    let push_list = |sql: &mut Statement, users: &[String]| {
        for (index, user) in users.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", " }).bind(user.as_str());
        }
        sql.push(")");
    };
    if !filter.users.is_empty() {
        sql.push(" AND user IN ");
        push_list(sql, &filter.users);
    }
    if !filter.except_users.is_empty() {
        sql.push(" AND (user IS NULL OR user NOT IN ");
        push_list(sql, &filter.except_users);
        sql.push(")");
    }
    if filter.keep_newest.is_some() {
        sql.push(" AND user IS NOT NULL");
    }
    if filter.user_unreadable {
        // Users are text here, which is always read.
        sql.push(" AND FALSE");
    }
}

fn state_numbers(states: &[SessionState]) -> String {
    let number = |state: &SessionState| {
        SessionState::ALL.iter().position(|known| known == state).unwrap_or(0)
    };
    states.iter().map(|state| number(state).to_string()).collect::<Vec<_>>().join(", ")
}
