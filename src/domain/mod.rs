//! Sessions and their end: pure functions of values and of `now`.

pub mod agent;
pub mod archive_name;
pub mod clock;
pub mod error;
mod file_date;
pub mod filter;
pub mod format;
pub mod guard;
pub mod health;
pub mod hex;
pub mod idle_times;
pub mod job;
pub mod policy;
pub mod profile;
pub mod report_name;
pub mod schedule;
pub mod session;
pub mod state_file;
pub mod task;
pub mod time;
pub mod time_zone;
pub mod token;
pub mod unreadable;
pub(crate) mod variants;
pub mod why;
pub mod write_limits;
