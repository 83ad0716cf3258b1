//! Sort order of a list, and the start of its next page.

use super::policy_sql::{HAS_VALID_MARK, idle, state, timeout};
use super::task_rules::per_task;
use crate::domain::policy::ExpiryMode;
use crate::domain::profile::SqlValueRef;
use crate::storage::{Order, PolicyContext, SortKey};
use crate::store::database::RowRef;
use crate::store::statement::Statement;

type SqlWriter<'a> = dyn Fn(&mut Statement) + 'a;

pub(super) struct SortTerm<'a> {
    pub(super) write: &'a SqlWriter<'a>,
    pub(super) is_descending: bool,
    /// Text, which may be NULL and then sorts before all texts; other terms are never NULL.
    pub(super) is_text: bool,
}

impl SortTerm<'_> {
    /// A column for what the term is in the last row of a page, where [`push_after`] takes it
    /// from: a text as hexadecimal digits, for not all bytes would come through.
    pub(super) fn push_column(&self, sql: &mut Statement) {
        if self.is_text {
            sql.push(", CASE WHEN ");
            (self.write)(sql);
            sql.push(" IS NOT NULL THEN hex(");
            (self.write)(sql);
            sql.push(") END");
        } else {
            sql.push(", ");
            (self.write)(sql);
        }
    }

    /// Compares the term with its value in the last row of a page.
    fn push_comparison(&self, sql: &mut Statement, how: &str, value: SqlValueRef<'_>) {
        (self.write)(sql);
        sql.push(how);
        sql.values.push(value.to_value());
        let index = sql.values.len();
        sql.push(&if self.is_text {
            format!("CAST(unhex(?{index}) AS TEXT)")
        } else {
            format!("?{index}")
        });
    }

    fn push_is_after(&self, sql: &mut Statement, value: SqlValueRef<'_>) {
        match (self.is_descending, value) {
            (false, SqlValueRef::Null) => {
                (self.write)(sql);
                sql.push(" IS NOT NULL");
            }
            (true, SqlValueRef::Null) => {
                sql.push("FALSE");
            }
            (false, value) => self.push_comparison(sql, " > ", value),
            (true, value) => {
                self.push_comparison(sql, " < ", value);
                if self.is_text {
                    sql.push(" OR ");
                    (self.write)(sql);
                    sql.push(" IS NULL");
                }
            }
        }
    }
}

/// Writes the condition that a row sorts after the last row of a page, whose columns from
/// `index` on hold the values of these terms.
pub(super) fn push_after(
    sql: &mut Statement,
    terms: &[SortTerm<'_>],
    last: &dyn RowRef,
    index: usize,
) {
    let Some((term, others)) = terms.split_first() else {
        sql.push("FALSE");
        return;
    };
    let value = last.value(index);
    sql.push("(");
    term.push_is_after(sql, value);
    if !others.is_empty() {
        sql.push(" OR ");
        term.push_comparison(sql, " IS ", value);
        sql.push(" AND ");
        push_after(sql, others, last, index + 1);
    }
    sql.push(")");
}

/// Hands the terms of an order on, of which the key is the last. By the key alone, no
/// sorting is needed.
pub(super) fn with_terms<R>(
    order: Order,
    scope: &PolicyContext<'_>,
    use_terms: impl FnOnce(&[SortTerm<'_>]) -> R,
) -> R {
    // The longest idle come first unless the order is reversed.
    let is_descending = order.reverse != (order.by == SortKey::Idle);
    let key = |sql: &mut Statement| {
        sql.push("id");
    };
    let value = |sql: &mut Statement| sort_value(sql, order.by, scope);
    let is_text =
        matches!(order.by, SortKey::User | SortKey::Task | SortKey::Client | SortKey::Agent);
    if order.by == SortKey::Handle {
        return use_terms(&[SortTerm { write: &key, is_descending, is_text: false }]);
    }
    use_terms(&[
        SortTerm { write: &value, is_descending, is_text },
        SortTerm { write: &key, is_descending: false, is_text: false },
    ])
}

pub(super) fn push_order_by(sql: &mut Statement, terms: &[SortTerm<'_>]) {
    for (index, term) in terms.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY " } else { ", " });
        (term.write)(sql);
        sql.push(if term.is_descending { " DESC" } else { " ASC" });
    }
}

fn sort_value(sql: &mut Statement, by: SortKey, scope: &PolicyContext<'_>) {
    let column = match by {
        SortKey::State => return state(sql, scope.policies, scope.now),
        SortKey::Idle => return idle(sql, scope.now),
        SortKey::Expires => return expiry_or_last(sql, scope),
        SortKey::Handle => "id",
        SortKey::User => "user",
        SortKey::Task => "task",
        SortKey::Client => "client",
        SortKey::Agent => "agent",
        SortKey::Created => "created_at",
        SortKey::LastUsed => "last_used_at",
        SortKey::Ended => "ifnull(ended_at, 1 << 60)",
    };
    sql.push(column);
}

/// The moment up to which a live session is valid; those without one sort behind all others.
fn expiry_or_last(sql: &mut Statement, scope: &PolicyContext<'_>) {
    sql.push("CASE WHEN ended_at IS NOT NULL THEN 1 << 60 ELSE ");
    per_task(sql, scope.policies, |sql, policy| {
        sql.push("min(");
        match policy.expire {
            ExpiryMode::Timeout => {
                timeout(sql.push("ifnull(last_used_at + "), policy);
                sql.push(", 1 << 60)")
            }
            ExpiryMode::Abandoned => {
                timeout(sql.push("ifnull(last_used_at + max("), policy);
                sql.push(", ").bind(policy.abandoned).push("), 1 << 60)")
            }
            ExpiryMode::TwoPass => {
                sql.push("CASE WHEN ").push(HAS_VALID_MARK).push(" THEN marked_at + ");
                sql.bind(policy.mark_min_age()).push(" ELSE 1 << 60 END")
            }
            ExpiryMode::Never => sql.push("1 << 60"),
        };
        sql.push(", ");
        match policy.lifetime {
            Some(lifetime) => sql.push("created_at + ").bind(lifetime),
            None => sql.push("1 << 60"),
        };
        sql.push(")");
    });
    sql.push(" END");
}
