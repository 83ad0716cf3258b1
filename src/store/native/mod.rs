//! sessctl's own session table, as created by the scripts in migrations/.

mod archive;
mod copy;
mod end;
mod idle_times;
pub mod open_session;
mod policy_sql;
mod purge;
mod remote_batch;
mod remote_scan;
mod rows;
mod scan;
mod sort;
mod stats;
pub mod table;
mod tally;
pub mod task_rules;
mod triggers;
mod user_stats;
mod vacuum;

pub(super) use table::Native;
