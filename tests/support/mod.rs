//! Harnesses and values that several modules of tests share.

pub mod adopted;
pub mod cluster;
pub mod external_programs;
pub mod fake_clock;
pub mod fixtures;
pub mod generators;
pub mod jobs;
pub mod processes;
pub mod profiles;
pub mod rng;
mod row;
pub mod rqlite;
mod sandbox;
pub mod sqlite_values;
pub mod store;
pub mod suggested_config;
mod time;

pub use rng::Rng;
pub use row::{Row, handle, row, sha256};
pub use sandbox::{
    Finished, JOBS_HAVE_WAITED, MANY_RUNS, NO_STATE, SESSCTL, Sandbox, feed, files_in, handles,
    is_sound, run_by, set_mode,
};
pub use time::{DAY, HOUR, MINUTE, NOW, at, later, now};
