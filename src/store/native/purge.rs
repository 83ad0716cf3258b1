//! The purge's changes to a range of the native table, in one write transaction.

use super::per_task::FEW as FEW_POLICIES;
use super::rows::{COLUMNS, ended_session};
use super::{policy_sql, stats};
use crate::domain::error::Result;
use crate::domain::policy::{ExpiryMode, Policies, Policy};
use crate::storage::{DueCounts, DueRange, PolicyContext, PurgeBatchResult, PurgeCounts};
use crate::store::database::{Database, ExpectedCount};
use crate::store::statement::Statement;

/// So many counts fit into one statement.
const FEW: usize = 500;

/// Deletes, ends and marks what is due in a range. Each statement repeats its
/// whole condition, so that what has changed since the survey is judged as it is.
///
/// What a purge deletes is counted in the same transaction: by what the survey has
/// found, if as many rows go as it found. By the statements of the contract no row
/// becomes due meanwhile but one that ends within this very second, and such a row is
/// left out, so that they are the same rows; and where there is no lifetime, a row has
/// one reason to go. (If a clock is set back meanwhile, two rows of two tasks may be
/// taken for each other in the counters, never in the table.) Else they are counted
/// before they go, which costs as much again as to delete them.
pub(super) fn apply_purge(
    database: &mut impl Database,
    scope: &PolicyContext<'_>,
    due: &DueRange,
    tell: bool,
) -> Result<PurgeBatchResult> {
    let few = Few::of(scope, due.found.as_ref());
    let narrowed = few.as_ref().map(|few| PolicyContext { policies: &few.policies, ..*scope });
    let scope = narrowed.as_ref().unwrap_or(scope);
    let wanted = wanted(scope, due.found.as_ref());
    let due = &Due { range: due, tasks: few.as_ref().map(|few| few.tasks.as_str()) };
    let otherwise = Batch::of(scope, due, &wanted, tell, None);
    let has_one_reason = scope.policies.all().all(|policy| policy.lifetime.is_none());
    let is_enough = |found: &&DueCounts| has_one_reason && found.going.len() <= FEW;
    let counted = due.range.found.as_ref().filter(is_enough);
    let (applied, batch) = match counted {
        None => (database.execute_batch(&otherwise.statements)?, otherwise),
        Some(found) => {
            let expected = Batch::of(scope, due, &wanted, tell, Some(found));
            let list = expected.expecting(found.census);
            let applied = database.execute_if_counts_match(&list, &otherwise.statements)?;
            let batch = if applied.as_expected { expected } else { otherwise };
            (applied, batch)
        }
    };
    let rows = |change| batch.place_of(change).map_or(0, |place| applied.rows[place]);
    let told = batch.told.map(|place| &applied.answers[place][..]).unwrap_or_default();
    let discarded = rows(Change::Discard);
    let ended = rows(Change::End) + discarded;
    Ok(PurgeBatchResult {
        marked: rows(Change::Mark),
        ended,
        deleted: rows(Change::Delete) + discarded,
        hold: applied.hold,
        commit: applied.commit,
        waited: applied.waited,
        told: told.iter().filter_map(|row| ended_session(row, scope.now)).collect(),
        untold: if tell && applied.answers_lost { ended } else { 0 },
        is_cut_short: false,
    })
}

/// Of very many policies, those of the tasks with rows that are due: the text of a
/// statement with all of them would take longer than the rows.
struct Few {
    policies: Policies,
    /// The tasks, as a list in JSON.
    tasks: String,
}

impl Few {
    /// `None`: there are few anyway, or the tasks are not known.
    fn of(scope: &PolicyContext<'_>, found: Option<&DueCounts>) -> Option<Self> {
        let found = found.filter(|_| scope.policies.tables().nth(FEW_POLICIES).is_some())?;
        let tasks = || found.tasks.iter().map(String::as_str);
        // What was replaced in a name that is not UTF-8 would not be found again.
        if tasks().any(|task| task.contains(char::REPLACEMENT_CHARACTER)) {
            return None;
        }
        let list = tasks().map(serde_json::Value::from).collect();
        let tasks_in_json = serde_json::Value::Array(list).to_string();
        Some(Self { policies: scope.policies.for_tasks(tasks()), tasks: tasks_in_json })
    }
}

/// What is due.
struct Due<'a> {
    range: &'a DueRange,
    /// Only of these tasks.
    tasks: Option<&'a str>,
}

/// What a purge does with a row, each kind by a statement of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// It has ended before, and goes.
    Delete,
    /// It ends and goes.
    Discard,
    /// It ends and stays.
    End,
    /// It is marked: after the ends, for what is over is not marked any more.
    Mark,
}

/// What there is anything to do of: what the look ahead has found, or, where nobody
/// has looked, whatever the policies may want.
fn wanted(scope: &PolicyContext<'_>, found: Option<&DueCounts>) -> Vec<Change> {
    let any = |is: fn(&Policy) -> bool| scope.policies.all().any(is);
    let wants = match found.map(|found| found.census) {
        None => [
            (Change::Delete, true),
            (Change::Discard, any(policy_sql::discards)),
            (Change::End, any(|policy| !policy_sql::discards(policy))),
            (Change::Mark, any(|policy| policy.expire == ExpiryMode::TwoPass)),
        ],
        Some(census) => {
            let discards = census.would_discard();
            [
                (Change::Delete, census.would_delete > discards),
                (Change::Discard, discards > 0),
                (Change::End, census.would_end > discards),
                (Change::Mark, census.would_mark > 0),
            ]
        }
    };
    wants.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(change, _)| change).collect()
}

/// The statements of a batch, and where among them those are that change rows.
struct Batch<'a> {
    scope: &'a PolicyContext<'a>,
    due: &'a Due<'a>,
    statements: Vec<Statement>,
    told: Option<usize>,
    places: Vec<(Change, usize)>,
}

impl<'a> Batch<'a> {
    /// The statements for these changes; what is going has been `counted` or not.
    fn of(
        scope: &'a PolicyContext<'a>,
        due: &'a Due<'a>,
        wanted: &[Change],
        tell: bool,
        counted: Option<&DueCounts>,
    ) -> Self {
        let (statements, places) = (Vec::new(), Vec::new());
        let mut batch = Self { scope, due, statements, told: None, places };
        let ends = wanted.contains(&Change::End) || wanted.contains(&Change::Discard);
        if tell && ends {
            batch.told = Some(batch.add(ending_rows(scope), policy_sql::ends));
        }
        if let Some(found) = counted.filter(|found| !found.going.is_empty()) {
            batch.statements.push(stats::deleted_so_many(&found.going));
        }
        for change in wanted {
            if counted.is_none() {
                batch.count(*change);
            }
            let place = batch.change(*change);
            if counted.is_some() && *change == Change::Delete {
                batch.statements[place].push(" AND ended_at < ").bind(scope.now);
            }
            batch.places.push((*change, place));
        }
        batch
    }

    /// The statements, with how many rows are to go.
    fn expecting(&self, census: PurgeCounts) -> Vec<ExpectedCount> {
        let discards = census.would_discard();
        let expected = [
            (self.place_of(Change::Delete), census.would_delete - discards),
            (self.place_of(Change::Discard), discards),
        ];
        let of = |place| expected.iter().find(|(at, _)| *at == Some(place)).map(|(_, rows)| *rows);
        let statements = self.statements.iter().cloned().enumerate();
        statements.map(|(place, statement)| ExpectedCount { statement, rows: of(place) }).collect()
    }

    fn place_of(&self, change: Change) -> Option<usize> {
        self.places.iter().find(|(what, _)| *what == change).map(|(_, place)| *place)
    }

    /// Adds the statement that changes rows, and answers its place in the list.
    fn change(&mut self, change: Change) -> usize {
        let delete = || Statement::new("DELETE FROM sessions");
        match change {
            Change::Delete => self.add(delete(), policy_sql::goes),
            Change::Discard => self.add(delete(), policy_sql::ends_without_trace),
            Change::End => self.add(end(self.scope), policy_sql::ends_on_record),
            Change::Mark => self.add(mark(self.scope), policy_sql::is_marked),
        }
    }

    /// Adds one that counts the rows that are about to go up in the counters.
    fn count(&mut self, change: Change) {
        let place = match change {
            Change::Delete => self.add(stats::deleted(), policy_sql::goes),
            Change::Discard => {
                self.add(stats::discarded(self.scope), policy_sql::ends_without_trace)
            }
            Change::End | Change::Mark => return,
        };
        self.statements[place].push(stats::ADDED_UP);
    }

    /// Adds a statement for the rows of the range that a condition selects, and
    /// answers its place in the list.
    fn add(
        &mut self,
        mut sql: Statement,
        condition: fn(&mut Statement, &PolicyContext<'_>),
    ) -> usize {
        sql.push(" WHERE id BETWEEN ").bind(&self.due.range.first);
        sql.push(" AND ").bind(&self.due.range.last);
        if let Some(tasks) = self.due.tasks {
            sql.push(" AND task IN (SELECT value FROM json_each(").bind(tasks).push("))");
        }
        policy_sql::and_in_scope(&mut sql, self.scope);
        sql.push(" AND ");
        condition(&mut sql, self.scope);
        self.statements.push(sql);
        self.statements.len() - 1
    }
}

fn end(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET ended_at = ");
    sql.bind(scope.now).push(", end_reason = ");
    policy_sql::end_reason(&mut sql, scope);
    sql
}

fn mark(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET marked_at = ");
    policy_sql::mark_time(&mut sql, scope);
    sql
}

/// The rows that are about to end, each with the reason.
fn ending_rows(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("SELECT ");
    sql.push(COLUMNS).push(", ");
    policy_sql::end_reason(&mut sql, scope);
    sql.push(" FROM sessions");
    sql
}
