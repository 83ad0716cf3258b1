//! Tests of the real executable, run in an empty directory, and of the modules of `cli`.
//!
//! Each file has one subject. The tests share nothing, and write rows relative to now, far enough
//! from every boundary.

mod adopted;
mod agents;
mod all_databases;
mod archive;
mod args;
mod arguments;
mod audit;
mod check;
mod clock;
mod clock_jumps;
mod compact;
mod compact_dry_run;
mod completions;
mod concurrent_access;
mod config;
mod context {
    mod cluster;
    mod state;
    mod terminal;
}
mod copy;
mod cron;
mod cycle;
mod demo;
mod discover;
mod disk_errors;
mod doctor;
mod ended_sessions;
mod exit;
mod file_kinds;
mod file_permissions;
mod forecast;
mod guard;
mod history;
mod hooks;
mod hostile_names;
mod incomplete_runs;
mod interrupt;
mod invalid_databases;
mod kept_rows;
mod lease;
mod limits;
mod list;
mod litefs;
mod litestream;
mod locale;
mod low_resources;
mod man;
mod many_policies;
mod mistyped;
mod notify;
mod priority;
mod privileges;
mod process;
mod progress;
mod prometheus;
mod purge;
mod quiet;
mod rebuild;
mod replace;
mod report_each;
mod report_job;
mod report_page;
mod run;
mod schedule;
mod selection;
mod sessions;
mod show {
    mod adopted;
    mod idle;
}
mod sidecar_files;
mod signals;
mod stale_leases;
mod stat;
mod state_dir;
mod syslog;
mod tasks;
mod terminal;
mod time_arg;
mod time_zone;
mod token_streams;
#[cfg(feature = "top")]
mod top;
#[cfg(not(feature = "top"))]
mod top_missing;
mod triggers;
mod trust;
mod unreadable;
mod untrusted_files;
mod watch;

use clap::CommandFactory as _;
use sessctl::cli::Cli;

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}
