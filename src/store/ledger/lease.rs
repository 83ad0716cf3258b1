//! Leases.

use super::heartbeat;
use crate::domain::error::Result;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{Invoker, Lease, LeaseHolder, PublishedProgress, RunOrigin, StartResult};
use crate::store::database::{BatchResult, Database, RowRef};
use crate::store::statement::Statement;

pub(super) fn take(
    database: &mut impl Database,
    lease: &Lease,
    now: UnixTime,
) -> Result<StartResult> {
    let applied = database.execute_batch(&[take_if(lease, now, |_| ()), select_holder(lease)])?;
    Ok(start_result(&applied, lease, now))
}

/// Takes the right to say something, which is a lease that lasts for a span.
pub(super) fn claim_notice(
    database: &mut impl Database,
    subject: &str,
    now: UnixTime,
    span: Span,
) -> Result<bool> {
    let oldest = UnixTime(now.0.saturating_sub(span.as_seconds()));
    let claim = Statement::new(
        "INSERT INTO leases (name, holder, renewed_at) VALUES (?1, '', ?2) \
         ON CONFLICT DO UPDATE SET renewed_at = excluded.renewed_at \
         WHERE renewed_at <= ?3 OR renewed_at > ?2",
    )
    .with(subject)
    .with(now)
    .with(oldest);
    Ok(database.execute_batch(&[claim])?.rows == [1])
}

/// Remembers a number, as the holder of a lease that nobody takes.
pub(super) fn remember_count(
    database: &mut impl Database,
    subject: &str,
    count: u64,
    partial: bool,
    now: UnixTime,
) -> Result<bool> {
    let bound =
        |sql: &str| Statement::new(sql).with(subject).with(count.to_string().as_str()).with(now);
    let raise = bound(
        "INSERT INTO leases (name, holder, renewed_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET holder = excluded.holder, renewed_at = excluded.renewed_at \
         WHERE CAST(holder AS INTEGER) < CAST(?2 AS INTEGER)",
    );
    let mut statements = vec![raise];
    if !partial {
        statements.push(bound(
            "UPDATE leases SET holder = ?2, renewed_at = ?3 \
             WHERE name = ?1 AND CAST(holder AS INTEGER) > CAST(?2 AS INTEGER)",
        ));
    }
    Ok(database.execute_batch(&statements)?.rows.first() == Some(&1))
}

pub(super) fn drop(database: &mut impl Database, lease: &Lease) -> Result<()> {
    database.execute_batch(&[delete_lease(lease)])?;
    Ok(())
}

pub(super) fn find_holder(database: &impl Database, name: &str) -> Result<Option<LeaseHolder>> {
    let lease = Lease { name: name.to_owned(), holder: String::new() };
    database.query_first(&select_holder(&lease), read_holder)
}

/// Renews a lease, if it is still held and has not expired.
pub(super) fn renew(
    database: &mut impl Database,
    lease: &Lease,
    now: UnixTime,
    progress: Option<&PublishedProgress>,
) -> Result<bool> {
    let (oldest, youngest) = Lease::renewed_between(now);
    let renew = Statement::new(
        "UPDATE leases SET renewed_at = ?3 \
         WHERE name = ?1 AND holder = ?2 AND renewed_at BETWEEN ?4 AND ?5",
    )
    .with(lease.name.as_str())
    .with(lease.holder.as_str())
    .with(now)
    .with(oldest)
    .with(youngest);
    let mut statements = vec![renew];
    statements.extend(progress.map(|progress| heartbeat::publish(lease, progress)));
    Ok(database.execute_batch(&statements)?.rows.first() == Some(&1))
}

/// The statement that takes a lease, if it is free and what `condition` appends holds.
pub(super) fn take_if(
    lease: &Lease,
    now: UnixTime,
    condition: impl FnOnce(&mut Statement),
) -> Statement {
    let (oldest, youngest) = Lease::renewed_between(now);
    let mut sql = Statement::new(
        "INSERT INTO leases (name, holder, renewed_at) SELECT ?1, ?2, ?3 WHERE TRUE",
    )
    .with(lease.name.as_str())
    .with(lease.holder.as_str())
    .with(now);
    condition(&mut sql);
    sql.push(
        " ON CONFLICT DO UPDATE SET holder = excluded.holder, renewed_at = excluded.renewed_at \
         WHERE renewed_at NOT BETWEEN ",
    );
    sql.bind(oldest).push(" AND ").bind(youngest);
    sql
}

/// Selects the holder of a lease and its work, which the run records or the holder's name contains.
pub(super) fn select_holder(lease: &Lease) -> Statement {
    Statement::new(
        "SELECT leases.holder, renewed_at, coalesce(work, \
         nullif(substr(leases.holder, 1, instr(leases.holder, ':') - 1), ''), name), \
         host, pid, version, user, sudo_user, login_user FROM leases \
         LEFT JOIN runs ON runs.holder = leases.holder WHERE name = ?1",
    )
    .with(lease.name.as_str())
}

/// Reads [`select_holder`], the last statement of a batch, for the requester of the lease.
pub(super) fn start_result(applied: &BatchResult, lease: &Lease, now: UnixTime) -> StartResult {
    let row = applied.answers.last().and_then(|rows| rows.first());
    match row.map(|row| row as &dyn RowRef) {
        Some(row) if row.text(0).as_deref() == Some(&lease.holder) => StartResult::Started,
        Some(row) if Lease::holds(read_holder(row).renewed_at, now) => {
            StartResult::LeaseHeld(read_holder(row))
        }
        // The lease was free, and is not taken.
        _ => StartResult::AlreadyRun,
    }
}

fn read_holder(row: &dyn RowRef) -> LeaseHolder {
    let by = row.text(3).map(|host| RunOrigin {
        host,
        pid: u32::try_from(row.count(4)).unwrap_or(0),
        version: row.text(5).unwrap_or_default(),
        user: row.text(6).unwrap_or_default(),
        invoker: Invoker { sudo_user: row.text(7), login_user: row.text(8) },
    });
    LeaseHolder {
        holder: row.text(0).unwrap_or_default(),
        work: row.text(2).unwrap_or_default(),
        by,
        renewed_at: UnixTime(row.integer(1).unwrap_or(0)),
    }
}

pub(super) fn and_if_held(mut sql: Statement, lease: &Lease) -> Statement {
    sql.push("(SELECT holder FROM leases WHERE name = ").bind(lease.name.as_str());
    sql.push(") = ").bind(lease.holder.as_str());
    sql
}

pub(super) fn delete_lease(lease: &Lease) -> Statement {
    Statement::new("DELETE FROM leases WHERE name = ?1 AND holder = ?2")
        .with(lease.name.as_str())
        .with(lease.holder.as_str())
}
