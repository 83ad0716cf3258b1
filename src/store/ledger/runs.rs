//! Run history.

use std::ops::ControlFlow;

use super::heartbeat;
use super::jobs::{
    and_last_settled_is, record_start, settle_like_same_name, update_last_settled,
    upsert_last_settled,
};
use super::lease;
use super::lease::and_if_held;
use crate::domain::error::Result;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    Invoker, JobKey, Lease, MAX_NAMED_SESSIONS, MIN_KEPT_RUNS, NewRun, RunEnd, RunNote, RunOrigin,
    RunOutcome, RunQuery, RunRecord, StartResult, VisitResult,
};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

const MAX_DROPPED: usize = 250;
/// Maximum number of named sessions that are dropped with their runs, except for those of the
/// last run.
const MAX_DROPPED_SESSIONS: usize = 2 * MAX_NAMED_SESSIONS;

const RUN_COLUMNS: &str = "runs.id, job, work, task, planned_at, started_at, missed, host, pid, version, \
                   finished_at, outcome, reason, marked, ended, deleted, leases.renewed_at, rules, \
                   runs.holder, user, sudo_user, login_user, selection, why, named, \
                   CASE WHEN lease IS NULL THEN coalesce(progress_at, started_at) END, \
                   fraction, last_hold, longest_hold, log_bytes";

pub(super) fn start_run(
    database: &mut impl Database,
    lease: &Lease,
    run: &NewRun,
) -> Result<StartResult> {
    let is_due =
        |sql: &mut Statement| and_last_settled_is(sql, run.job.as_ref(), run.last_settled_at);
    let take = lease::take_if(lease, run.started, is_due);
    let mut statements: Vec<Statement> = Vec::new();
    statements.extend(run.job.as_ref().map(|job| settle_like_same_name(job, run)));
    statements.extend([take, mark_lost(lease), insert_running(lease, run)]);
    statements.extend(run.job.as_ref().map(|job| record_start(lease, job, run.planned)));
    statements.push(lease::select_holder(lease));
    let applied = database.execute_batch(&statements)?;
    Ok(lease::start_result(&applied, lease, run.started))
}

/// Marks a run whose process has ended as lost, and releases its lease.
pub(super) fn release_lease(database: &mut impl Database, lease: &Lease) -> Result<()> {
    let lose = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died' \
         WHERE outcome = 'running' AND holder = ?1",
    );
    database.execute_batch(&[lose.with(lease.holder.as_str()), lease::delete_lease(lease)])?;
    Ok(())
}

fn mark_lost(lease: &Lease) -> Statement {
    let sql = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died, or was stopped for longer \
         than its lease' WHERE outcome = 'running' AND lease = ?1 AND ",
    );
    and_if_held(sql.with(lease.name.as_str()), lease)
}

fn insert_running(lease: &Lease, run: &NewRun) -> Statement {
    let mut sql = insert_run_row(&lease.holder, Some(&lease.name), run, RunOutcome::Running);
    sql.push(" WHERE ");
    and_if_held(sql, lease)
}

fn insert_run_row(
    holder: &str,
    lease: Option<&str>,
    run: &NewRun,
    outcome: RunOutcome,
) -> Statement {
    let job = run.job.as_ref();
    Statement::new(
        "INSERT INTO runs (holder, lease, job, account, spec, work, task, rules, planned_at, \
         started_at, missed, host, pid, version, user, outcome, sudo_user, login_user, \
         selection, why) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         ?15, ?16, ?17, ?18, ?19, ?20",
    )
    .with(holder)
    .with(lease)
    .with(job.map(|job| job.name.as_str()))
    .with(job.map_or("", |job| job.host_scope.as_str()))
    .with(job.map_or("", |job| job.spec.as_str()))
    .with(run.work.as_str())
    .with(run.task.as_deref())
    .with(run.rules.as_str())
    .with(run.planned)
    .with(run.started)
    .with(run.missed)
    .with(run.origin.host.as_str())
    .with(u64::from(run.origin.pid))
    .with(run.origin.version.as_str())
    .with(run.origin.user.as_str())
    .with(outcome.as_str())
    .with(run.origin.invoker.sudo_user.as_deref())
    .with(run.origin.invoker.login_user.as_deref())
    .with(run.note.selection.as_deref())
    .with(run.note.why.as_deref())
}

pub(super) fn finish_run(
    database: &mut impl Database,
    lease: &Lease,
    job: Option<&JobKey>,
    end: &RunEnd,
) -> Result<()> {
    let mut statements = vec![update_run_end(&lease.holder, end)];
    statements.extend(
        job.zip(end.last_settled_at)
            .map(|(job, last_settled_at)| update_last_settled(lease, job, last_settled_at)),
    );
    statements.push(lease::delete_lease(lease));
    database.execute_batch(&statements)?;
    Ok(())
}

fn update_run_end(holder: &str, end: &RunEnd) -> Statement {
    Statement::new(
        "UPDATE runs SET finished_at = ?2, outcome = ?3, reason = ?4, marked = ?5, ended = ?6, \
         deleted = ?7 WHERE holder = ?1",
    )
    .with(holder)
    .with(end.finished)
    .with(end.outcome.as_str())
    .with(end.reason.as_deref())
    .with(end.marked)
    .with(end.ended)
    .with(end.deleted)
}

/// Records the end of a run without a lease.
pub(super) fn record_end(
    database: &mut impl Database,
    holder: &str,
    run: &NewRun,
    end: &RunEnd,
) -> Result<()> {
    let insert = insert_run_if_missing(holder, run, end.outcome);
    database.execute_batch(&[insert, update_run_end(holder, end)])?;
    Ok(())
}

/// Inserts a run without a lease, unless the ledger has it.
pub(super) fn insert_run_if_missing(holder: &str, run: &NewRun, outcome: RunOutcome) -> Statement {
    let mut sql = insert_run_row(holder, None, run, outcome);
    sql.push(" WHERE TRUE ON CONFLICT (holder) DO NOTHING");
    sql
}

/// Inserts a run that did not take place. Reports whether it was inserted.
pub(super) fn insert_run(
    database: &mut impl Database,
    holder: &str,
    run: &NewRun,
    end: &RunEnd,
) -> Result<bool> {
    let mut new = insert_run_row(holder, None, run, end.outcome);
    new.push(" WHERE TRUE");
    and_last_settled_is(&mut new, run.job.as_ref(), run.last_settled_at);
    let mut statements = vec![new, update_run_end(holder, end)];
    let job = run.job.as_ref().zip(end.last_settled_at);
    statements.extend(job.map(|(job, last_settled_at)| {
        upsert_last_settled(job, run.last_settled_at, last_settled_at)
    }));
    Ok(database.execute_batch(&statements)?.rows.first() == Some(&1))
}

pub(super) fn runs(
    database: &impl Database,
    query: &RunQuery,
    now: UnixTime,
    visit: &mut dyn FnMut(RunRecord) -> VisitResult,
) -> Result<()> {
    let mut left = query.limit.unwrap_or(u64::MAX);
    database.query_pages(&mut |last| select_runs(query, last), &mut |row| {
        let run = read_run(row, query, now);
        if query.failures && run.outcome == RunOutcome::Running {
            return Ok(ControlFlow::Continue(()));
        }
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        visit(run)
    })
}

fn select_runs(query: &RunQuery, last: Option<&dyn RowRef>) -> Statement {
    let mut sql = Statement::new("SELECT ");
    sql.push(RUN_COLUMNS)
        .push(" FROM runs LEFT JOIN leases ON leases.holder = runs.holder WHERE TRUE");
    if let Some(job) = &query.job {
        sql.push(" AND job = ").bind(job.as_str());
    }
    if let Some(work) = &query.work {
        sql.push(" AND work = ").bind(work.as_str());
    }
    if query.session.is_some() || !query.users.is_empty() {
        and_has_ended(&mut sql, query);
    }
    if query.failures {
        // A running run may turn out to be lost.
        sql.push(" AND outcome NOT IN ('done', 'skipped')");
    }
    if let Some(last) = last.and_then(|row| row.integer(0)) {
        sql.push(" AND runs.id < ").bind(last);
    }
    sql.push(" ORDER BY runs.id DESC");
    sql
}

/// A handle that was lengthened later, or had been lengthened before, still matches.
fn and_has_ended(sql: &mut Statement, query: &RunQuery) {
    sql.push(" AND runs.id IN (SELECT run FROM run_sessions WHERE TRUE");
    if let Some(handle) = &query.session {
        sql.push(" AND (handle >= ").bind(handle.as_str());
        sql.push(" AND handle < ").bind(format!("{handle}g"));
        sql.push(" OR handle = substr(").bind(handle.as_str()).push(", 1, length(handle)))");
    }
    if !query.users.is_empty() {
        let users = serde_json::Value::from(query.users.as_slice()).to_string();
        sql.push(" AND user IN (SELECT value FROM json_each(").bind(users).push("))");
    }
    sql.push(")");
}

/// Reads a row of [`RUN_COLUMNS`].
fn read_run(row: &dyn RowRef, query: &RunQuery, now: UnixTime) -> RunRecord {
    let time = |column| UnixTime(row.integer(column).unwrap_or(0));
    let word = row.text(11).unwrap_or_default();
    let holds = |renewed: i64| Lease::holds(UnixTime(renewed), now);
    let is_gone = || {
        let holder = row.text(18).unwrap_or_default();
        query
            .is_gone
            .zip(Lease::process(&holder))
            .is_some_and(|(is_gone, process)| is_gone(process))
    };
    // Without a lease, the last batch counts.
    let is_alive = || row.integer(16).or(row.integer(25)).is_some_and(holds) && !is_gone();
    let outcome = match word.parse() {
        Ok(RunOutcome::Running) if !is_alive() => RunOutcome::Lost,
        Ok(outcome) => outcome,
        Err(_) => RunOutcome::Lost,
    };
    let heartbeat = heartbeat::read(row, 16, 26);
    RunRecord {
        id: row.integer(0).unwrap_or(0),
        job: row.text(1),
        work: row.text(2).unwrap_or_default(),
        task: row.text(3),
        note: RunNote { selection: row.text(22), why: row.text(23) },
        rules: row.text(17).unwrap_or_default(),
        planned: time(4),
        started: time(5),
        missed: row.count(6),
        origin: RunOrigin {
            host: row.text(7).unwrap_or_default(),
            pid: u32::try_from(row.count(8)).unwrap_or(0),
            version: row.text(9).unwrap_or_default(),
            user: row.text(19).unwrap_or_default(),
            invoker: Invoker { sudo_user: row.text(20), login_user: row.text(21) },
        },
        finished: row.integer(10).map(UnixTime),
        outcome,
        reason: row.text(12),
        marked: row.count(13),
        ended: row.count(14),
        deleted: row.count(15),
        named: row.count(24),
        heartbeat: heartbeat.filter(|_| outcome == RunOutcome::Running),
    }
}

/// Drops entries that began longer ago than `keep`, by the clock and by the youngest of
/// them: a clock that is wrong, and the entries of a few runs under it, drop nothing. Looks for
/// them first, so that nothing is written if there are none.
pub(super) fn drop_runs(database: &mut impl Database, keep: Span, now: UnixTime) -> Result<()> {
    let select = |sql: &str| {
        Statement::new(&format!(
            "{sql} (WITH kept (id, started_at) AS \
             (SELECT id, started_at FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?1), \
             old AS (SELECT id, named, started_at FROM runs \
             WHERE started_at < (SELECT min(started_at, ?2) - ?3 FROM kept) \
             AND id < (SELECT id FROM kept) AND (outcome <> 'running' \
             OR holder NOT IN (SELECT holder FROM leases)) ORDER BY started_at LIMIT ?4) \
             SELECT id FROM (SELECT id, sum(named) OVER (ORDER BY started_at, id) - named AS before \
             FROM old) WHERE before <= ?5)"
        ))
        .with(MIN_KEPT_RUNS - 1)
        .with(now)
        .with(keep)
        .with(MAX_DROPPED)
        .with(MAX_DROPPED_SESSIONS)
    };
    if database.query_first(&select("SELECT 1 FROM"), |_| ())?.is_some() {
        database.execute_batch(&[select("DELETE FROM runs WHERE id IN")])?;
    }
    Ok(())
}
