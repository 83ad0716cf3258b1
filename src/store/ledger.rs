//! The record of runs and the leases, in any database that has their tables.

use std::ops::ControlFlow;

use super::sql::Statement;
use super::transport::{Columns, Transport};
use crate::domain::error::Result;
use crate::domain::job::{Known, Unfinished};
use crate::domain::port::{
    Begun, Flow, Holding, JobAccount, JobKey, Lease, NewRun, Origin, RunEnd, RunOutcome, RunQuery,
    RunRecord,
};
use crate::domain::time::UnixTime;

/// Entries that are dropped at once, at most.
const DROPPED: usize = 250;

/// What a row must have for [`record`] to read it.
const RUN: &str = "runs.id, job, work, task, planned_at, started_at, missed, host, pid, version, \
                   finished_at, outcome, reason, marked, ended, deleted, leases.renewed_at";

/// Takes a lease and enters a run.
pub(super) fn begin(transport: &mut impl Transport, lease: &Lease, run: &NewRun) -> Result<Begun> {
    let (oldest, youngest) = Lease::renewed_between(run.started);
    let mut take = Statement::new(
        "INSERT INTO leases (name, holder, renewed_at) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (",
    )
    .with(lease.name.as_str())
    .with(lease.holder.as_str())
    .with(run.started);
    settled(&mut take, run);
    take.push(
        ") ON CONFLICT DO UPDATE SET holder = excluded.holder, renewed_at = excluded.renewed_at \
         WHERE renewed_at NOT BETWEEN ",
    );
    take.bind(oldest).push(" AND ").bind(youngest);
    // A job that does other work by now has another lease than it had.
    let lose = Statement::new(
        "UPDATE runs SET outcome = 'lost', reason = 'its process died, or was stopped for longer \
         than its lease' WHERE outcome = 'running' \
         AND (lease = ?1 OR (job = ?2 AND account = ?3)) AND ",
    )
    .with(lease.name.as_str())
    .with(run.job.as_ref().map(|job| job.name.as_str()))
    .with(run.job.as_ref().map(|job| job.account.as_str()));
    let mut enter = new_run(&lease.holder, Some(&lease.name), run, RunOutcome::Running);
    enter.push(" WHERE ");
    let mut statements = vec![take, if_held(lose, lease), if_held(enter, lease)];
    if let Some(job) = &run.job {
        let know = Statement::new(
            "INSERT INTO jobs (name, account, spec) SELECT ?1, ?2, ?3 WHERE TRUE AND ",
        );
        let mut know = if_held(for_job(know, job), lease);
        know.push(
            " ON CONFLICT DO UPDATE SET spec = excluded.spec, anchor = NULL \
             WHERE spec <> excluded.spec",
        );
        statements.push(know);
    }
    let who = Statement::new(
        "SELECT leases.holder, renewed_at, host, pid, version FROM leases \
         LEFT JOIN runs ON runs.holder = leases.holder WHERE name = ?1",
    );
    statements.push(who.with(lease.name.as_str()));
    let applied = transport.apply(&statements)?;
    let held = applied.answers.last().and_then(|rows| rows.first());
    Ok(match held.map(|row| row as &dyn Columns) {
        Some(row) if row.text(0).as_deref() == Some(&lease.holder) => Begun::Yes,
        Some(row) => Begun::Held(holding(row)),
        // The lease was free, and is not taken.
        None => Begun::Settled,
    })
}

/// Selects the account of a run's job if it has another anchor by now.
fn settled(sql: &mut Statement, run: &NewRun) {
    let job = run.job.as_ref();
    sql.push("SELECT 1 FROM jobs WHERE jobs.name = ").bind(job.map(|job| job.name.as_str()));
    sql.push(" AND account = ").bind(job.map(|job| job.account.as_str()));
    sql.push(" AND spec = ").bind(job.map(|job| job.spec.as_str()));
    sql.push(" AND anchor IS NOT ").bind(run.anchor);
}

fn holding(row: &dyn Columns) -> Holding {
    let by = row.text(2).map(|host| Origin {
        host,
        pid: u32::try_from(row.count(3)).unwrap_or(0),
        version: row.text(4).unwrap_or_default(),
    });
    Holding { by, renewed_at: UnixTime(row.integer(1).unwrap_or(0)) }
}

/// The statement on the condition that a lease is held.
fn if_held(mut sql: Statement, lease: &Lease) -> Statement {
    sql.push("(SELECT holder FROM leases WHERE name = ").bind(lease.name.as_str());
    sql.push(") = ").bind(lease.holder.as_str());
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

/// Renews a lease, if it is still held.
pub(super) fn renew(transport: &mut impl Transport, lease: &Lease, now: UnixTime) -> Result<bool> {
    let renew = Statement::new("UPDATE leases SET renewed_at = ?3 WHERE name = ?1 AND holder = ?2")
        .with(lease.name.as_str())
        .with(lease.holder.as_str())
        .with(now);
    Ok(transport.apply(&[renew])?.rows == [1])
}

/// Ends a run and gives its lease back.
pub(super) fn finish(
    transport: &mut impl Transport,
    lease: &Lease,
    job: Option<&JobKey>,
    end: &RunEnd,
) -> Result<()> {
    let give_back = Statement::new("DELETE FROM leases WHERE name = ?1 AND holder = ?2")
        .with(lease.name.as_str())
        .with(lease.holder.as_str());
    let mut statements = vec![end_of(&lease.holder, end)];
    // One that is late must not take back what another has settled since.
    let anchor = job.zip(end.anchor);
    statements.extend(anchor.map(|(job, anchor)| anchor_of(job, anchor, Some(lease))));
    statements.push(give_back);
    transport.apply(&statements)?;
    Ok(())
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

/// Sets an anchor, where there is a lease only while that is held.
fn anchor_of(job: &JobKey, anchor: UnixTime, lease: Option<&Lease>) -> Statement {
    let sql = "INSERT INTO jobs (name, account, spec, anchor) SELECT ?1, ?2, ?3, ?4 WHERE TRUE";
    let mut sql = for_job(Statement::new(sql), job).with(anchor);
    if let Some(lease) = lease {
        sql.push(" AND ");
        sql = if_held(sql, lease);
    }
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
    new.push(" WHERE NOT EXISTS (");
    settled(&mut new, run);
    new.push(")");
    let mut statements = vec![new, end_of(holder, end)];
    let job = run.job.as_ref().zip(end.anchor);
    statements.extend(job.map(|(job, anchor)| anchor_of(job, anchor, None)));
    transport.apply(&statements)?;
    Ok(())
}

/// Sets the anchor of a job.
pub(super) fn note_anchor(
    transport: &mut impl Transport,
    job: &JobKey,
    anchor: UnixTime,
) -> Result<()> {
    transport.apply(&[anchor_of(job, anchor, None)])?;
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
    let mut sql = Statement::new("SELECT ");
    sql.push(RUN).push(" FROM runs LEFT JOIN leases ON leases.holder = runs.holder WHERE TRUE");
    if let Some(job) = &query.job {
        sql.push(" AND job = ").bind(job.as_str());
    }
    if query.failures {
        // A run that is at work may turn out to be lost.
        sql.push(" AND outcome NOT IN ('done', 'skipped')");
    }
    sql.push(" ORDER BY runs.id DESC");
    transport.query(&sql, &mut |row| {
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
