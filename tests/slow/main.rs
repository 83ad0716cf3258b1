//! The tests that take minutes: months of simulated use, processes and nodes that are
//! killed, system calls that fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archive_kills;
mod cluster;
mod cluster_faults;
mod faults;
mod history;
mod host;
mod jobs;
mod simulation;
mod store;
#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the quick tests use more of it")]
mod support;
mod survival;
mod watch_kills;
