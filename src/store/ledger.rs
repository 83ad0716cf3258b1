//! The record of runs, in any database that has its tables.

use std::ops::ControlFlow;

use super::database::{Database, RowRef};
use super::lease;
use super::lease::if_held;
use super::statement::Statement;
use crate::domain::error::Result;
use crate::domain::job::{JobHistory, RunInProgress};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    FEWEST_KEPT, JobKey, JobState, Lease, NewJob, NewRun, RunEnd, RunOrigin, RunOutcome, RunQuery,
    RunRecord, StartResult, VisitResult,
};

/// Entries that are dropped at once, at most.
const DROPPED: usize = 250;

/// How long a history stays that no machine has any more.
const KEPT_HISTORY: Span = Span::days(1);

/// Machines that have part in a history, at most. Containers with a name of their own for
/// each run would otherwise leave any number behind.
const MOST_MEMBERS: usize = 1_000;

/// The key of a history, as [`with_key`] binds it.
const KEY: &str = "name = ?1 AND spec = ?2 AND host_scope = ?3";

/// What a row must have for [`record`] to read it.
const RUN: &str = "runs.id, job, work, task, planned_at, started_at, missed, host, pid, version, \
                   finished_at, outcome, reason, marked, ended, deleted, leases.renewed_at, rules, \
                   runs.holder, user";

/// Takes a lease and enters a run.
pub(super) fn start_run(
    database: &mut impl Database,
    lease: &Lease,
    run: &NewRun,
) -> Result<StartResult> {
    let is_due = |sql: &mut Statement| and_unsettled(sql, run.job.as_ref(), run.anchor);
    let take = lease::take_if(lease, run.started, is_due);
    let mut statements: Vec<Statement> = Vec::new();
    statements.extend(run.job.as_ref().map(|job| settle_as_another_has(job, run)));
    statements.extend([take, lose(lease), enter_as_running(lease, run)]);
    statements.extend(run.job.as_ref().map(|job| interrupt(lease, job, run.planned)));
    statements.push(lease::who_has(lease));
    let applied = database.execute_batch(&statements)?;
    Ok(lease::begun(&applied, lease, run.started))
}

/// Gives up a run whose process is gone, and frees its lease.
pub(super) fn incremental_vacuum(database: &mut impl Database, lease: &Lease) -> Result<()> {
    let lose = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died' \
         WHERE outcome = 'running' AND holder = ?1",
    );
    database.execute_batch(&[lose.with(lease.holder.as_str()), lease::give_back(lease)])?;
    Ok(())
}

/// The condition that a job has the anchor by which something was found, if there is
/// a job.
fn and_unsettled(sql: &mut Statement, job: Option<&JobKey>, anchor: Option<UnixTime>) {
    if let Some(job) = job {
        sql.push(" AND (SELECT settled_at FROM job_histories WHERE name = ");
        sql.bind(job.name.as_str()).push(" AND spec = ").bind(job.spec.as_str());
        sql.push(" AND host_scope = ").bind(job.account.as_str()).push(") IS ").bind(anchor);
    }
}

/// Settles a job for a time for which one of the same name has done the same, under
/// another specification: as the configurations of two machines have it while it is edited.
fn settle_as_another_has(job: &JobKey, run: &NewRun) -> Statement {
    let mut sql = with_key("UPDATE job_histories SET settled_at = ?4 WHERE ", job);
    sql = sql.with(run.planned);
    sql.push(" AND settled_at IS ").bind(run.anchor);
    sql.push(
        " AND interrupted_at IS NOT ?4 AND EXISTS (SELECT 1 FROM runs WHERE job = ?1 \
         AND planned_at = ?4 AND runs.spec <> ?2 AND outcome <> 'skipped' \
         AND (account = ?3 OR account = '' OR ?3 = '') AND work = ",
    );
    sql.bind(run.work.as_str()).push(" AND task IS ").bind(run.task.as_deref()).push(")");
    sql
}

/// Gives up the runs under the lease that have died.
fn lose(lease: &Lease) -> Statement {
    let sql = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died, or was stopped for longer \
         than its lease' WHERE outcome = 'running' AND lease = ?1 AND ",
    );
    if_held(sql.with(lease.name.as_str()), lease)
}

fn enter_as_running(lease: &Lease, run: &NewRun) -> Statement {
    let mut sql = new_run(&lease.holder, Some(&lease.name), run, RunOutcome::Running);
    sql.push(" WHERE ");
    if_held(sql, lease)
}

/// Notes in the history of a job that a run has begun. Whoever runs a job without having
/// taken it up opens a history for it.
fn interrupt(lease: &Lease, job: &JobKey, planned: UnixTime) -> Statement {
    let sql = for_job(
        "INSERT INTO job_histories (name, spec, host_scope, interrupted_at) \
         SELECT ?1, ?2, ?3, ?4 WHERE TRUE AND ",
        job,
    );
    let mut sql = if_held(sql.with(planned), lease);
    sql.push(" ON CONFLICT DO UPDATE SET interrupted_at = excluded.interrupted_at");
    sql
}

/// A statement that ends in the condition for the history of a job, whose key is the first
/// three of its values.
fn with_key(sql: &str, job: &JobKey) -> Statement {
    for_job(&format!("{sql}{KEY}"), job)
}

fn for_job(sql: &str, job: &JobKey) -> Statement {
    Statement::new(sql).with(job.name.as_str()).with(job.spec.as_str()).with(job.account.as_str())
}

fn new_run(holder: &str, lease: Option<&str>, run: &NewRun, outcome: RunOutcome) -> Statement {
    let job = run.job.as_ref();
    Statement::new(
        "INSERT INTO runs (holder, lease, job, account, spec, work, task, rules, planned_at, \
         started_at, missed, host, pid, version, user, outcome) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16",
    )
    .with(holder)
    .with(lease)
    .with(job.map(|job| job.name.as_str()))
    .with(job.map_or("", |job| job.account.as_str()))
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
}

/// Ends a run and gives its lease back.
pub(super) fn finish_run(
    database: &mut impl Database,
    lease: &Lease,
    job: Option<&JobKey>,
    end: &RunEnd,
) -> Result<()> {
    let mut statements = vec![end_of(&lease.holder, end)];
    statements.extend(job.zip(end.anchor).map(|(job, anchor)| set_settled(lease, job, anchor)));
    statements.push(lease::give_back(lease));
    database.execute_batch(&statements)?;
    Ok(())
}

/// Sets the anchor of a job that has run, and has nothing left to complete. One that is
/// late must not take back what another has settled since.
fn set_settled(lease: &Lease, job: &JobKey, anchor: UnixTime) -> Statement {
    let sql =
        with_key("UPDATE job_histories SET settled_at = ?4, interrupted_at = NULL WHERE ", job);
    let mut sql = sql.with(anchor);
    sql.push(" AND ");
    if_held(sql, lease)
}

fn end_of(holder: &str, end: &RunEnd) -> Statement {
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

/// Sets the anchor of a job that has not run, where it has none but the known one.
fn anchor_of(job: &JobKey, known: Option<UnixTime>, anchor: UnixTime) -> Statement {
    let mut sql = for_job(
        "INSERT INTO job_histories (name, spec, host_scope, settled_at) \
         SELECT ?1, ?2, ?3, ?4 WHERE TRUE",
        job,
    )
    .with(anchor);
    and_unsettled(&mut sql, Some(job), known);
    sql.push(" ON CONFLICT DO UPDATE SET settled_at = excluded.settled_at, interrupted_at = NULL");
    sql
}

/// Enters a run that did not take place. Answers whether it is in the ledger.
pub(super) fn insert_run(
    database: &mut impl Database,
    holder: &str,
    run: &NewRun,
    end: &RunEnd,
) -> Result<bool> {
    let mut new = new_run(holder, None, run, end.outcome);
    new.push(" WHERE TRUE");
    and_unsettled(&mut new, run.job.as_ref(), run.anchor);
    let mut statements = vec![new, end_of(holder, end)];
    let job = run.job.as_ref().zip(end.anchor);
    statements.extend(job.map(|(job, anchor)| anchor_of(job, run.anchor, anchor)));
    Ok(database.execute_batch(&statements)?.rows.first() == Some(&1))
}

/// Sets the anchor of a job.
pub(super) fn set_last_settled(
    database: &mut impl Database,
    job: &JobKey,
    known: Option<UnixTime>,
    anchor: UnixTime,
) -> Result<()> {
    database.execute_batch(&[anchor_of(job, known, anchor)])?;
    Ok(())
}

/// Takes up jobs on a machine, and gives up others there.
pub(super) fn change_jobs(
    database: &mut impl Database,
    machine: &str,
    taken_up: &[NewJob],
    given_up: &[JobKey],
    now: UnixTime,
) -> Result<()> {
    let leave = |job| with_key("DELETE FROM job_members WHERE machine = ?4 AND ", job);
    let mut statements: Vec<Statement> =
        given_up.iter().map(|job| leave(job).with(machine)).collect();
    for NewJob { job, start } in taken_up {
        statements.extend([start_history(job, *start, now), join(job, machine, now)]);
        statements.push(drop_oldest_members(job));
    }
    statements.push(drop_histories(now));
    database.execute_batch(&statements)?;
    Ok(())
}

/// Begins a history, unless a machine has it already. What it is settled up to stays
/// where that lies between the start and now: the time of a job that is given up and taken
/// up again within a minute.
fn start_history(job: &JobKey, start: UnixTime, now: UnixTime) -> Statement {
    for_job(
        "INSERT INTO job_histories (name, spec, host_scope, settled_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET interrupted_at = NULL, \
         settled_at = CASE WHEN settled_at BETWEEN ?4 AND ?5 THEN settled_at ELSE ?4 END \
         WHERE NOT EXISTS (SELECT 1 FROM job_members \
         WHERE name = ?1 AND spec = ?2 AND host_scope = ?3)",
        job,
    )
    .with(start)
    .with(now)
}

fn join(job: &JobKey, machine: &str, now: UnixTime) -> Statement {
    for_job(
        "INSERT INTO job_members (name, spec, host_scope, machine, since) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET since = excluded.since",
        job,
    )
    .with(machine)
    .with(now)
}

fn drop_oldest_members(job: &JobKey) -> Statement {
    let members = "SELECT machine FROM job_members WHERE name = ?1 AND spec = ?2 \
                   AND host_scope = ?3 ORDER BY since DESC LIMIT -1 OFFSET ?4";
    let mut sql = with_key("DELETE FROM job_members WHERE ", job).with(MOST_MEMBERS);
    sql.push(" AND machine IN (").push(members).push(")");
    sql
}

fn drop_histories(now: UnixTime) -> Statement {
    Statement::new(
        "DELETE FROM job_histories WHERE coalesce(settled_at < ?1, TRUE) AND NOT EXISTS \
         (SELECT 1 FROM job_members AS members WHERE members.name = job_histories.name \
         AND members.spec = job_histories.spec \
         AND members.host_scope = job_histories.host_scope)",
    )
    .with(UnixTime(now.0.saturating_sub(KEPT_HISTORY.as_seconds())))
}

/// What is known of all jobs, and of the part that a machine has in them.
pub(super) fn jobs(
    database: &impl Database,
    machine: &str,
    now: UnixTime,
) -> Result<Vec<JobState>> {
    // Left to itself, SQLite reads all runs and makes an index of its own.
    let sql = Statement::new(
        "SELECT jobs.name, jobs.spec, jobs.host_scope, settled_at, interrupted_at, since, \
         planned_at, started_at, \
         (SELECT renewed_at FROM leases WHERE leases.holder = runs.holder), runs.holder \
         FROM job_histories AS jobs LEFT JOIN job_members AS members \
         ON members.name = jobs.name AND members.spec = jobs.spec \
         AND members.host_scope = jobs.host_scope AND machine = ?1 \
         LEFT JOIN runs INDEXED BY runs_at_work ON runs.job = jobs.name \
         AND runs.account = jobs.host_scope AND runs.spec = jobs.spec AND outcome = 'running' \
         ORDER BY jobs.name, jobs.spec, jobs.host_scope",
    );
    let mut jobs = Vec::new();
    database.query(&sql.with(machine), &mut |row| {
        jobs.push(account(row, now));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(jobs)
}

fn account(row: &dyn RowRef, now: UnixTime) -> JobState {
    let time = |place| row.integer(place).map(UnixTime);
    let text = |place| row.text(place).unwrap_or_default();
    let unfinished = time(6).zip(time(7)).map(|(planned, started)| RunInProgress {
        planned,
        started,
        is_alive: time(8).is_some_and(|renewed_at| Lease::holds(renewed_at, now)),
    });
    JobState {
        job: JobKey { name: text(0), spec: text(1), account: text(2) },
        known: JobHistory { anchor: time(3), interrupted: time(4), since: time(5), unfinished },
        holder: row.text(9),
    }
}

/// Visits runs, the latest first.
pub(super) fn runs(
    database: &impl Database,
    query: &RunQuery,
    now: UnixTime,
    visit: &mut dyn FnMut(RunRecord) -> VisitResult,
) -> Result<()> {
    let mut left = query.limit.unwrap_or(u64::MAX);
    database.query_pages(&mut |last| runs_behind(query, last), &mut |row| {
        let run = record(row, query, now);
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

/// All of them; where they come in pages, those behind the `last` of one.
fn runs_behind(query: &RunQuery, last: Option<&dyn RowRef>) -> Statement {
    let mut sql = Statement::new("SELECT ");
    sql.push(RUN).push(" FROM runs LEFT JOIN leases ON leases.holder = runs.holder WHERE TRUE");
    if let Some(job) = &query.job {
        sql.push(" AND job = ").bind(job.as_str());
    }
    if query.failures {
        // A run that is at work may turn out to be lost.
        sql.push(" AND outcome NOT IN ('done', 'skipped')");
    }
    if let Some(last) = last.and_then(|row| row.integer(0)) {
        sql.push(" AND runs.id < ").bind(last);
    }
    sql.push(" ORDER BY runs.id DESC");
    sql
}

/// Reads a row of [`RUN`].
fn record(row: &dyn RowRef, query: &RunQuery, now: UnixTime) -> RunRecord {
    let time = |place| UnixTime(row.integer(place).unwrap_or(0));
    let word = row.text(11).unwrap_or_default();
    let holds = |renewed: i64| Lease::holds(UnixTime(renewed), now);
    let is_gone = || {
        let holder = row.text(18).unwrap_or_default();
        query
            .is_gone
            .zip(Lease::process(&holder))
            .is_some_and(|(is_gone, process)| is_gone(process))
    };
    let is_alive = || row.integer(16).is_some_and(holds) && !is_gone();
    let outcome = match word.parse() {
        Ok(RunOutcome::Running) if !is_alive() => RunOutcome::Lost,
        Ok(outcome) => outcome,
        Err(_) => RunOutcome::Lost,
    };
    RunRecord {
        id: row.integer(0).unwrap_or(0),
        job: row.text(1),
        work: row.text(2).unwrap_or_default(),
        task: row.text(3),
        rules: row.text(17).unwrap_or_default(),
        planned: time(4),
        started: time(5),
        missed: row.count(6),
        origin: RunOrigin {
            host: row.text(7).unwrap_or_default(),
            pid: u32::try_from(row.count(8)).unwrap_or(0),
            version: row.text(9).unwrap_or_default(),
            user: row.text(19).unwrap_or_default(),
        },
        finished: row.integer(10).map(UnixTime),
        outcome,
        reason: row.text(12),
        marked: row.count(13),
        ended: row.count(14),
        deleted: row.count(15),
    }
}

/// Drops entries that began longer ago than `keep`, by the clock and by the youngest of
/// them: a clock that is wrong, and the entries of a few runs under it, drop nothing.
pub(super) fn drop_runs(database: &mut impl Database, keep: Span, now: UnixTime) -> Result<()> {
    let sql = Statement::new(
        "DELETE FROM runs WHERE id IN (WITH kept (id, started_at) AS \
         (SELECT id, started_at FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?1) \
         SELECT id FROM runs WHERE started_at < (SELECT min(started_at, ?2) - ?3 FROM kept) \
         AND id < (SELECT id FROM kept) AND outcome <> 'running' ORDER BY started_at LIMIT ?4)",
    );
    database.execute_batch(&[sql.with(FEWEST_KEPT - 1).with(now).with(keep).with(DROPPED)])?;
    Ok(())
}
