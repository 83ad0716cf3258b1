//! The record of runs, in any database that has its tables.

use std::ops::ControlFlow;

use super::lease::{self, if_held};
use super::sql::Statement;
use super::transport::{Columns, Transport};
use crate::domain::error::Result;
use crate::domain::job::{Known, Unfinished};
use crate::domain::port::{
    Begun, Flow, JobAccount, JobKey, Lease, NewRun, Origin, RunEnd, RunOutcome, RunQuery, RunRecord,
};
use crate::domain::time::UnixTime;

/// Entries that are dropped at once, at most.
const DROPPED: usize = 250;

/// What a row must have for [`record`] to read it.
const RUN: &str = "runs.id, job, work, task, planned_at, started_at, missed, host, pid, version, \
                   finished_at, outcome, reason, marked, ended, deleted, leases.renewed_at";

/// Takes a lease and enters a run.
pub(super) fn begin(transport: &mut impl Transport, lease: &Lease, run: &NewRun) -> Result<Begun> {
    let is_due = |sql: &mut Statement| and_unsettled(sql, run.job.as_ref(), run.anchor);
    let take = lease::take_if(lease, run.started, is_due);
    let mut statements = vec![take, lose(lease, run), enter_as_running(lease, run)];
    statements.extend(run.job.as_ref().map(|job| know(lease, job)));
    statements.push(lease::who_has(lease));
    let applied = transport.apply(&statements)?;
    Ok(lease::begun(&applied, lease, run.started))
}

/// The condition that a job has the anchor by which something was found, if there is
/// a job.
fn and_unsettled(sql: &mut Statement, job: Option<&JobKey>, anchor: Option<UnixTime>) {
    if let Some(job) = job {
        sql.push(" AND (SELECT anchor FROM jobs WHERE name = ").bind(job.name.as_str());
        sql.push(" AND account = ").bind(job.account.as_str());
        sql.push(" AND spec = ").bind(job.spec.as_str()).push(") IS ").bind(anchor);
    }
}

/// Gives up the runs that have died: those under the lease, and those of the job, which
/// may have had another lease while it did other work.
fn lose(lease: &Lease, run: &NewRun) -> Statement {
    let job = run.job.as_ref();
    let sql = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died, or was stopped for longer \
         than its lease' WHERE outcome = 'running' \
         AND (lease = ?1 OR (job = ?2 AND account = ?3)) AND ",
    )
    .with(lease.name.as_str())
    .with(job.map(|job| job.name.as_str()))
    .with(job.map(|job| job.account.as_str()));
    if_held(sql, lease)
}

fn enter_as_running(lease: &Lease, run: &NewRun) -> Statement {
    let mut sql = new_run(&lease.holder, Some(&lease.name), run, RunOutcome::Running);
    sql.push(" WHERE ");
    if_held(sql, lease)
}

/// Opens the account of a job, and a new one if the job has another spec by now.
fn know(lease: &Lease, job: &JobKey) -> Statement {
    let sql =
        Statement::new("INSERT INTO jobs (name, account, spec) SELECT ?1, ?2, ?3 WHERE TRUE AND ");
    let mut sql = if_held(for_job(sql, job), lease);
    sql.push(
        " ON CONFLICT DO UPDATE SET spec = excluded.spec, anchor = NULL \
         WHERE spec <> excluded.spec",
    );
    sql
}

fn for_job(sql: Statement, job: &JobKey) -> Statement {
    sql.with(job.name.as_str()).with(job.account.as_str()).with(job.spec.as_str())
}

fn new_run(holder: &str, lease: Option<&str>, run: &NewRun, outcome: RunOutcome) -> Statement {
    let job = run.job.as_ref();
    Statement::new(
        "INSERT INTO runs (holder, lease, job, account, work, task, planned_at, started_at, \
         missed, host, pid, version, outcome) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13",
    )
    .with(holder)
    .with(lease)
    .with(job.map(|job| job.name.as_str()))
    .with(job.map_or("", |job| job.account.as_str()))
    .with(run.work.as_str())
    .with(run.task.as_deref())
    .with(run.planned)
    .with(run.started)
    .with(run.missed)
    .with(run.origin.host.as_str())
    .with(u64::from(run.origin.pid))
    .with(run.origin.version.as_str())
    .with(outcome.as_str())
}

/// Ends a run and gives its lease back.
pub(super) fn finish(
    transport: &mut impl Transport,
    lease: &Lease,
    job: Option<&JobKey>,
    end: &RunEnd,
) -> Result<()> {
    let mut statements = vec![end_of(&lease.holder, end)];
    statements.extend(job.zip(end.anchor).map(|(job, anchor)| settle(lease, job, anchor)));
    statements.push(lease::give_back(lease));
    transport.apply(&statements)?;
    Ok(())
}

/// Sets the anchor of a job that has run. One that is late must not take back what
/// another has settled since, nor one whose job has another spec by now, or is forgotten.
fn settle(lease: &Lease, job: &JobKey, anchor: UnixTime) -> Statement {
    let sql = "UPDATE jobs SET anchor = ?4 WHERE name = ?1 AND account = ?2 AND spec = ?3 AND ";
    if_held(for_job(Statement::new(sql), job).with(anchor), lease)
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
    let sql = "INSERT INTO jobs (name, account, spec, anchor) SELECT ?1, ?2, ?3, ?4 WHERE TRUE";
    let mut sql = for_job(Statement::new(sql), job).with(anchor);
    and_unsettled(&mut sql, Some(job), known);
    sql.push(" ON CONFLICT DO UPDATE SET spec = excluded.spec, anchor = excluded.anchor");
    sql
}

/// Enters a run that did not take place.
pub(super) fn enter(
    transport: &mut impl Transport,
    holder: &str,
    run: &NewRun,
    end: &RunEnd,
) -> Result<()> {
    let mut new = new_run(holder, None, run, end.outcome);
    new.push(" WHERE TRUE");
    and_unsettled(&mut new, run.job.as_ref(), run.anchor);
    let mut statements = vec![new, end_of(holder, end)];
    let job = run.job.as_ref().zip(end.anchor);
    statements.extend(job.map(|(job, anchor)| anchor_of(job, run.anchor, anchor)));
    transport.apply(&statements)?;
    Ok(())
}

/// Sets the anchor of a job.
pub(super) fn note_anchor(
    transport: &mut impl Transport,
    job: &JobKey,
    known: Option<UnixTime>,
    anchor: UnixTime,
) -> Result<()> {
    transport.apply(&[anchor_of(job, known, anchor)])?;
    Ok(())
}

/// Forgets the accounts of a job.
pub(super) fn forget_job(transport: &mut impl Transport, name: &str) -> Result<()> {
    transport.apply(&[Statement::new("DELETE FROM jobs WHERE name = ?1").with(name)])?;
    Ok(())
}

/// What is known of all jobs.
pub(super) fn jobs(transport: &impl Transport, now: UnixTime) -> Result<Vec<JobAccount>> {
    // Left to itself, SQLite reads all runs and makes an index of its own.
    let sql = Statement::new(
        "SELECT name, jobs.account, spec, anchor, planned_at, started_at, \
         (SELECT renewed_at FROM leases WHERE leases.holder = runs.holder) \
         FROM jobs LEFT JOIN runs INDEXED BY runs_at_work \
         ON runs.job = name AND runs.account = jobs.account AND outcome = 'running' \
         ORDER BY name, jobs.account",
    );
    let mut jobs = Vec::new();
    transport.query(&sql, &mut |row| {
        jobs.push(account(row, now));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(jobs)
}

fn account(row: &dyn Columns, now: UnixTime) -> JobAccount {
    let time = |place| row.integer(place).map(UnixTime);
    let unfinished = time(4).zip(time(5)).map(|(planned, started)| Unfinished {
        planned,
        started,
        is_alive: time(6).is_some_and(|renewed_at| Lease::holds(renewed_at, now)),
    });
    JobAccount {
        name: row.text(0).unwrap_or_default(),
        account: row.text(1).unwrap_or_default(),
        known: Known { spec: row.text(2).unwrap_or_default(), anchor: time(3), unfinished },
    }
}

/// Visits runs, the latest first.
pub(super) fn runs(
    transport: &impl Transport,
    query: &RunQuery,
    now: UnixTime,
    visit: &mut dyn FnMut(RunRecord) -> Flow,
) -> Result<()> {
    let mut left = query.limit.unwrap_or(u64::MAX);
    transport.walk(&mut |last| runs_behind(query, last), &mut |row| {
        let run = record(row, now);
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
fn runs_behind(query: &RunQuery, last: Option<&dyn Columns>) -> Statement {
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
fn record(row: &dyn Columns, now: UnixTime) -> RunRecord {
    let time = |place| UnixTime(row.integer(place).unwrap_or(0));
    let word = row.text(11).unwrap_or_default();
    let is_alive = row.integer(16).is_some_and(|renewed| Lease::holds(UnixTime(renewed), now));
    let outcome = match word.parse() {
        Ok(RunOutcome::Running) if !is_alive => RunOutcome::Lost,
        Ok(outcome) => outcome,
        Err(_) => RunOutcome::Lost,
    };
    RunRecord {
        id: row.integer(0).unwrap_or(0),
        job: row.text(1),
        work: row.text(2).unwrap_or_default(),
        task: row.text(3),
        planned: time(4),
        started: time(5),
        missed: row.count(6),
        origin: Origin {
            host: row.text(7).unwrap_or_default(),
            pid: u32::try_from(row.count(8)).unwrap_or(0),
            version: row.text(9).unwrap_or_default(),
        },
        finished: row.integer(10).map(UnixTime),
        outcome,
        reason: row.text(12),
        marked: row.count(13),
        ended: row.count(14),
        deleted: row.count(15),
    }
}

/// Drops the oldest entries, as far as they began before a moment.
pub(super) fn drop_runs(transport: &mut impl Transport, before: UnixTime) -> Result<()> {
    let sql = "DELETE FROM runs WHERE started_at < ?1 AND outcome <> 'running' \
               AND id IN (SELECT id FROM runs ORDER BY id LIMIT ?2)";
    transport.apply(&[Statement::new(sql).with(before).with(DROPPED)])?;
    Ok(())
}
