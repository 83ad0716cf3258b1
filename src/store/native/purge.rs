//! The purge of the native table: a look ahead without locks, then one short
//! write transaction.

use std::ops::ControlFlow;

use super::{rules, stat};
use crate::domain::error::Result;
use crate::domain::policy::{Policies, Verdict};
use crate::domain::port::{KeyRange, Reach, Scope, Settled, Survey};
use crate::domain::session::Key;
use crate::domain::time::Span;
use crate::store::sql::Statement;
use crate::store::transport::Transport;

/// Looks at the rows behind a key.
pub(super) fn survey(
    transport: &impl Transport,
    scope: &Scope<'_>,
    after: Option<&Key>,
    reach: Reach,
) -> Result<Survey> {
    let mut found = Survey::default();
    let mut last: Option<String> = None;
    transport.query(&rows_with_verdicts(scope, after, reach.rows), &mut |row| {
        let id = row.text(0).unwrap_or_default();
        let task = row.text(1).unwrap_or_default();
        let is_live = row.count(2) == 1;
        let verdict = read_verdict(row.text(3).as_deref(), &task, scope.policies);
        found.census.count(is_live, verdict);
        if is_live {
            *found.live.entry(task.to_ascii_lowercase()).or_default() += 1;
        }
        if verdict != Verdict::Keep {
            let key = Key::Text(id.clone());
            match &mut found.due {
                Some(range) => range.last = key,
                none => *none = Some(KeyRange { first: key.clone(), last: key }),
            }
        }
        last = Some(id);
        let enough = found.census.due >= reach.due as u64;
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    found.last = last.map(Key::Text);
    Ok(found)
}

fn rows_with_verdicts(scope: &Scope<'_>, after: Option<&Key>, rows: usize) -> Statement {
    let mut sql = Statement::new("SELECT id, task, ended_at IS NULL, ");
    rules::verdict(&mut sql, scope);
    sql.push(" FROM sessions WHERE TRUE");
    if let Some(after) = after {
        sql.push(" AND id > ").bind(after);
    }
    rules::and_in_scope(&mut sql, scope);
    sql.push(" ORDER BY id LIMIT ").bind(rows);
    sql
}

fn read_verdict(word: Option<&str>, task: &str, policies: &Policies) -> Verdict {
    match word {
        None => Verdict::Keep,
        Some(rules::DELETE) => Verdict::Delete,
        Some(reason) => match reason.parse() {
            Err(_) => Verdict::Keep,
            Ok(reason) if policies.of(task).retention == Some(Span::ZERO) => {
                Verdict::Discard(reason)
            }
            Ok(reason) => Verdict::End(reason),
        },
    }
}

/// Deletes and ends what is due in a range. Each statement repeats its whole
/// condition, so that what has changed since the survey is judged as it is.
pub(super) fn settle(
    transport: &mut impl Transport,
    scope: &Scope<'_>,
    range: &KeyRange,
) -> Result<Settled> {
    let change = |verb: &str, condition: fn(&mut Statement, &Scope<'_>)| {
        let mut sql = Statement::new(verb);
        within(&mut sql, scope, range, condition);
        sql
    };
    let mut end = Statement::new("UPDATE sessions SET ended_at = ");
    end.bind(scope.now).push(", end_reason = ");
    rules::end_reason(&mut end, scope);
    within(&mut end, scope, range, rules::ends);

    let applied = transport.apply(&[
        stat::count_kept(|sql| within(sql, scope, range, rules::goes)),
        change("DELETE FROM sessions", rules::goes),
        stat::count_ending(scope, |sql| within(sql, scope, range, rules::ends_without_trace)),
        change("DELETE FROM sessions", rules::ends_without_trace),
        end,
    ])?;
    let [_, deleted, _, discarded, ended] = applied.rows[..] else {
        return Ok(Settled::default());
    };
    Ok(Settled { ended: ended + discarded, deleted: deleted + discarded, hold: applied.hold })
}

fn within(
    sql: &mut Statement,
    scope: &Scope<'_>,
    range: &KeyRange,
    condition: fn(&mut Statement, &Scope<'_>),
) {
    sql.push(" WHERE id BETWEEN ").bind(&range.first).push(" AND ").bind(&range.last);
    rules::and_in_scope(sql, scope);
    sql.push(" AND ");
    condition(sql, scope);
}
