//! The purge's changes to a range of the native table, in one write transaction.

use super::{COLUMNS, ended_session, rules, stat};
use crate::domain::error::Result;
use crate::domain::policy::{Expire, Policy};
use crate::domain::port::{Census, DueRange, Found, Scope, Settled};
use crate::store::sql::Statement;
use crate::store::transport::{Either, Transport};

/// So many counts fit into one statement.
const FEW: usize = 500;

/// Deletes, ends and marks what is due in a range. Each statement repeats its
/// whole condition, so that what has changed since the survey is judged as it is.
///
/// What a purge deletes is counted in the same transaction. Where nobody has written
/// since the survey, that has counted it already; else it takes a look at the rows
/// before they go, which costs as much again as to delete them.
pub(super) fn settle(
    transport: &mut impl Transport,
    scope: &Scope<'_>,
    due: &DueRange,
    tell: bool,
) -> Result<Settled> {
    let work = Work::of(scope, due.found.as_ref());
    let is_of_use = |found: &&Found| found.version.is_some() && found.going.len() <= FEW;
    let counted = due.found.as_ref().filter(is_of_use);
    let unchanged = counted.map(|found| Batch::of(scope, due, &work, tell, Some(found)));
    let otherwise = Batch::of(scope, due, &work, tell, None);
    let since = counted.and_then(|found| found.version);
    let either = Either {
        unchanged: unchanged.as_ref().map_or(&[], |batch| &batch.statements),
        otherwise: &otherwise.statements,
    };
    let applied = transport.apply_since(since, either)?;
    let batch = unchanged.filter(|_| applied.unchanged).unwrap_or(otherwise);
    let rows = |place: Option<usize>| place.map_or(0, |place| applied.rows[place]);
    let told = batch.told.map(|place| &applied.answers[place][..]).unwrap_or_default();
    Ok(Settled {
        marked: rows(batch.marked),
        ended: rows(batch.ended) + rows(batch.discarded),
        deleted: rows(batch.deleted) + rows(batch.discarded),
        hold: applied.hold,
        commit: applied.commit,
        waited: applied.waited,
        told: told.iter().filter_map(|row| ended_session(row, scope.now)).collect(),
    })
}

/// Which kinds of statements there is anything to do for.
struct Work {
    marks: bool,
    ends: bool,
    discards: bool,
    deletes: bool,
}

impl Work {
    /// What the look ahead has found; where nobody has looked, whatever the policies
    /// may want.
    fn of(scope: &Scope<'_>, found: Option<&Found>) -> Self {
        let any = |is: fn(&Policy) -> bool| scope.policies.all().any(is);
        match found.map(|found| found.census) {
            None => Self {
                marks: any(|policy| policy.expire == Expire::TwoPass),
                ends: any(|policy| !rules::discards(policy)),
                discards: any(rules::discards),
                deletes: true,
            },
            Some(census) => {
                let Census { would_mark, would_end, would_delete, .. } = census;
                let discards = census.would_discard();
                Self {
                    marks: would_mark > 0,
                    ends: would_end > discards,
                    discards: discards > 0,
                    deletes: would_delete > discards,
                }
            }
        }
    }
}

/// The statements of a batch, and where among them those are whose rows count.
struct Batch<'a> {
    scope: &'a Scope<'a>,
    due: &'a DueRange,
    statements: Vec<Statement>,
    told: Option<usize>,
    deleted: Option<usize>,
    discarded: Option<usize>,
    ended: Option<usize>,
    marked: Option<usize>,
}

impl<'a> Batch<'a> {
    /// The statements for this work, `counted` before or not.
    fn of(
        scope: &'a Scope<'a>,
        due: &'a DueRange,
        work: &Work,
        tell: bool,
        counted: Option<&Found>,
    ) -> Self {
        let (told, deleted, discarded, ended, marked) = (None, None, None, None, None);
        let statements = Vec::new();
        let mut batch = Self { scope, due, statements, told, deleted, discarded, ended, marked };
        if tell && (work.ends || work.discards) {
            batch.told = Some(batch.add(ending_rows(scope), rules::ends));
        }
        if let Some(found) = counted.filter(|found| !found.going.is_empty()) {
            batch.statements.push(stat::deleted_so_many(&found.going));
        }
        if work.deletes {
            if counted.is_none() {
                batch.count(stat::deleted(), rules::goes);
            }
            batch.deleted = Some(batch.add(delete(), rules::goes));
        }
        if work.discards {
            if counted.is_none() {
                batch.count(stat::discarded(scope), rules::ends_without_trace);
            }
            batch.discarded = Some(batch.add(delete(), rules::ends_without_trace));
        }
        if work.ends {
            batch.ended = Some(batch.add(end(scope), rules::ends_on_record));
        }
        if work.marks {
            // After the ends: what is over is not marked any more.
            batch.marked = Some(batch.add(mark(scope), rules::is_marked));
        }
        batch
    }

    /// Adds a statement for the rows of the range that a condition selects, and
    /// answers its place in the list.
    fn add(&mut self, mut sql: Statement, condition: fn(&mut Statement, &Scope<'_>)) -> usize {
        sql.push(" WHERE id BETWEEN ").bind(&self.due.first);
        sql.push(" AND ").bind(&self.due.last);
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

fn delete() -> Statement {
    Statement::new("DELETE FROM sessions")
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
