//! Job histories.

use super::lease::and_if_held;
use crate::domain::error::Result;
use crate::domain::job::{JobHistory, RunInProgress};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{JobKey, JobState, Lease, NewJob, NewRun};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Time for which the history of a job is kept after the last host has dropped the job.
const HISTORY_RETENTION: Span = Span::days(1);

/// Machines that have part in a history, at most. Containers with a name of their own for
/// each run would otherwise leave any number behind.
const MAX_MEMBERS: usize = 1_000;

/// The key of a history, as [`with_key`] binds it.
const KEY_CONDITION: &str = "name = ?1 AND spec = ?2 AND host_scope = ?3";

/// Appends the condition that a job still has the known last settled time, if there is a job.
pub(super) fn and_last_settled_is(
    sql: &mut Statement,
    job: Option<&JobKey>,
    last_settled_at: Option<UnixTime>,
) {
    if let Some(job) = job {
        sql.push(" AND (SELECT settled_at FROM job_histories WHERE name = ");
        sql.bind(job.name.as_str()).push(" AND spec = ").bind(job.spec.as_str());
        sql.push(" AND host_scope = ")
            .bind(job.host_scope.as_str())
            .push(") IS ")
            .bind(last_settled_at);
    }
}

/// Settles a job for a time that a job of the same name has already settled under another
/// specification, as when the configurations of two hosts differ while they are edited.
pub(super) fn settle_like_same_name(job: &JobKey, run: &NewRun) -> Statement {
    let mut sql = with_key("UPDATE job_histories SET settled_at = ?4 WHERE ", job);
    sql = sql.with(run.planned);
    sql.push(" AND settled_at IS ").bind(run.last_settled_at);
    sql.push(
        " AND interrupted_at IS NOT ?4 AND EXISTS (SELECT 1 FROM runs WHERE job = ?1 \
         AND planned_at = ?4 AND runs.spec <> ?2 AND outcome <> 'skipped' \
         AND (account = ?3 OR account = '' OR ?3 = '') AND work = ",
    );
    sql.bind(run.work.as_str()).push(" AND task IS ").bind(run.task.as_deref()).push(")");
    sql
}

/// A run of a job that was not registered creates its history.
pub(super) fn record_start(lease: &Lease, job: &JobKey, planned: UnixTime) -> Statement {
    let sql = for_job(
        "INSERT INTO job_histories (name, spec, host_scope, interrupted_at) \
         SELECT ?1, ?2, ?3, ?4 WHERE TRUE AND ",
        job,
    );
    let mut sql = and_if_held(sql.with(planned), lease);
    sql.push(" ON CONFLICT DO UPDATE SET interrupted_at = excluded.interrupted_at");
    sql
}

/// A late run must not undo the result of a later one.
pub(super) fn update_last_settled(
    lease: &Lease,
    job: &JobKey,
    last_settled_at: UnixTime,
) -> Statement {
    let sql =
        with_key("UPDATE job_histories SET settled_at = ?4, interrupted_at = NULL WHERE ", job);
    let mut sql = sql.with(last_settled_at);
    sql.push(" AND ");
    and_if_held(sql, lease)
}

/// Sets the last settled time of a job that has not run, if it still has the known one.
pub(super) fn upsert_last_settled(
    job: &JobKey,
    known: Option<UnixTime>,
    last_settled_at: UnixTime,
) -> Statement {
    let mut sql = for_job(
        "INSERT INTO job_histories (name, spec, host_scope, settled_at) \
         SELECT ?1, ?2, ?3, ?4 WHERE TRUE",
        job,
    )
    .with(last_settled_at);
    and_last_settled_is(&mut sql, Some(job), known);
    sql.push(" ON CONFLICT DO UPDATE SET settled_at = excluded.settled_at, interrupted_at = NULL");
    sql
}

pub(super) fn set_last_settled(
    database: &mut impl Database,
    job: &JobKey,
    known: Option<UnixTime>,
    last_settled_at: UnixTime,
) -> Result<()> {
    database.execute_batch(&[upsert_last_settled(job, known, last_settled_at)])?;
    Ok(())
}

pub(super) fn change_jobs(
    database: &mut impl Database,
    machine: &str,
    added: &[NewJob],
    removed: &[JobKey],
    now: UnixTime,
) -> Result<()> {
    let leave = |job| with_key("DELETE FROM job_members WHERE machine = ?4 AND ", job);
    let mut statements: Vec<Statement> =
        removed.iter().map(|job| leave(job).with(machine)).collect();
    for NewJob { job, start } in added {
        statements.extend([start_history(job, *start, now), insert_member(job, machine, now)]);
        statements.push(drop_oldest_members(job));
    }
    statements.push(drop_orphaned_histories(now));
    database.execute_batch(&statements)?;
    Ok(())
}

/// Creates a history, unless a host already has it. A last settled time between the start and now
/// is kept: it belongs to a job that is removed and registered again within a minute.
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

fn insert_member(job: &JobKey, machine: &str, now: UnixTime) -> Statement {
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
    let mut sql = with_key("DELETE FROM job_members WHERE ", job).with(MAX_MEMBERS);
    sql.push(" AND machine IN (").push(members).push(")");
    sql
}

fn drop_orphaned_histories(now: UnixTime) -> Statement {
    Statement::new(
        "DELETE FROM job_histories WHERE coalesce(settled_at < ?1, TRUE) AND NOT EXISTS \
         (SELECT 1 FROM job_members AS members WHERE members.name = job_histories.name \
         AND members.spec = job_histories.spec \
         AND members.host_scope = job_histories.host_scope)",
    )
    .with(UnixTime(now.0.saturating_sub(HISTORY_RETENTION.as_seconds())))
}

pub(super) fn jobs(
    database: &impl Database,
    machine: &str,
    now: UnixTime,
) -> Result<Vec<JobState>> {
    // Without the hint, SQLite scans all runs and builds an automatic index.
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
    database.query_all(&sql.with(machine), |row| read_job_state(row, now))
}

fn read_job_state(row: &dyn RowRef, now: UnixTime) -> JobState {
    let time = |column| row.integer(column).map(UnixTime);
    let text = |column| row.text(column).unwrap_or_default();
    let unfinished = time(6).zip(time(7)).map(|(planned, started)| RunInProgress {
        planned,
        started,
        is_alive: time(8).is_some_and(|renewed_at| Lease::holds(renewed_at, now)),
    });
    JobState {
        job: JobKey { name: text(0), spec: text(1), host_scope: text(2) },
        history: JobHistory {
            last_settled_at: time(3),
            interrupted: time(4),
            since: time(5),
            unfinished,
        },
        holder: row.text(9),
    }
}

/// Appends the condition for the history of a job, whose key is the first three of the values.
fn with_key(sql: &str, job: &JobKey) -> Statement {
    for_job(&format!("{sql}{KEY_CONDITION}"), job)
}

fn for_job(sql: &str, job: &JobKey) -> Statement {
    Statement::new(sql)
        .with(job.name.as_str())
        .with(job.spec.as_str())
        .with(job.host_scope.as_str())
}
