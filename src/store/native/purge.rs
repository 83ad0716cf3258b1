//! The purge of the native table: a look ahead without locks, then one short
//! write transaction.

use std::ops::ControlFlow;

use super::{COLUMNS, ended_session, rules, stat};
use crate::domain::error::Result;
use crate::domain::policy::{Expire, Policy, Verdict};
use crate::domain::port::{KeyRange, Reach, Scope, Settled, Survey};
use crate::domain::session::Key;
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
        let verdict = read_verdict(row.text(3).as_deref(), &task, scope);
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

fn read_verdict(word: Option<&str>, task: &str, scope: &Scope<'_>) -> Verdict {
    let policy = scope.policies.of(task);
    match word {
        None => Verdict::Keep,
        Some(rules::DELETE) => Verdict::Delete,
        Some(rules::MARK) => Verdict::Mark(policy.check_time(scope.check())),
        Some(reason) => match reason.parse() {
            Err(_) => Verdict::Keep,
            Ok(reason) if rules::discards(policy) => Verdict::Discard(reason),
            Ok(reason) => Verdict::End(reason),
        },
    }
}

/// Deletes, ends and marks what is due in a range. Each statement repeats its
/// whole condition, so that what has changed since the survey is judged as it is.
pub(super) fn settle(
    transport: &mut impl Transport,
    scope: &Scope<'_>,
    range: &KeyRange,
    tell: bool,
) -> Result<Settled> {
    let any = |is: fn(&Policy) -> bool| scope.policies.all().any(is);
    let mut batch = Batch { scope, range, statements: Vec::new() };
    let told = tell.then(|| batch.add(ending_rows(scope), rules::ends));
    batch.count(stat::deleted(), rules::goes);
    let deleted = batch.add(Statement::new("DELETE FROM sessions"), rules::goes);
    let discarded = any(rules::discards).then(|| {
        batch.count(stat::discarded(scope), rules::ends_without_trace);
        batch.add(Statement::new("DELETE FROM sessions"), rules::ends_without_trace)
    });
    let ended = any(|policy| !rules::discards(policy))
        .then(|| batch.add(end(scope), rules::ends_on_record));
    // After the ends: what is over is not marked any more.
    let marked = any(|policy| policy.expire == Expire::TwoPass)
        .then(|| batch.add(mark(scope), rules::is_marked));

    let applied = transport.apply(&batch.statements)?;
    let rows = |place: Option<usize>| place.map_or(0, |place| applied.rows[place]);
    let told = told.map(|place| &applied.answers[place][..]).unwrap_or_default();
    Ok(Settled {
        marked: rows(marked),
        ended: rows(ended) + rows(discarded),
        deleted: rows(Some(deleted)) + rows(discarded),
        hold: applied.hold,
        told: told.iter().filter_map(|row| ended_session(row, scope.now)).collect(),
    })
}

/// The statements of a batch.
struct Batch<'a> {
    scope: &'a Scope<'a>,
    range: &'a KeyRange,
    statements: Vec<Statement>,
}

impl Batch<'_> {
    /// Adds a statement for the rows of the range that a condition selects, and
    /// answers its place in the list.
    fn add(&mut self, mut sql: Statement, condition: fn(&mut Statement, &Scope<'_>)) -> usize {
        sql.push(" WHERE id BETWEEN ").bind(&self.range.first);
        sql.push(" AND ").bind(&self.range.last);
        rules::and_in_scope(&mut sql, self.scope);
        sql.push(" AND ");
        condition(&mut sql, self.scope);
        self.statements.push(sql);
        self.statements.len() - 1
    }

    /// Adds one that counts such rows up in the counters.
    fn count(&mut self, sql: Statement, condition: fn(&mut Statement, &Scope<'_>)) {
        let place = self.add(sql, condition);
        self.statements[place].push(stat::ADDED_UP);
    }
}

fn end(scope: &Scope<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET ended_at = ");
    sql.bind(scope.now).push(", end_reason = ");
    rules::end_reason(&mut sql, scope);
    sql
}

fn mark(scope: &Scope<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET marked_at = ");
    rules::mark_time(&mut sql, scope);
    sql
}

/// The rows that are about to end, each with the reason.
fn ending_rows(scope: &Scope<'_>) -> Statement {
    let mut sql = Statement::new("SELECT ");
    sql.push(COLUMNS).push(", ");
    rules::end_reason(&mut sql, scope);
    sql.push(" FROM sessions");
    sql
}
