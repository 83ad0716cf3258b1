//! Conditions for opening a session under limits, as SQL.

use super::licence_sql::is_licensed;
use crate::domain::policy::{ExpiryMode, Licence, OverflowPolicy, Policies, Policy};
use crate::domain::session::EndReason;
use crate::storage::{LimitScope, NewSession};
use crate::store::native::rows::insert_row;
use crate::store::native::task_rules::per_task;
use crate::store::native::{policy_sql, stats};
use crate::store::statement::Statement;

type BoxedSqlWriter<'a> = Box<dyn Fn(&mut Statement) + 'a>;

#[derive(Clone, Copy)]
pub struct OpenQuery<'a> {
    pub(super) session: &'a NewSession,
    policies: &'a Policies,
    policy: &'a Policy,
    licence: Option<&'a Licence>,
}

#[derive(Clone, Copy)]
struct ActiveLimit {
    of: LimitScope,
    limit: u64,
    when_full: OverflowPolicy,
}

pub(super) struct Ending<'a> {
    pub(super) reason: BoxedSqlWriter<'a>,
    pub(super) condition: BoxedSqlWriter<'a>,
    pub(super) rows: EndedRows<'a>,
}

pub(super) enum EndedRows<'a> {
    Kept,
    Deleted,
    /// Rows are deleted where this expression is true.
    DeletedWhere(BoxedSqlWriter<'a>),
}

impl<'a> OpenQuery<'a> {
    pub fn new(session: &'a NewSession, policies: &'a Policies) -> Self {
        let (policy, licence) =
            (policies.for_task(&session.task), policies.licence_of(&session.task));
        Self { session, policies, policy, licence }
    }

    /// Each limit counts all sessions that the one before counts.
    fn limits(self) -> impl DoubleEndedIterator<Item = ActiveLimit> {
        let Policy { limit, user_limit, when_full, .. } = *self.policy;
        let own = [(LimitScope::User, user_limit), (LimitScope::Task, limit)];
        let own = own.into_iter().filter(|(_, limit)| *limit > 0);
        let own = own.map(move |(of, limit)| ActiveLimit { of, limit, when_full });
        let licence = self.licence.map(|licence| ActiveLimit {
            of: LimitScope::Licence,
            limit: licence.limit,
            when_full: licence.when_full,
        });
        own.chain(licence)
    }

    /// The policies of sessions that may end: the task's, or with a licence those of all tasks.
    fn policies_concerned(self) -> Box<dyn Iterator<Item = &'a Policy> + 'a> {
        match self.licence {
            Some(_) => Box::new(self.policies.all()),
            None => Box::new(std::iter::once(self.policy)),
        }
    }

    /// Ends before the others are counted: first those of the licence, then of the own limits.
    pub(super) fn ends_before_counting(self) -> impl Iterator<Item = Ending<'a>> {
        let licence = self.licence.and_then(|licence| self.ended_by_licence(licence));
        let own = self.limits().rfind(|limit_in_force| limit_in_force.of != LimitScope::Licence);
        // Under the same `when_full`, the licence has ended them already.
        let own = own.filter(|limit_in_force| {
            self.licence.is_none_or(|own| own.when_full != limit_in_force.when_full)
        });
        licence.into_iter().chain(own.and_then(|limit_in_force| self.ended_by_task(limit_in_force)))
    }

    fn ended_by_licence(self, licence: &'a Licence) -> Option<Ending<'a>> {
        let when_full = licence.when_full;
        if !self.policies_concerned().any(|policy| expires_before_counting(policy, when_full)) {
            return None;
        }
        let reason = move |sql: &mut Statement| {
            per_task(sql, self.policies, |sql, policy| self.reason(sql, policy, when_full));
        };
        let rows = self.rows(move |sql| self.is_deleted(sql));
        Some(self.ending(LimitScope::Licence, reason, rows))
    }

    fn ended_by_task(self, limit_in_force: ActiveLimit) -> Option<Ending<'a>> {
        let reason =
            move |sql: &mut Statement| self.reason(sql, self.policy, limit_in_force.when_full);
        let rows = if policy_sql::deletes_at_end(self.policy) {
            EndedRows::Deleted
        } else {
            EndedRows::Kept
        };
        expires_before_counting(self.policy, limit_in_force.when_full)
            .then(|| self.ending(limit_in_force.of, reason, rows))
    }

    fn ending(
        self,
        of: LimitScope,
        reason: impl Fn(&mut Statement) + Copy + 'a,
        rows: EndedRows<'a>,
    ) -> Ending<'a> {
        let condition = move |sql: &mut Statement| {
            self.population(sql, of);
            sql.push(" AND ");
            reason(sql);
            sql.push(" IS NOT NULL");
        };
        Ending { reason: Box::new(reason), condition: Box::new(condition), rows }
    }

    /// The reason for which a session of a policy ends before the others are counted, or NULL.
    fn reason(self, sql: &mut Statement, policy: &Policy, when_full: OverflowPolicy) {
        let now = self.session.created_at;
        if when_full == OverflowPolicy::Refuse {
            return policy_sql::expiry_reason(sql, policy, now);
        }
        sql.push("CASE WHEN FALSE THEN NULL");
        if ends_abandoned(policy, when_full) {
            sql.push(" WHEN last_used_at + max(idle_timeout, ").bind(policy.abandoned);
            sql.push(") < ").bind(now).push(" THEN 'abandoned'");
        }
        policy_sql::when_lifetime_exceeded(sql, policy, now);
        sql.push(" END");
    }

    /// Chooses the treatment of rows; an expression decides where the policies differ.
    fn rows(self, is_deleted: impl Fn(&mut Statement) + 'a) -> EndedRows<'a> {
        match (self.any_deletes_at_end(true), self.any_deletes_at_end(false)) {
            (true, true) => EndedRows::DeletedWhere(Box::new(is_deleted)),
            (true, false) => EndedRows::Deleted,
            (false, _) => EndedRows::Kept,
        }
    }

    /// Checks for a policy that deletes rows at the end of a session, or for one that keeps them.
    fn any_deletes_at_end(self, discards: bool) -> bool {
        self.policies_concerned().any(|policy| policy_sql::deletes_at_end(policy) == discards)
    }

    pub(super) fn has_mixed_retention(self) -> bool {
        self.any_deletes_at_end(true) && self.any_deletes_at_end(false)
    }

    fn population(self, sql: &mut Statement, of: LimitScope) {
        match (of, self.licence) {
            (LimitScope::Licence, Some(licence)) => is_licensed(sql, licence),
            _ => {
                sql.push("task = ").bind(self.session.task.as_str());
            }
        }
        sql.push(" AND ended_at IS NULL");
        if of == LimitScope::User {
            sql.push(" AND user = ").bind(self.session.user.as_deref());
        }
    }

    fn is_evictable(self, sql: &mut Statement, limit_in_force: ActiveLimit) {
        self.population(sql, limit_in_force.of);
        match limit_in_force.when_full {
            OverflowPolicy::EvictIdle => {
                sql.push(" AND last_used_at + idle_timeout < ").bind(self.session.created_at);
            }
            OverflowPolicy::EvictLru => {}
            OverflowPolicy::Refuse => {
                sql.push(" AND FALSE");
            }
        }
    }

    /// Writes a branch of a CASE for each limit: `then` applies if it is reached without the
    /// new session, or exceeded once that is open.
    fn when_full(
        self,
        sql: &mut Statement,
        is_open: bool,
        then: impl Fn(&mut Statement, ActiveLimit),
    ) {
        for limit_in_force in self.limits() {
            sql.push(" WHEN (SELECT count(*) FROM sessions WHERE ");
            self.population(sql, limit_in_force.of);
            sql.push(if is_open { ") > " } else { ") >= " })
                .bind(limit_in_force.limit)
                .push(" THEN ");
            then(sql, limit_in_force);
        }
    }

    /// Inserts the row if there is room, or if a session can be evicted. If the key is
    /// taken, the insert is attempted at once and fails: later statements may assume that
    /// such a row exists only if the session is open.
    ///
    /// Where the policies [differ](Self::has_mixed_retention), the new row is marked if the
    /// row of the evicted session is to be deleted, until [`unmark`](Self::unmark): once
    /// that session has ended, the condition would select the next one.
    pub(super) fn open(self) -> Statement {
        let mut sql = if self.has_mixed_retention() {
            let mut sql = insert_row(self.session, ", marked_at");
            sql.push(", CASE WHEN (SELECT ");
            self.is_deleted(&mut sql);
            sql.push(" FROM sessions WHERE id = ");
            self.evicted(&mut sql, false);
            sql.push(") THEN ").bind(self.session.created_at).push(" END");
            sql
        } else {
            insert_row(self.session, "")
        };
        sql.push(" WHERE ");
        self.is_open(&mut sql);
        sql.push(" OR CASE WHEN FALSE THEN NULL");
        self.when_full(&mut sql, false, |sql, limit_in_force| {
            sql.push("EXISTS (SELECT 1 FROM sessions WHERE ");
            self.is_evictable(sql, limit_in_force);
            sql.push(")");
        });
        sql.push(" ELSE TRUE END");
        sql
    }

    fn is_deleted(self, sql: &mut Statement) {
        per_task(sql, self.policies, |sql, policy| {
            sql.push(if policy_sql::deletes_at_end(policy) { "TRUE" } else { "FALSE" });
        });
    }

    fn is_open(self, sql: &mut Statement) {
        self.with_new_row(sql, "");
    }

    /// Checks that the session is open and that its row fulfils a further condition.
    fn with_new_row(self, sql: &mut Statement, and: &str) {
        sql.push("EXISTS (SELECT 1 FROM sessions WHERE id = ").bind(&self.session.key);
        sql.push(and).push(")");
    }

    /// The id of the session to evict, or NULL: that of the user if the user's limit is
    /// reached, else of the task if that of the task is, else of the licence.
    fn evicted(self, sql: &mut Statement, is_open: bool) {
        sql.push("CASE WHEN FALSE THEN NULL");
        self.when_full(sql, is_open, |sql, limit_in_force| {
            sql.push("(SELECT id FROM sessions WHERE ");
            self.is_evictable(sql, limit_in_force);
            sql.push(" AND id <> ").bind(&self.session.key);
            sql.push(match limit_in_force.when_full {
                // Idle for the longest: since its own timeout has passed.
                OverflowPolicy::EvictIdle => {
                    " ORDER BY last_used_at + idle_timeout, last_used_at, id"
                }
                OverflowPolicy::EvictLru | OverflowPolicy::Refuse => " ORDER BY last_used_at, id",
            });
            sql.push(" LIMIT 1)");
        });
        sql.push(" END");
    }

    /// The session that is evicted once the new one is open.
    pub(super) fn eviction(self) -> Ending<'a> {
        let reason = |sql: &mut Statement| {
            sql.push("'").push(EndReason::Evicted.as_str()).push("'");
        };
        let condition = move |sql: &mut Statement| {
            self.is_open(sql);
            sql.push(" AND id = ");
            self.evicted(sql, true);
        };
        let rows = self.rows(move |sql| self.with_new_row(sql, " AND marked_at IS NOT NULL"));
        Ending { reason: Box::new(reason), condition: Box::new(condition), rows }
    }

    /// Removes the mark of [`open`](Self::open).
    pub(super) fn unmark(self) -> Statement {
        let sql = "UPDATE sessions SET marked_at = NULL WHERE id = ?1 AND marked_at IS NOT NULL";
        Statement::new(sql).with(&self.session.key)
    }

    pub(super) fn count_refusal(self) -> Statement {
        let mut sql = stats::count_refused(&self.session.task);
        sql.push(" WHERE NOT ");
        self.is_open(&mut sql);
        sql.push(stats::UPSERT_ADD);
        sql
    }

    /// The index in [`limits`](Self::limits) of the limit that rejects the session, or NULL.
    pub(super) fn which_limit(self) -> Statement {
        let mut sql = Statement::new("SELECT CASE WHEN FALSE THEN NULL");
        let index = |limit_in_force: ActiveLimit| {
            self.limits().position(|known| known.of == limit_in_force.of)
        };
        self.when_full(&mut sql, false, |sql, limit_in_force| {
            sql.bind(index(limit_in_force));
        });
        sql.push(" END WHERE NOT ");
        self.is_open(&mut sql);
        sql
    }

    /// Scope of the limit with this index. `None`: there was room again by the time it was
    /// read, and the limit that counts the most sessions is reported.
    pub(super) fn limit_scope(self, index: Option<i64>) -> LimitScope {
        let index = index.and_then(|index| usize::try_from(index).ok());
        let named = index.and_then(|index| self.limits().nth(index));
        named
            .or_else(|| self.limits().next_back())
            .map_or(LimitScope::Task, |limit_in_force| limit_in_force.of)
    }
}

fn expires_before_counting(policy: &Policy, when_full: OverflowPolicy) -> bool {
    policy.lifetime.is_some()
        || ends_abandoned(policy, when_full)
        || when_full == OverflowPolicy::Refuse
}

/// Reports whether abandoned sessions end, regardless of the purge.
fn ends_abandoned(policy: &Policy, when_full: OverflowPolicy) -> bool {
    when_full == OverflowPolicy::EvictIdle
        && matches!(policy.expire, ExpiryMode::Timeout | ExpiryMode::Abandoned)
}
