//! sessctl's own session table, as created by the scripts in migrations/.

mod copy;
mod open;
mod per_task;
mod policy_sql;
mod purge;
mod remote_batch;
mod remote_scan;
mod rows;
mod scan;
mod sort;
mod stats;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod triggers;
mod vacuum;

pub(super) use table::Native;
