//! Clock references of hosts.

use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

pub(super) fn reference(database: &impl Database, host: &str) -> Result<Option<ClockReference>> {
    let sql = Statement::new(
        "SELECT wall, boot, boottime, uptime, jump_wall, jump_boot, jump_boottime, jump_uptime \
         FROM clocks WHERE host = ?1",
    )
    .with(host);
    let reference =
        |row: &dyn RowRef| stamp(row, 0).map(|last| ClockReference { last, jump: stamp(row, 4) });
    Ok(database.query_first(&sql, reference)?.flatten())
}

fn stamp(row: &dyn RowRef, first: usize) -> Option<ClockStamp> {
    Some(ClockStamp {
        wall: UnixTime(row.integer(first)?),
        boot: row.text(first + 1),
        boottime: row.integer(first + 2)?,
        uptime: row.integer(first + 3),
    })
}

/// Sets the clock reference of a host, and forgets any jump.
pub(super) fn set(database: &mut impl Database, host: &str, last: &ClockStamp) -> Result<()> {
    let sql = Statement::new(
        "INSERT INTO clocks (host, wall, boot, boottime, uptime) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO UPDATE SET wall = excluded.wall, boot = excluded.boot, \
         boottime = excluded.boottime, uptime = excluded.uptime, \
         jump_wall = NULL, jump_boot = NULL, jump_boottime = NULL, jump_uptime = NULL",
    );
    database.execute_batch(&[with_stamp(sql.with(host), last)])?;
    Ok(())
}

/// Sets when a jump was first seen, if the reference is still the one that it is a jump from.
pub(super) fn record_jump(
    database: &mut impl Database,
    host: &str,
    from: &ClockStamp,
    jump: &ClockStamp,
) -> Result<()> {
    let sql = Statement::new(
        "UPDATE clocks SET jump_wall = ?2, jump_boot = ?3, jump_boottime = ?4, jump_uptime = ?5 \
         WHERE host = ?1 AND wall = ?6 AND boottime = ?7",
    );
    let sql = with_stamp(sql.with(host), jump).with(from.wall).with(from.boottime);
    database.execute_batch(&[sql])?;
    Ok(())
}

fn with_stamp(sql: Statement, stamp: &ClockStamp) -> Statement {
    let ClockStamp { wall, boot, boottime, uptime } = stamp;
    sql.with(*wall).with(boot.as_deref()).with(*boottime).with(*uptime)
}
